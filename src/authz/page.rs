//! What a page says, in no language and no markup: the `pages` room has both.

pub use crate::pages::{Explanation, Keeping};

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
