//! What a rule asks of the session, as it is written: in a rule, in a named set, in `defaults`.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::aal::AuthenticationMethod;
use crate::document::{
    Choice, Fields, FromNode, Located, Node, Place, Problem, Reading, nearest, schema_of,
};
use crate::policy::{Enrolment, MethodSet, RequiredAal};

/// A key's value, if it is there and can be read.
#[derive(Clone)]
pub(in crate::rules) enum Given<T> {
    Absent,
    /// What is wrong with it was told.
    Wrong,
    Value(T),
}

/// The requirements of a rule, of a named set or of a file's rules.
#[derive(Clone)]
pub(in crate::rules) struct RawRequirement {
    pub(in crate::rules) required_aal: Given<Located<RequiredAal>>,
    pub(in crate::rules) max_age: Option<Located<Duration>>,
    pub(in crate::rules) max_age_of: Option<Located<RawAges>>,
    pub(in crate::rules) methods: Option<Located<RawMethods>>,
    pub(in crate::rules) enrolment: Option<Located<Enrolment>>,
    /// `condition`; more than one where a set has one besides.
    pub(in crate::rules) conditions: Vec<Located<String>>,
}

/// `max_age_of`
#[derive(Clone)]
pub(in crate::rules) struct RawAges(
    pub(in crate::rules) Vec<(AuthenticationMethod, Located<Duration>)>,
);

/// `required_methods`
#[derive(Clone, Default)]
pub(in crate::rules) struct RawMethods {
    pub(in crate::rules) any_of: Option<Located<MethodSet>>,
    pub(in crate::rules) all_of: Option<Located<MethodSet>>,
    pub(in crate::rules) none_of: Option<Located<MethodSet>>,
    pub(in crate::rules) distinct_channels: Option<Located<bool>>,
}

/// `requirements` of a file: sets by name.
#[derive(Default)]
pub(in crate::rules) struct RawSets(pub(in crate::rules) HashMap<String, RawRequirement>);

impl RawRequirement {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Self {
        Self {
            required_aal: given(fields, "required_aal"),
            max_age: fields.get("max_age"),
            max_age_of: fields.get("max_age_of"),
            methods: fields.get("required_methods"),
            enrolment: fields.get("enrol"),
            conditions: fields.get("condition").into_iter().collect(),
        }
    }

    /// Nothing at all.
    pub(in crate::rules) const fn nothing() -> Self {
        Self {
            required_aal: Given::Absent,
            max_age: None,
            max_age_of: None,
            methods: None,
            enrolment: None,
            conditions: Vec::new(),
        }
    }

    /// The level, if it can be read.
    pub(in crate::rules) const fn level(&self) -> Option<&Located<RequiredAal>> {
        match &self.required_aal {
            Given::Value(level) => Some(level),
            Given::Absent | Given::Wrong => None,
        }
    }
}

fn given<T: FromNode>(fields: &mut Fields<'_, '_>, name: &'static str) -> Given<T> {
    let is_there = fields
        .section()
        .find(name)
        .is_some_and(|node| !node.is_null());
    match fields.get(name) {
        Some(value) => Given::Value(value),
        None if is_there => Given::Wrong,
        None => Given::Absent,
    }
}

impl FromNode for RawRequirement {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let requirement = Self::read(&mut fields);
        fields.close();
        Some(requirement)
    }
}

impl FromNode for RawSets {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let sets = Fields::open(node, reading)?.named();
        let sets = sets
            .into_iter()
            .map(|(key, set)| (key.text.to_string(), set));
        Some(Self(sets.collect()))
    }

    fn schema() -> Json {
        let set = schema_of::<RawRequirement>();
        json!({ "type": "object", "additionalProperties": set })
    }
}

impl FromNode for RawMethods {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let methods = Self {
            any_of: fields.get("any_of"),
            all_of: fields.get("all_of"),
            none_of: fields.get("none_of"),
            distinct_channels: fields.get("distinct_channels"),
        };
        fields.close();
        Some(methods)
    }
}

impl FromNode for MethodSet {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let methods: Vec<AuthenticationMethod> = Vec::from_node(node, reading)?;
        if methods.is_empty() {
            let message = "a list without methods asks for nothing";
            reading.problem(Problem::at(&node.place, "invalid_value", message));
            return None;
        }
        Some(methods.into_iter().collect())
    }

    fn schema() -> Json {
        let method = AuthenticationMethod::schema();
        json!({ "type": "array", "items": method, "minItems": 1 })
    }
}

impl FromNode for RawAges {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let entries: Vec<(_, Located<Duration>)> = Fields::open(node, reading)?.named();
        let mut ages = Vec::with_capacity(entries.len());
        for (key, age) in entries {
            match method_named(&key.text, &key.place, reading) {
                Some(method) => ages.push((method, age)),
                None => continue,
            }
        }
        Some(Self(ages))
    }

    fn schema() -> Json {
        let age = Duration::schema();
        let of: serde_json::Map<String, Json> = AuthenticationMethod::CHOICES
            .iter()
            .map(|(name, _)| ((*name).to_owned(), age.clone()))
            .collect();
        json!({ "type": "object", "properties": of, "additionalProperties": false })
    }
}

fn method_named(name: &str, place: &Place, reading: &mut Reading) -> Option<AuthenticationMethod> {
    let names = || AuthenticationMethod::CHOICES.iter().map(|(name, _)| *name);
    let found = AuthenticationMethod::CHOICES
        .iter()
        .find(|(known, _)| *known == name);
    if found.is_none() {
        let message = format!("there is no authentication method `{name}`");
        let help = match nearest(name, names()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("known: {}", names().collect::<Vec<_>>().join(", ")),
        };
        reading.problem(Problem::at(place, "unknown_key", message).help(help));
    }
    found.map(|(_, method)| *method)
}

impl Choice for AuthenticationMethod {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("password", Self::Password),
        ("oidc", Self::Oidc),
        ("saml", Self::Saml),
        ("passkey", Self::Passkey),
        ("totp", Self::Totp),
        ("webauthn", Self::Webauthn),
        ("lookup_secret", Self::LookupSecret),
        ("code", Self::Code),
        ("code_recovery", Self::CodeRecovery),
        ("link_recovery", Self::LinkRecovery),
    ];
}

impl Choice for RequiredAal {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("none", Self::None),
        ("aal1", Self::Aal1),
        ("aal2", Self::Aal2),
        ("highest_available", Self::HighestAvailable),
    ];
}

impl Choice for Enrolment {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("allow", Self::Allowed), ("deny", Self::Denied)];
}
