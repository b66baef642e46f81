//! Sessions as they are written: levels, methods, ages.

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::case::object_of;
use super::person::{Factors, Person, Step, When};
use crate::aal::{Aal, AuthenticationMethod};
use crate::document::{Fields, FromNode, Node, Problem, Reading, parse_duration};

/// Why words are no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// No level.
    #[error("`{0}` is no level; there are aal0, aal1 and aal2")]
    Level(String),
    /// No method.
    #[error(
        "`{0}` is no method; there are password, oidc, saml, passkey, totp, webauthn, \
         lookup_secret, code, code_recovery and link_recovery"
    )]
    Method(String),
    /// No time.
    #[error("`{0}` is no time; write an age such as 5m, or a time such as 2026-03-02T10:00:00Z")]
    Time(String),
}

/// Reads a level.
///
/// # Errors
/// [`WordError::Level`].
pub(super) fn parse_level(text: &str) -> Result<Aal, WordError> {
    Aal::parse(text).ok_or_else(|| WordError::Level(text.to_owned()))
}

/// Reads a method's name.
///
/// # Errors
/// [`WordError::Method`].
pub(super) fn parse_name(text: &str) -> Result<String, WordError> {
    if AuthenticationMethod::parse(text) == AuthenticationMethod::Unknown {
        return Err(WordError::Method(text.to_owned()));
    }
    Ok(text.to_owned())
}

/// A time in the past: an age, or a fixed one.
impl FromStr for When {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        if let Some(age) = parse_duration(text) {
            return Ok(Self::Ago(age));
        }
        let time: Result<Timestamp, _> = text.parse();
        time.map(Self::At)
            .map_err(|_| WordError::Time(text.to_owned()))
    }
}

/// `totp`, or `totp@3m` for one that was completed three minutes ago.
impl FromStr for Step {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let (name, age) = match text.split_once('@') {
            Some((name, age)) => (name, Some(age)),
            None => (text, None),
        };
        Ok(Self {
            method: parse_name(name.trim())?,
            aal: None,
            when: age.map(|age| age.trim().parse()).transpose()?,
        })
    }
}

/// `none`, `unknown`, or names with commas between them.
impl FromStr for Factors {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        match text.trim() {
            "unknown" => Ok(Self::Unknown),
            "none" | "" => Ok(Self::Known(Vec::new())),
            names => {
                let names = names.split(',').map(|name| parse_name(name.trim()));
                names.collect::<Result<_, _>>().map(Self::Known)
            }
        }
    }
}

/// The keys of a session in a section that may have others.
pub(super) fn read_person(fields: &mut Fields<'_, '_>) -> Option<Person> {
    let before = fields.reading().problems.len();
    let aal: Option<Level> = fields.get("aal");
    let methods: Option<Steps> = fields.get("methods");
    let authenticated: Option<When> = fields.get("authenticated");
    let authenticated_at: Option<When> = fields.get("authenticated_at");
    let expires: Option<When> = fields.get("expires");
    let expired: Option<When> = fields.get("expired");
    let traits = object_of(fields, "traits");
    let identity = object_of(fields, "identity");
    let second_factors: Option<Factors> = fields.get("second_factors");
    if expires.is_some() && expired.is_some() {
        let message = "a session either expires or has expired";
        fields.problem_at("expired", "contradiction", message, None);
    }
    let ahead = |when: When| match when {
        When::Ago(wait) => When::In(wait),
        When::In(_) | When::At(_) => when,
    };
    let person = Person {
        aal: aal.map(|level| level.0),
        methods: methods.map(|steps| steps.0),
        authenticated: authenticated.or(authenticated_at),
        expires: expires.map(ahead).or(expired),
        traits: traits.map_or(Json::Null, Json::Object),
        identity: identity.unwrap_or_default(),
        second_factors: second_factors.unwrap_or_default(),
    };
    (fields.reading().problems.len() == before).then_some(person)
}

struct Level(Aal);

/// Reads a scalar by its words.
fn spoken<T: FromStr<Err = WordError>>(node: &Node, reading: &mut Reading) -> Option<T> {
    let text = String::from_node(node, reading)?;
    told(text.parse(), node, reading)
}

fn told<T>(read: Result<T, WordError>, node: &Node, reading: &mut Reading) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(error) => {
            let problem = Problem::at(&node.place, "invalid_value", error.to_string());
            reading.problem(problem);
            None
        }
    }
}

impl FromNode for Level {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        told(parse_level(&text), node, reading).map(Self)
    }

    fn schema() -> Json {
        json!({ "enum": ["aal0", "aal1", "aal2"] })
    }
}

impl FromNode for When {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        spoken(node, reading)
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

/// `totp`, `totp@3m`, or `{ method: code, aal: aal2, age: 3m }`.
impl FromNode for Step {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if node.as_scalar().is_some() {
            return spoken(node, reading);
        }
        let mut fields = Fields::open(node, reading)?;
        let method: Option<String> = fields.required("method");
        let aal: Option<Level> = fields.get("aal");
        let age: Option<When> = fields.get("age");
        fields.close();
        let method = told(parse_name(&method?), node, reading)?;
        Some(Self {
            method,
            aal: aal.map(|level| level.0),
            when: age,
        })
    }

    fn schema() -> Json {
        json!({ "type": ["string", "object"] })
    }
}

/// A list, or names with commas between them.
struct Steps(Vec<Step>);

impl FromNode for Steps {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let Some(scalar) = node.as_scalar() else {
            return Vec::from_node(node, reading).map(Self);
        };
        let names = scalar.text.split(',').map(|name| name.trim().parse());
        told(names.collect(), node, reading).map(Self)
    }

    fn schema() -> Json {
        json!({ "type": ["string", "array"] })
    }
}

/// `none`, `unknown`, or a list of names.
impl FromNode for Factors {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if node.as_scalar().is_some() {
            return spoken(node, reading);
        }
        let names: Vec<String> = Vec::from_node(node, reading)?;
        let names = names.iter().map(|name| parse_name(name)).collect();
        told(names, node, reading).map(Self::Known)
    }

    fn schema() -> Json {
        json!({ "type": ["string", "array"] })
    }
}
