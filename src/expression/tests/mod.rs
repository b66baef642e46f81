//! What expressions mean, what they refuse, and what they cost.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{
    ExpressionError, Facts, Failure, FailureKind, Kind, Program, Reads, RequestFacts, Scope,
    Session, Told,
};

mod bombs;
mod mistakes;
mod oracle;
mod session;

/// A request as tests write it.
struct Asked {
    method: &'static str,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

impl Asked {
    fn plain() -> Self {
        Self {
            method: "GET",
            path: "/desk/7".into(),
            query: vec![("lang".into(), "de".into()), ("lang".into(), "en".into())],
            headers: vec![("x-client".into(), "app".into())],
        }
    }
}

fn first<'a>(of: &'a [(String, String)], name: &str) -> Option<Cow<'a, str>> {
    let found = of.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| Cow::Borrowed(value.as_str()))
}

impl RequestFacts for Asked {
    fn method(&self) -> &str {
        self.method
    }

    fn scheme(&self) -> &str {
        "https"
    }

    fn host(&self) -> &str {
        "bank.example.com"
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn ip(&self) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, 7).into()
    }

    fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        first(&self.query, name)
    }

    fn query_length(&self) -> usize {
        self.query
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum()
    }

    fn query_names(&self) -> Vec<Cow<'_, str>> {
        self.query
            .iter()
            .map(|(name, _)| Cow::Borrowed(name.as_str()))
            .collect()
    }

    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        first(&self.headers, name)
    }

    fn header_names(&self) -> Vec<&str> {
        self.headers.iter().map(|(name, _)| name.as_str()).collect()
    }
}

fn document() -> Json {
    json!({
        "id": "5d2ee0b3", "active": true,
        "authenticated_at": "2026-11-21T10:00:00Z",
        "authenticator_assurance_level": "aal2",
        "authentication_methods": [
            {"method": "password", "aal": "aal1", "completed_at": "2026-11-21T09:00:00Z"},
            {"method": "totp", "aal": "aal2", "completed_at": "2026-11-21T10:00:00Z"},
            {"method": "password", "aal": "aal1", "completed_at": "2026-11-21T10:00:00Z"},
        ],
        "identity": {
            "id": "9f425a8d",
            "traits": {
                "role": "teller", "level": 3, "ratio": 0.5, "groups": ["desk", "vault"],
                "nothing": null, "branch": {"id": 17}, "wrong": ["teller"],
            },
            "metadata_public": {"plan": "gold"},
        },
        "devices": null,
    })
}

fn session() -> Session {
    Session::of_whoami(&document(), &Arc::new(Reads::everything()))
}

fn now() -> jiff::Timestamp {
    "2026-11-21T10:05:00Z".parse().unwrap()
}

fn asked_of<T>(request: &Asked, ask: impl FnOnce(&Facts<'_>) -> T) -> T {
    let session = session();
    ask(&Facts {
        session: Some(&session),
        request: Some(request),
        now: now(),
    })
}

fn program(text: &str, kind: Kind) -> Program {
    Program::compile(text, kind).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn holds(text: &str) -> Result<bool, FailureKind> {
    let program = program(text, Kind::Condition);
    asked_of(&Asked::plain(), |facts| program.holds(facts)).map_err(|failure| failure.kind)
}

fn value(text: &str) -> Result<Json, FailureKind> {
    let program = program(text, Kind::Value);
    asked_of(&Asked::plain(), |facts| program.value(facts)).map_err(|failure| failure.kind)
}

fn wrong(text: &str, kind: Kind) -> ExpressionError {
    Program::compile(text, kind).expect_err(text)
}
