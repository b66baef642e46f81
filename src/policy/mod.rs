//! The decision. Pure: no I/O, no clock, no async, no framework.
//!
//! [`Request`] is parsed once and refuses ambiguity; [`RuleSet::find`] picks the rule;
//! [`judge`] weighs a [`Standing`] against the rule; [`decide`] turns an `Allow` into a [`Permit`],
//! the only key to an upstream.

mod decide;
mod path;
mod permit;
mod request;
mod rule;
mod rule_set;
mod subject;
mod upstream;

use std::sync::Arc;

use jiff::Timestamp;

pub use decide::{Outcome, judge};
pub use path::CanonicalPath;
pub use permit::Permit;
pub use request::{AmbiguousRequest, Host, Request, Scheme};
pub use rule::{Location, RequiredAal, Requirement, RuleId, RuleIndex, UpstreamIndex};
pub use rule_set::{Found, Rule, RuleSet};
pub use subject::{Completion, SecondFactor, Standing, Subject};
pub use upstream::{
    Balance, Endpoint, EndpointAddress, Health, Upstream, UpstreamProtocol, UpstreamTls,
};

/// What is to happen with a request.
#[derive(Debug)]
pub enum Decision {
    /// Forward it; the permit is the key.
    Allow(Permit),
    /// Anything but forwarding. The request is handed back for the answer and the log.
    Refuse(Outcome, Request),
}

/// Judges `request` by the rule that [`RuleSet::find`] named. An `Allow` takes the request into
/// the permit, so what was judged is what gets forwarded.
#[must_use]
pub fn decide(
    rules: &Arc<RuleSet>,
    rule: RuleIndex,
    request: Request,
    standing: Standing<'_>,
    now: Timestamp,
) -> Decision {
    match judge(rules.rule(rule).requirement(), standing, now) {
        Outcome::Allow => Decision::Allow(Permit::new(request, Arc::clone(rules), rule)),
        refusal @ (Outcome::LogIn | Outcome::StepUp | Outcome::Refresh { .. } | Outcome::Enrol) => {
            Decision::Refuse(refusal, request)
        }
    }
}
