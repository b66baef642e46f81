//! What a page says, in no language and no markup: the `pages` room has both.

/// Why the person sees a page instead of what they asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Explanation {
    /// Sign in, then do it again: the request can't be repeated by itself.
    LogIn,
    /// Confirm with the second factor, then do it again.
    StepUp,
    /// Confirm again who you are, then do it again.
    Refresh,
    /// A second factor has to be set up first.
    Enrol,
    /// Not allowed.
    Denied,
    /// Asked for more several times, and it never came: the second factor could not be used, or
    /// the identity service does not pass it on.
    NoProgress,
    /// There is nothing for this address, or not for this method.
    NotFound,
    /// This host is not served here.
    UnknownHost,
    /// The method is not allowed for this address.
    MethodNotAllowed,
    /// The request can be read in more than one way.
    BadRequest,
    /// Two credentials at once.
    AmbiguousCredentials,
    /// The identity service can't be asked.
    Unavailable,
    /// Too many checks of one credential or from one address.
    TooMany,
    /// The identity service asks to wait.
    Throttled,
    /// The application can't be reached.
    UpstreamUnreachable,
    /// The application takes too long.
    UpstreamTimeout,
    /// The request is too large.
    TooLarge,
    /// The request took too long to arrive.
    Timeout,
    /// What waited was sent before.
    KeptSent,
    /// What waited is not there any more.
    KeptGone,
    /// What waits belongs to another session or browser.
    KeptElsewhere,
    /// The rules changed while it waited.
    KeptChanged,
    /// Another site asks to go on with it.
    KeptForeign,
    /// Something failed on our side.
    Internal,
}

/// The content of a page that explains a refusal. The request id is added when it is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What happened.
    pub explanation: Explanation,
    /// The sentence that the operator wrote for the rule.
    pub reason: Option<Box<str>>,
    /// Where to go on: to sign in, to confirm, to set up.
    pub proceed: Option<Box<str>>,
    /// Where to go back to.
    pub back: Option<Box<str>>,
    /// What became of what was sent.
    pub keeping: Keeping,
}

/// What became of a body that came with a request that was not forwarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Keeping {
    /// Nothing: it is the browser's to send again.
    #[default]
    Not,
    /// It waits until the person comes back.
    Kept,
    /// It is larger than what may wait.
    TooLarge,
    /// There is no room to keep it at the moment.
    NoRoom,
}
