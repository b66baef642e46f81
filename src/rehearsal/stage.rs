//! Rules, and where people would be sent: what a request that nobody sent is put to.

use std::sync::Arc;

use jiff::Timestamp;

use super::asked::Asked;
use super::explained::{Explained, Named, Reply};
use super::person::Person;
use crate::aal::Aal;
use crate::authz::{self, Answer, Foreseen, foresee, foresee_ambiguous};
use crate::policy::{Rule, RuleSet, SecondFactor, Standing, Subject};

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
            Err(why) => return self.told(foresee_ambiguous(why)),
        };
        let subject = person.map(|person| person.subject(now));
        let standing = self.standing(subject.as_ref());
        let foreseen = foresee(
            &self.answers,
            &self.rules,
            &request,
            &asked.headers,
            standing,
            now,
        );
        self.told(foreseen)
    }

    /// What the identity service would say of a session.
    fn standing<'a>(&self, subject: Option<&'a Subject>) -> Standing<'a> {
        let Some(subject) = subject else {
            return Standing::Anonymous;
        };
        let hidden = self.hides_lower_sessions
            && subject.aal == Aal::Aal1
            && subject.second_factor == SecondFactor::Enrolled;
        match hidden {
            true => Standing::Undisclosed,
            false => Standing::Known(subject),
        }
    }

    fn told(&self, foreseen: Foreseen) -> Explained {
        let (browser, api) = match &foreseen.answers {
            None => (Reply::default(), Reply::default()),
            Some(answers) => (reply(&answers.browser), reply(&answers.api)),
        };
        Explained {
            decision: foreseen.decided,
            reported: false,
            rule: foreseen.rule.map(|rule| named(self.rules.rule(rule))),
            considered: Vec::new(),
            requirements: Vec::new(),
            browser,
            api,
        }
    }
}

fn named(rule: &Rule) -> Named {
    Named {
        id: rule.id().to_string(),
        location: rule.location().clone(),
    }
}

fn reply(answer: &Answer) -> Reply {
    Reply {
        status: Some(answer.status.as_u16()),
        location: answer.location().map(str::to_owned),
        id: Some(answer.id.as_str()),
    }
}
