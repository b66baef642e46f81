//! Settings of answers: where people are sent, and where from they may come back.

/// Settings of the [`super::Checker`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Where people sign in.
    pub identity: IdentityBase,
    /// `identity.external.settings_url`: where someone without a second factor is sent, absolute.
    /// Without it: the identity's own settings flow.
    pub settings_url: Option<Box<str>>,
    /// `proxy.public_url`: scheme and authority that `return_to` is made with, instead of those of
    /// the request. Without trailing slash.
    pub public_url: Option<Box<str>>,
    /// Whether the identity service calls itself `localhost`, so that people who came by `127.0.0.1`
    /// or `[::1]` are led on to that name: a cookie of the one is not sent to the other.
    pub localhost: bool,
    /// `step_up.return_to_hosts`, lower case, without port; `*.` matches any subdomain.
    pub return_to_hosts: Vec<Box<str>>,
    /// `step_up.loop_guard`: returns without improvement before an explanation.
    pub loop_guard: u32,
}

/// Where the identity's self-service pages are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityBase {
    /// At this absolute URL, without trailing slash.
    Url(Box<str>),
    /// Below this path on the request's own host: `/auth`.
    Mount(Box<str>),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            identity: IdentityBase::Mount("/auth".into()),
            settings_url: None,
            public_url: None,
            localhost: false,
            return_to_hosts: Vec::new(),
            loop_guard: 2,
        }
    }
}
