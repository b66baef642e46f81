//! Requests that may wait for what is asked of their sender.

use super::{Answer, Decided};
use crate::policy::RuleId;
use crate::resume::ResumeId;

/// A refused request that may wait: the rule says so, a person's browser sent it, and what is
/// asked for can be done.
#[derive(Debug)]
pub struct Keep {
    /// What it is to be kept under.
    pub id: ResumeId,
    /// The rule that it reaches.
    pub rule: RuleId,
    /// Scheme and authority that people know the gateway by.
    pub origin: String,
    /// The page that it came from, else the front page.
    pub back: String,
    /// What the client gets once it is kept: the way back leads to it.
    pub answer: Answer,
}

/// A request that waited and is looked at anew.
#[derive(Clone, Copy, Debug)]
pub struct Resuming<'a> {
    /// What it is kept under.
    pub id: &'a ResumeId,
    /// Its page is asked for, so that a redirect may answer; else it is to be sent now.
    pub on_its_page: bool,
}

/// Whether a person can do something about it.
pub(super) const fn can_be_mended(decided: Decided) -> bool {
    match decided {
        Decided::LogIn | Decided::StepUp | Decided::Refresh | Decided::Enrol => true,
        Decided::Allow
        | Decided::Deny
        | Decided::NoRule
        | Decided::MethodNotAllowed
        | Decided::BadRequest
        | Decided::Unavailable
        | Decided::UntrustedPeer => false,
    }
}
