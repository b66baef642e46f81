//! Who asks, as an operator words it: a session that nobody has.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::aal::{Aal, AuthenticationMethod};
use crate::policy::{Completion, SecondFactor, Subject};

/// How long a session lasts that does not say.
const LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// A time, from now or fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So long ago.
    Ago(Duration),
    /// In so long.
    In(Duration),
    /// At this time.
    At(Timestamp),
}

impl When {
    /// The time, if it is `now`.
    #[must_use]
    pub fn from_now(self, now: Timestamp) -> Timestamp {
        let by = |duration: Duration| {
            jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
        };
        match self {
            Self::Ago(age) => now.checked_sub(by(age)).unwrap_or(Timestamp::MIN),
            Self::In(wait) => now.checked_add(by(wait)).unwrap_or(Timestamp::MAX),
            Self::At(time) => time,
        }
    }
}

/// A step of authentication that was completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// By Kratos' name.
    pub method: String,
    /// What it counted for; left out: what the method usually counts for.
    pub aal: Option<Aal>,
    /// When; left out: when the session was authenticated.
    pub when: Option<When>,
}

impl Step {
    /// A step by this method, with nothing else said of it.
    #[must_use]
    pub fn by(method: &str) -> Self {
        Self {
            method: method.to_owned(),
            aal: None,
            when: None,
        }
    }
}

/// What is known of second factors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Factors {
    /// Nothing is said: those that the session used are there, of others nothing is known.
    #[default]
    Unsaid,
    /// The identity service does not tell.
    Unknown,
    /// These are set up, and no others.
    Known(Vec<String>),
}

/// A session in words. What is left out is made up so that it fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The session's level; left out: what its methods reach.
    pub aal: Option<Aal>,
    /// The steps; left out: a password, and a code of an app for aal2.
    pub methods: Option<Vec<Step>>,
    /// When the last step was completed; left out: now.
    pub authenticated: Option<When>,
    /// When the session ends; left out: in twelve hours.
    pub expires: Option<When>,
    /// The identity's traits.
    pub traits: Value,
    /// Further members of the identity's document.
    pub identity: Map<String, Value>,
    /// Second factors.
    pub second_factors: Factors,
}

impl Person {
    /// What rules need of the session at `now`.
    #[must_use]
    pub fn subject(&self, now: Timestamp) -> Subject {
        let completions = self.completions(now);
        let id = self.identity.get("id").and_then(Value::as_str);
        Subject {
            session_id: SESSION_ID.into(),
            identity_id: id.unwrap_or(IDENTITY_ID).into(),
            aal: self.level(),
            authenticated_at: self.authenticated_at(now),
            expires_at: self.expires.unwrap_or(When::In(LIFE)).from_now(now),
            second_factor: self.second_factor(),
            completions: completions
                .into_iter()
                .map(|(_, completion)| completion)
                .collect(),
            document: None,
        }
    }

    /// The session as whoami would describe it at `now`.
    #[must_use]
    pub fn document(&self, now: Timestamp) -> Value {
        let subject = self.subject(now);
        let methods: Vec<Value> = self
            .completions(now)
            .iter()
            .map(|(name, completion)| {
                json!({
                    "method": name,
                    "aal": completion.aal.as_str(),
                    "completed_at": completion.completed_at,
                })
            })
            .collect();
        let mut identity = Map::new();
        identity.insert("id".to_owned(), IDENTITY_ID.into());
        identity.insert("schema_id".to_owned(), "default".into());
        identity.insert("state".to_owned(), "active".into());
        identity.insert("traits".to_owned(), self.traits());
        identity.extend(self.identity.clone());
        json!({
            "id": SESSION_ID,
            "active": true,
            "expires_at": subject.expires_at,
            "authenticated_at": subject.authenticated_at,
            "issued_at": subject.authenticated_at,
            "authenticator_assurance_level": subject.aal.as_str(),
            "authentication_methods": methods,
            "identity": identity,
            "devices": [],
        })
    }

    fn traits(&self) -> Value {
        if self.traits.is_null() {
            return Value::Object(Map::new());
        }
        self.traits.clone()
    }

    fn authenticated_at(&self, now: Timestamp) -> Timestamp {
        let steps = self.methods.iter().flatten();
        let latest = steps
            .filter_map(|step| Some(step.when?.from_now(now)))
            .max();
        match self.authenticated {
            Some(when) => when.from_now(now),
            None => latest.unwrap_or(now),
        }
    }

    fn steps(&self) -> Vec<Step> {
        match (&self.methods, self.aal) {
            (Some(steps), _) => steps.clone(),
            (None, Some(Aal::Aal0)) => Vec::new(),
            (None, Some(Aal::Aal1) | None) => vec![Step::by("password")],
            (None, Some(Aal::Aal2)) => vec![Step::by("password"), Step::by("totp")],
        }
    }

    /// The session's level.
    fn level(&self) -> Aal {
        self.aal.unwrap_or_else(|| reached(&self.steps()))
    }

