//! The decision once more, with its reasons.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

use super::conditions::Asked;
use super::decide::{Conclusion, conclude};
use super::demand::Demand;
use super::index::{Fate, Reading};
use super::weigh::{age_is_of_second_factor, counted, level_without, times_that_count, weigh};
use super::{
    Condition, ConditionName, Enrolment, Found, MethodSet, Outcome, Reported, Request, RequiredAal,
    Requirement, RuleIndex, RuleSet, SecondFactor, Seen, Standing, Subject,
};

/// How a decision came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Every rule whose host and path match, in the order in which they were looked at.
    pub considered: Vec<Considered>,
    /// The rule that the request reaches.
    pub rule: Option<RuleIndex>,
    /// What that rule asks for, and what those ask for that have a say besides.
    pub requirements: Vec<Weighed>,
    /// What comes of it.
    pub verdict: TraceVerdict,
}

/// A rule that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// The rule.
    pub rule: RuleIndex,
    /// Whether it judges the request.
    pub matched: bool,
    /// Why, or why not.
    pub why: Cow<'static, str>,
}

/// One thing that a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// The rule that asks for it.
    pub rule: RuleIndex,
    /// The key of the rule language: `max_age`, `required_methods.any_of`, `max_age_of.webauthn`.
    pub name: Cow<'static, str>,
    /// Whether the session has it.
    pub met: bool,
    /// Why, or why not.
    pub why: String,
}

/// What comes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceVerdict {
    /// A rule judged it.
    Judged {
        /// What it says; what it would say, where it only reports.
        outcome: Outcome,
        /// The rule whose word this is.
        rule: RuleIndex,
        /// The request passes all the same: the rule only reports.
        reported: bool,
    },
    /// It came to no rule; never [`Found::Rule`].
    NotFound(Found),
}

/// Decides on a request as [`super::decide`] does, by the same list of demands and the same
/// scales, and tells how.
#[must_use]
pub fn explain(
    rules: &RuleSet,
    request: &Request,
    headers: &HeaderMap,
    standing: Standing<'_>,
    now: Timestamp,
) -> Trace {
    let mut considered = Vec::new();
    let found = rules.find_watched(request, headers, |rule, reading, fate| {
        let conditions = rules.rule(rule).matcher().conditions.as_deref();
        let asked = Asked::of(request, headers);
        let unmet = conditions.and_then(|conditions| conditions.unmet(asked));
        considered.push(Considered {
            rule,
            matched: fate == Fate::Won,
            why: words_of(fate, reading, unmet, request),
        });
    });
    let found = match found {
        Found::Rule(found) => found,
        other @ (Found::MethodNotAllowed(_)
        | Found::NoRule
        | Found::UnknownHost
        | Found::Ambiguous(_)) => {
            return Trace {
                considered,
                rule: None,
                requirements: Vec::new(),
                verdict: TraceVerdict::NotFound(other),
            };
        }
    };
    let mut requirements = Vec::new();
    let conclusion = conclude(rules, &found, |rule| {
        let requirement = rules.rule(rule).requirement();
        let mut tell = |name, met, why| {
            requirements.push(Weighed {
                rule,
                name,
                met,
                why,
            });
        };
        let outcome = explain_rule(requirement, standing, now, &mut tell);
        let Some(condition) = &requirement.condition else {
            return outcome;
        };
        let seen = Seen { request, headers };
        let missing = condition.weigh(seen, standing, now);
        let why = words_of_condition(condition, seen, standing, now);
        tell(Cow::Borrowed("condition"), missing.is_none(), why);
        match outcome {
            Outcome::Allow => missing.unwrap_or(Outcome::Allow),
            first @ (Outcome::LogIn
            | Outcome::StepUp(_)
            | Outcome::Refresh { .. }
            | Outcome::Enrol { .. }
            | Outcome::Deny) => first,
        }
    });
    if let Some(limits) = rules.rule(found.rule()).limits() {
        requirements.push(Weighed {
            rule: found.rule(),
            name: Cow::Borrowed("limits"),
            met: true,
            why: format!("{limits}; what was counted so far is not looked at here"),
        });
    }
    Trace {
        considered,
        rule: Some(found.rule()),
        requirements,
        verdict: verdict(conclusion, found.rule()),
    }
}

const fn verdict(conclusion: Conclusion, rule: RuleIndex) -> TraceVerdict {
    let (Reported { outcome, rule }, reported) = match conclusion {
        Conclusion::Allow(None) => {
            let outcome = Outcome::Allow;
            (Reported { outcome, rule }, false)
        }
        Conclusion::Allow(Some(would_be)) => (would_be, true),
        Conclusion::Refuse(refusal) => (refusal, false),
    };
    TraceVerdict::Judged {
        outcome,
        rule,
        reported,
    }
}

