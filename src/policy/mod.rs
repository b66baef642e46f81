//! The decision. Pure: no I/O, no clock, no async, no framework.
//!
//! [`Request`] is parsed once and refuses ambiguity; [`RuleSet::find`] picks the rule;
//! [`judge`] weighs a [`Standing`] against the rule; [`decide`] turns an `Allow` into a [`Permit`],
//! the only key to an upstream.

mod canonical;
mod conflict;
mod decide;
#[cfg(test)]
pub(crate) mod fixture;
mod fold;
mod growth;
mod handling;
mod host;
mod index;
mod label;
#[cfg(test)]
mod laws;
mod matcher;
mod method;
mod path;
mod pattern;
mod permit;
mod request;
mod requirement;
mod rule;
mod rule_set;
mod subject;
mod switches;
mod trie;
mod upstream;

pub use conflict::{Conflict, ConflictKind};
pub use decide::{Decision, Outcome, decide, judge};
pub use handling::Handling;
pub use host::Host;
pub use matcher::Matcher;
pub use method::Methods;
pub use path::CanonicalPath;
pub use pattern::{HostPattern, PathPattern, PatternError, Segment};
pub use permit::Permit;
pub use request::{AmbiguousRequest, Request, Scheme};
pub use requirement::{Enrolment, RequiredAal, Requirement};
pub use rule::{Location, Rule, RuleId, RuleIndex, RuleParts, UpstreamIndex};
pub use rule_set::{Found, Match, RuleSet};
pub use subject::{Completion, SecondFactor, Standing, Subject};
pub use switches::Switches;
pub use upstream::{
    Balance, Endpoint, EndpointAddress, Health, Upstream, UpstreamProtocol, UpstreamTls,
};
