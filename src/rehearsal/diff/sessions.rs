//! People on either side of everything that rules ask for.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::aal::{Aal, AuthenticationMethod};
use crate::policy::{Completion, MethodSet, Rule, SecondFactor, Standing, Subject};

/// Somebody, or nobody.
#[derive(Clone, Debug)]
pub(super) struct Someone {
    /// The session; `None`: nobody is signed in.
    pub(super) subject: Option<Subject>,
    /// What there is to say of the session.
    pub(super) words: String,
}

impl Someone {
    pub(super) fn standing(&self) -> Standing<'_> {
        match &self.subject {
            None => Standing::Anonymous,
            Some(subject) => Standing::Known(subject),
        }
    }
}

/// Nobody, and sessions by every method that `rules` tell apart, of every age that they do.
pub(super) fn people<'a>(rules: impl Iterator<Item = &'a Rule>, now: Timestamp) -> Vec<Someone> {
    let mut limits = BTreeSet::new();
    let mut names_methods = false;
    for rule in rules {
        let requirement = rule.requirement();
        limits.extend(requirement.max_age);
        if let Some(steps) = &requirement.steps {
            names_methods = true;
            limits.extend(steps.max_age_of.iter().map(|(_, max_age)| *max_age));
        }
    }
    let making = Making {
        ages: ages_between(&limits),
        firsts: match names_methods {
            true => vec![
                AuthenticationMethod::Password,
                AuthenticationMethod::Oidc,
                AuthenticationMethod::Saml,
                AuthenticationMethod::Passkey,
                AuthenticationMethod::Webauthn,
                AuthenticationMethod::Code,
                AuthenticationMethod::CodeRecovery,
                AuthenticationMethod::LinkRecovery,
            ],
            false => vec![AuthenticationMethod::Password],
        },
        seconds: match names_methods {
            true => MethodSet::SECOND_FACTORS.iter().collect(),
            false => vec![AuthenticationMethod::Totp],
        },
        now,
    };
    making.everybody()
}

/// An age in each span that the limits cut time into.
fn ages_between(limits: &BTreeSet<Duration>) -> Vec<Duration> {
    let mut ages = Vec::with_capacity(limits.len() + 1);
    let mut before = Duration::ZERO;
    for limit in limits {
        ages.push((before + *limit) / 2);
        before = *limit;
    }
    ages.push(before + Duration::from_secs(3600));
    ages
}

struct Making {
    ages: Vec<Duration>,
    firsts: Vec<AuthenticationMethod>,
    seconds: Vec<AuthenticationMethod>,
    now: Timestamp,
}

impl Making {
    fn everybody(&self) -> Vec<Someone> {
        let mut everybody = vec![Someone {
            subject: None,
            words: "no session".to_owned(),
        }];
        for first in &self.firsts {
            for age in &self.ages {
                let first = (*first, Aal::Aal1, *age);
                for known in [
                    SecondFactor::NotEnrolled,
                    SecondFactor::Enrolled,
                    SecondFactor::Unknown,
                ] {
                    everybody.push(self.someone(&[first], known));
                }
                self.with_second(first, &mut everybody);
            }
        }
        everybody
    }

    fn with_second(
        &self,
        first: (AuthenticationMethod, Aal, Duration),
        everybody: &mut Vec<Someone>,
    ) {
        for second in &self.seconds {
            for age in &self.ages {
                let second = (*second, Aal::Aal2, *age);
                everybody.push(self.someone(&[first, second], SecondFactor::Enrolled));
            }
        }
    }

    fn someone(
        &self,
        steps: &[(AuthenticationMethod, Aal, Duration)],
        second_factor: SecondFactor,
    ) -> Someone {
        let completions: Vec<Completion> = steps
            .iter()
            .map(|(method, aal, age)| Completion {
                method: *method,
                aal: *aal,
                completed_at: self.now - *age,
            })
            .collect();
        let latest = completions.iter().map(|step| step.completed_at).max();
        let aal = completions.iter().map(|step| step.aal).max();
        let subject = Subject {
            session_id: "session".into(),
            identity_id: "identity".into(),
            aal: aal.unwrap_or_default(),
            authenticated_at: latest.unwrap_or(self.now),
            expires_at: self.now + Duration::from_secs(3600),
            completions,
            second_factor,
            document: None,
        };
        let words = words(&subject, steps);
        Someone {
            subject: Some(subject),
            words,
        }
    }
}

fn words(subject: &Subject, steps: &[(AuthenticationMethod, Aal, Duration)]) -> String {
    let mut words = subject.aal.to_string();
    for (place, (method, _, age)) in steps.iter().enumerate() {
        let join = if place == 0 { " by" } else { " and" };
        words.push_str(&format!("{join} {method} {} ago", span(*age)));
    }
    if subject.aal < Aal::Aal2 {
        words.push_str(match subject.second_factor {
            SecondFactor::Enrolled | SecondFactor::Exactly(_) => ", a second factor is set up",
            SecondFactor::NotEnrolled => ", no second factor is set up",
            SecondFactor::Unknown => "",
        });
    }
    words
}

/// A length of time in its largest whole unit.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    for (unit, length) in [("d", 86_400), ("h", 3600), ("m", 60)] {
        if seconds >= length && seconds.is_multiple_of(length) {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}
