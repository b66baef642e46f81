//! What an expression is asked about.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::Reads;
use super::datum::{Datum, Members};

/// What is known when an expression is asked.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The session; without one, `session` is null.
    pub session: Option<&'a Session>,
    /// The request; without one, `request` is null.
    pub request: Option<&'a dyn RequestFacts>,
    /// `now`.
    pub now: Timestamp,
}

/// A request as expressions see it. Nothing is prepared: what an expression reads is asked for
/// when it reads it.
pub trait RequestFacts {
    /// `request.method`.
    fn method(&self) -> &str;
    /// `request.scheme`: `http` or `https`.
    fn scheme(&self) -> &str;
    /// `request.host`: in lower case, without a port.
    fn host(&self) -> &str;
    /// `request.path`: canonical.
    fn path(&self) -> &str;
    /// `request.ip`: the client's address.
    fn ip(&self) -> IpAddr;
    /// `request.query[name]`: the first value, decoded.
    fn query(&self, name: &str) -> Option<Cow<'_, str>>;
    /// Length of the query in bytes: what it costs to look into it.
    fn query_length(&self) -> usize;
    /// The names in the query, decoded, each once.
    fn query_names(&self) -> Vec<Cow<'_, str>>;
    /// `request.headers[name]`: the first value. The name is in lower case.
    fn header(&self, name: &str) -> Option<Cow<'_, str>>;
    /// The names of the headers in lower case, each once.
    fn header_names(&self) -> Vec<&str>;
}

/// A document that expressions read as `session` (or `claims`), prepared once and then kept as
/// long as the session is.
#[derive(Clone, PartialEq)]
pub struct Session {
    pub(super) root: Datum,
    /// What of the document is there.
    kept: Arc<Reads>,
}

impl Eq for Session {}

impl std::fmt::Debug for Session {
    /// Says nothing of the person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(..)")
    }
}

impl Session {
    /// The document of whoami with `methods`: the names of the completed methods, each once, in
    /// the order of their completion. Only what `reads` names is kept.
    #[must_use]
    pub fn of_whoami(document: &Json, reads: &Arc<Reads>) -> Self {
        let kept_parts = Arc::clone(reads);
        let Json::Object(members) = document else {
            return Self {
                root: Datum::Null,
                kept: kept_parts,
            };
        };
        let kept = members.iter().filter(|(name, _)| *name != "methods");
        let mut kept: Vec<(Box<str>, Datum)> = kept
            .filter_map(|(name, value)| {
                Some((name.as_str().into(), reads.below(name)?.keep(value)))
            })
            .collect();
        if reads.below("methods").is_some() {
            kept.push(("methods".into(), methods(document)));
        }
        Self {
            root: Datum::Map(Members::new(kept)),
            kept: kept_parts,
        }
    }

    /// Any document as it is, such as the claims of a token.
    #[must_use]
    pub fn of_document(document: &Json) -> Self {
        Self {
            root: Datum::of(document),
            kept: Arc::new(Reads::everything()),
        }
    }

    /// Whether all that `reads` names is kept, as far as the document has it.
    #[must_use]
    pub fn has_all_of(&self, reads: &Reads) -> bool {
        self.kept.cover(reads)
    }
}

fn methods(document: &Json) -> Datum {
    let entries = document
        .get("authentication_methods")
        .and_then(Json::as_array);
    let mut names: Vec<&str> = Vec::new();
    for entry in entries.into_iter().flatten() {
        let name = entry.get("method").and_then(Json::as_str);
        names.extend(name.filter(|name| !names.contains(name)));
    }
    Datum::List(
        names
            .into_iter()
            .map(|name| Datum::Text(name.into()))
            .collect(),
    )
}
