//! Rules, and where people would be sent: what a request that nobody sent is put to.

use std::sync::Arc;

use jiff::Timestamp;

use super::asked::Asked;
use super::explained::{Checked, Considered, Explained, Named, Reply};
use super::person::Person;
use crate::aal::Aal;
use crate::authz::{self, Answer, Foreseen, foresee, foresee_ambiguous};
use crate::policy::{
    RuleIndex, RuleSet, SecondFactor, Standing, StaticAnswer, Subject, Target, Trace, TraceVerdict,
    explain,
};

/// What requests are put to.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// Where people would be sent.
    pub answers: authz::Config,
    /// The identity service keeps a session to itself until its second factor was used, where
    /// there is one: an external Kratos with `session.whoami.required_aal: highest_available`.
    pub hides_lower_sessions: bool,
}

impl Stage {
    /// What would become of `asked`, sent by `person` at `now`.
    #[must_use]
    pub fn explain(&self, asked: &Asked, person: Option<&Person>, now: Timestamp) -> Explained {
        let request = match asked.request() {
            Ok(request) => request,
            Err(why) => return told(&foresee_ambiguous(why)),
        };
        let subject = person.map(|person| {
            let document = person.document(now);
            person.subject(now).described_by(&document)
        });
        let standing = self.standing(subject.as_ref());
        let trace = explain(&self.rules, &request, &asked.headers, standing, now);
        let sent = (&request, &asked.headers);
        let foreseen = foresee(&self.answers, &self.rules, sent, &trace, now);
        self.with_reasons(told(&foreseen), trace)
    }

    /// What the identity service would say of a session.
    fn standing<'a>(&self, subject: Option<&'a Subject>) -> Standing<'a> {
        let Some(subject) = subject else {
            return Standing::Anonymous;
        };
        let has_second = match subject.second_factor {
            SecondFactor::Enrolled | SecondFactor::Exactly(_) => true,
            SecondFactor::NotEnrolled | SecondFactor::Unknown => false,
        };
        match self.hides_lower_sessions && subject.aal == Aal::Aal1 && has_second {
            true => Standing::Undisclosed,
            false => Standing::Known(subject),
        }
    }

    fn with_reasons(&self, told: Explained, trace: Trace) -> Explained {
        let (rule, reported) = match trace.verdict {
            TraceVerdict::Judged { rule, reported, .. } => (Some(rule), reported),
            TraceVerdict::NotFound(_) => (None, false),
        };
        let own = trace
            .rule
            .filter(|_| told.browser.status.is_none())
            .and_then(|rule| own_answer(self.rules.rule(rule).target()));
        Explained {
            reported,
            browser: own.clone().unwrap_or(told.browser),
            api: own.unwrap_or(told.api),
            rule: rule.map(|rule| self.named(rule)),
            considered: trace
                .considered
                .into_iter()
                .map(|one| Considered {
                    rule: self.named(one.rule),
                    matched: one.matched,
                    why: one.why.into_owned(),
                })
                .collect(),
            requirements: trace
                .requirements
                .into_iter()
                .map(|one| Checked {
                    rule: self.named(one.rule),
                    name: one.name.into_owned(),
                    met: one.met,
                    why: one.why,
                })
                .collect(),
            decision: told.decision,
        }
    }

    fn named(&self, rule: RuleIndex) -> Named {
        let rule = self.rules.rule(rule);
        Named {
            id: rule.id().to_string(),
            location: rule.location().clone(),
        }
    }
}

/// The answers, without reasons.
fn told(foreseen: &Foreseen) -> Explained {
    let (browser, api) = match &foreseen.answers {
        None => (Reply::default(), Reply::default()),
        Some(answers) => (reply(&answers.browser), reply(&answers.api)),
    };
    Explained {
        decision: foreseen.decided,
        reported: false,
        rule: None,
        considered: Vec::new(),
        requirements: Vec::new(),
        browser,
        api,
    }
}

/// What a rule answers itself, in place of an application.
fn own_answer(target: &Target) -> Option<Reply> {
    let (status, location) = match target {
        Target::Upstream(_) => return None,
        Target::Answer(answer) => match &**answer {
            StaticAnswer::Respond { status, .. } => (status, None),
            StaticAnswer::Redirect { status, to } => (status, to.to_str().ok()),
        },
    };
    Some(Reply {
        status: Some(status.as_u16()),
        location: location.map(str::to_owned),
        id: None,
    })
}

fn reply(answer: &Answer) -> Reply {
    Reply {
        status: Some(answer.status.as_u16()),
        location: answer.location().map(str::to_owned),
        id: Some(answer.id.as_str()),
    }
}
