//! The decision. Pure: no I/O, no clock, no async, no framework.
//!
//! [`Request`] is parsed once and refuses ambiguity; [`RuleSet::find`] picks the rule;
//! [`judge`] weighs a [`Standing`] against the rule; [`decide`] turns an `Allow` into a [`Permit`],
//! the only key to an upstream. [`explain`] does the same, and tells how it came to that.

mod automaton;
mod canonical;
mod computed_field;
mod condition;
mod conditions;
mod conflict;
mod cors;
mod decide;
mod demand;
mod explain;
mod expressions;
mod field_pattern;
#[cfg(test)]
pub(crate) mod fixture;
mod fold;
#[cfg(test)]
mod generated;
mod growth;
mod handling;
mod header_changes;
mod holds;
mod host;
mod index;
mod label;
#[cfg(test)]
mod laws;
mod limits;
mod matcher;
mod method;
mod method_set;
mod networks;
mod outcome;
mod own_cookie;
mod path;
mod path_regex;
mod pattern;
mod permit;
mod query;
mod regex_pattern;
mod request;
mod requirement;
mod rewrite;
mod rule;
mod rule_set;
mod seen;
#[cfg(test)]
mod session_laws;
mod subject;
mod switches;
mod told;
mod trie;
mod upstream;
mod weigh;

pub use computed_field::{ComputedField, fit_field_value};
pub use condition::Condition;
pub use conditions::{ConditionName, Conditions, Expected};
pub use conflict::{Conflict, ConflictKind};
pub use cors::{Cors, CorsGrant, CorsHeaders, CorsOrigins, Preflight};
pub use decide::{Decision, Reported, decide, judge};
pub use explain::{Considered, Trace, TraceVerdict, Weighed, explain};
pub use field_pattern::{FieldPattern, fold_field};
pub use handling::{Changes, Handling, RuleTimeouts, StaticAnswer, Target};
pub use header_changes::{FieldSource, HeaderChanges};
pub use host::Host;
pub use limits::{LimitOf, Limits};
pub use matcher::Matcher;
pub use method::Methods;
pub use method_set::MethodSet;
pub use networks::Networks;
pub use outcome::{Ask, Outcome};
pub use own_cookie::is_own_cookie;
pub use path::CanonicalPath;
pub use path_regex::{PathReplacement, ReplacementError};
pub use pattern::{HostPattern, PathPattern, PatternError, Segment};
pub use permit::Permit;
pub use regex_pattern::{PathRegex, PathRegexError};
pub use request::{AmbiguousRequest, Request, Scheme};
pub use requirement::{Enrolment, RequiredAal, RequiredSteps, Requirement};
pub use rewrite::{HostRewrite, Rewrite};
pub use rule::{Location, Rule, RuleId, RuleIndex, RuleParts, UpstreamIndex};
pub use rule_set::{Found, Match, RuleSet};
pub use seen::Seen;
pub use subject::{Completion, SecondFactor, Standing, Subject};
pub use switches::Switches;
pub use told::Told;
pub use upstream::{
    Balance, Endpoint, EndpointAddress, Health, Upstream, UpstreamProtocol, UpstreamTls,
};