    fn completions(&self, now: Timestamp) -> Vec<(String, Completion)> {
        let level = self.level();
        let steps = self.steps();
        let reaches = |step: &Step| usual_level(step) == Aal::Aal2;
        // A mail code is a first factor, unless it is what made the session's second.
        let made_by_last = level == Aal::Aal2 && !steps.iter().any(reaches) && steps.len() > 1;
        let last = steps.len().saturating_sub(1);
        let at = self.authenticated_at(now);
        steps
            .into_iter()
            .enumerate()
            .map(|(place, step)| {
                let lifted = made_by_last && place == last && step.aal.is_none();
                let aal = match lifted {
                    true => Aal::Aal2,
                    false => usual_level(&step).min(step.aal.unwrap_or(level)),
                };
                let completion = Completion {
                    method: AuthenticationMethod::parse(&step.method),
                    aal,
                    completed_at: step.when.map_or(at, |when| when.from_now(now)),
                };
                (step.method, completion)
            })
            .collect()
    }

    fn second_factor(&self) -> SecondFactor {
        match &self.second_factors {
            Factors::Unknown => SecondFactor::Unknown,
            Factors::Known(names) if names.is_empty() => SecondFactor::NotEnrolled,
            Factors::Known(names) => {
                let methods = names.iter().map(|name| AuthenticationMethod::parse(name));
                SecondFactor::Exactly(methods.collect())
            }
            Factors::Unsaid if self.level() == Aal::Aal2 => SecondFactor::Enrolled,
            Factors::Unsaid => SecondFactor::Unknown,
        }
    }
}

const SESSION_ID: &str = "00000000-0000-4000-8000-000000000001";
const IDENTITY_ID: &str = "00000000-0000-4000-8000-000000000002";

/// The level that steps add up to: second factors alone are one factor.
fn reached(steps: &[Step]) -> Aal {
    let has = |level| steps.iter().any(|step| usual_level(step) == level);
    match (has(Aal::Aal1), has(Aal::Aal2)) {
        (true, true) => Aal::Aal2,
        (true, false) | (false, true) => Aal::Aal1,
        (false, false) => Aal::Aal0,
    }
}

/// What a step counts for that does not say.
fn usual_level(step: &Step) -> Aal {
    let usual = match AuthenticationMethod::parse(&step.method) {
        AuthenticationMethod::Totp
        | AuthenticationMethod::Webauthn
        | AuthenticationMethod::LookupSecret => Aal::Aal2,
        AuthenticationMethod::Password
        | AuthenticationMethod::Oidc
        | AuthenticationMethod::Saml
        | AuthenticationMethod::Passkey
        | AuthenticationMethod::Code
        | AuthenticationMethod::CodeRecovery
        | AuthenticationMethod::LinkRecovery
        | AuthenticationMethod::Unknown => Aal::Aal1,
    };
    step.aal.unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_000_000).unwrap()
    }

    fn levels(person: &Person) -> Vec<Aal> {
        let completions = person.subject(now()).completions;
        completions
            .iter()
            .map(|completion| completion.aal)
            .collect()
    }

    fn with(aal: Option<Aal>, methods: &[&str]) -> Person {
        Person {
            aal,
            methods: Some(methods.iter().map(|method| Step::by(method)).collect()),
            ..Person::default()
        }
    }

    #[test]
    fn what_is_left_out_fits_the_rest() {
        let (one, two) = (Aal::Aal1, Aal::Aal2);
        for (person, level, expected) in [
            (Person::default(), one, vec![one]),
            (
                Person {
                    aal: Some(two),
                    ..Person::default()
                },
                two,
                vec![one, two],
            ),
            (with(None, &["password", "totp"]), two, vec![one, two]),
            (with(None, &["webauthn"]), one, vec![one]),
            (with(Some(one), &["webauthn"]), one, vec![one]),
            (with(Some(two), &["password", "code"]), two, vec![one, two]),
            (with(Some(two), &["password"]), two, vec![one]),
            (with(Some(one), &["password", "code"]), one, vec![one, one]),
        ] {
            assert_eq!(person.subject(now()).aal, level, "{person:?}");
            assert_eq!(levels(&person), expected, "{person:?}");
        }
    }

    #[test]
    fn the_document_says_what_the_subject_says() {
        let person = Person {
            authenticated: Some(When::Ago(Duration::from_secs(300))),
            traits: json!({"role": "teller"}),
            ..with(None, &["password", "totp"])
        };
        let document = person.document(now());
        let session = crate::whoami::Session::from_document(document.clone()).unwrap();
        let subject = person.subject(now());
        assert_eq!(session.subject.completions, subject.completions);
        assert_eq!(session.subject.expires_at, subject.expires_at);
        assert_eq!(session.subject.authenticated_at, subject.authenticated_at);
        assert_eq!(document["identity"]["traits"]["role"], "teller");
        assert_eq!(
            subject.authenticated_at,
            now() - jiff::SignedDuration::from_secs(300)
        );
    }
}