/// Weighs every demand, although the first that is missing decides.
fn explain_rule(
    requirement: &Requirement,
    standing: Standing<'_>,
    now: Timestamp,
    mut tell: impl FnMut(Cow<'static, str>, bool, String),
) -> Outcome {
    let mut first = None;
    let _: ControlFlow<()> = requirement.demands(|demand| {
        let missing = weigh(demand, requirement, standing, now);
        let words = Words {
            requirement,
            standing,
            now,
        };
        tell(name_of(demand), missing.is_none(), words.of(demand));
        first = first.or(missing);
        ControlFlow::Continue(())
    });
    first.unwrap_or(Outcome::Allow)
}

fn words_of_condition(
    condition: &Condition,
    seen: Seen<'_>,
    standing: Standing<'_>,
    now: Timestamp,
) -> String {
    match condition.answer(seen, standing, now) {
        Ok(true) => "it holds".to_owned(),
        Ok(false) => "it does not hold".to_owned(),
        Err(failure) => format!("it could not be answered: {failure}"),
    }
}

fn name_of(demand: Demand) -> Cow<'static, str> {
    match demand {
        Demand::MaxAgeOf(method, _) => Cow::Owned(format!("{}.{method}", demand.name())),
        Demand::Level(_)
        | Demand::AllOf(_)
        | Demand::AnyOf(_)
        | Demand::DistinctChannels
        | Demand::MaxAge(_) => Cow::Borrowed(demand.name()),
    }
}

fn words_of(
    fate: Fate,
    reading: Reading,
    unmet: Option<ConditionName<'_>>,
    request: &Request,
) -> Cow<'static, str> {
    let unmet = || unmet.map_or_else(String::new, |name| name.to_string());
    match (fate, reading) {
        (Fate::Won, Reading::Exact) => Cow::Borrowed("host, path, method and conditions match"),
        (Fate::Condition, _) => Cow::Owned(format!("{} is not as it asks", unmet())),
        (Fate::Ambiguous, _) => Cow::Owned(format!(
            "{} is as it asks in one reading of the request, and not in another, so it must allow \
             too",
            unmet()
        )),
        (Fate::Won, Reading::Folded) => {
            Cow::Borrowed("a lax application could read the path as one of this rule's")
        }
        (Fate::Method, _) => Cow::Owned(format!("it does not name the method {}", request.method)),
        (Fate::Shielded, _) => Cow::Borrowed(
            "it asks for no session, and a rule before it shields the path although that leaves \
             this request out",
        ),
    }
}

/// The reasons, in the operator's terms.
struct Words<'a> {
    requirement: &'a Requirement,
    standing: Standing<'a>,
    now: Timestamp,
}

impl Words<'_> {
    fn of(&self, demand: Demand) -> String {
        if matches!(demand, Demand::Level(RequiredAal::None)) {
            return "no session is asked for".to_owned();
        }
        let subject = match self.standing {
            Standing::Anonymous => return "there is no session".to_owned(),
            Standing::Undisclosed => {
                return "the identity service tells the session only after a second factor"
                    .to_owned();
            }
            Standing::Known(subject) if subject.expires_at <= self.now => {
                return format!("the session expired at {}", subject.expires_at);
            }
            Standing::Known(subject) => subject,
        };
        match demand {
            Demand::Level(required) => self.level(required, subject),
            Demand::AllOf(wanted) | Demand::AnyOf(wanted) => {
                format!("wanted: {wanted}; completed: {}", self.completed(subject))
            }
            Demand::DistinctChannels => {
                let completed = self.completed(subject);
                let channels = completed.channels();
                format!("{completed}: {channels} of at least 2 channels")
            }
            Demand::MaxAgeOf(method, max_age) => {
                let steps = counted(subject, self.requirement.none_of());
                let last = steps.filter(|step| step.method == method);
                let last = last.map(|step| step.completed_at).max();
                self.age(last, &method.to_string(), max_age)
            }
            Demand::MaxAge(max_age) => self.last_step(subject, max_age),
        }
    }

    fn level(&self, required: RequiredAal, subject: &Subject) -> String {
        let none_of = self.requirement.none_of();
        let mut words = format!(
            "wanted: {required}; the session is at {}",
            level_without(subject, none_of)
        );
        if level_without(subject, none_of) < subject.aal {
            words.push_str(&format!(", not counting {none_of}"));
        }
        words.push_str(match subject.second_factor {
            SecondFactor::Enrolled | SecondFactor::Exactly(_) => "; a second factor is set up",
            SecondFactor::NotEnrolled => "; no second factor is set up",
            SecondFactor::Unknown => "; whether a second factor is set up is not known",
        });
        if self.requirement.enrolment == Enrolment::Denied {
            words.push_str(", and setting one up on the way is not allowed");
        }
        words
    }

    fn last_step(&self, subject: &Subject, max_age: Duration) -> String {
        let last = times_that_count(self.requirement, subject).max();
        let second = age_is_of_second_factor(self.requirement.required_aal, subject);
        let what = if second { "second factor" } else { "step" };
        self.age(last, what, max_age)
    }

    fn age(&self, last: Option<Timestamp>, what: &str, max_age: Duration) -> String {
        let limit = max_age.as_secs();
        match last {
            None => format!("no {what} was completed; at most {limit} s ago is wanted"),
            Some(last) => {
                let ago = self.now.duration_since(last).as_secs();
                format!("the last {what} was {ago} s ago; at most {limit} s is wanted")
            }
        }
    }

    fn completed(&self, subject: &Subject) -> MethodSet {
        counted(subject, self.requirement.none_of())
            .map(|step| step.method)
            .collect()
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
