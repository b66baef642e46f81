//! What an application is told of the person whose request it gets: identity headers, a signed
//! token, and what the rule sets besides.

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::Minter;
use crate::policy::{Permit, Rule, Seen, Told};
use crate::whoami::Record;

/// What goes with a permitted request. Worked out while the request is as the client sent it,
/// because expressions look at it, and put in once the client's own headers are clean.
#[must_use]
pub struct Introduction<'a> {
    permit: &'a Permit,
    session: Option<&'a Record>,
    /// What the rule's `request_headers` set.
    values: Vec<(HeaderName, HeaderValue)>,
    /// The identity headers that are another for each request.
    by_request: Vec<(HeaderName, HeaderValue)>,
}

impl<'a> Introduction<'a> {
    /// Works out what `headers`, the request's own, have to do with; nobody is introduced without
    /// a session.
    pub fn of(
        permit: &'a Permit,
        session: Option<&'a Record>,
        headers: &HeaderMap,
        now: impl Fn() -> Timestamp,
    ) -> Self {
        let request = permit.request();
        let changes = permit.rule().handling().changes();
        let values = changes.map(|changes| {
            let seen = Seen { request, headers };
            let subject = session.map(Record::subject);
            changes.request_headers.values(subject, seen, now())
        });
        let mut introduction = Self {
            permit,
            session,
            values: values.unwrap_or_default(),
            by_request: Vec::new(),
        };
        if let Some(session) = session.filter(|session| session.has_headers_by_request())
            && introduction.told().is_none_or(|told| told.headers)
        {
            let seen = Seen { request, headers };
            let values = session.headers_by_request(&seen, now());
            introduction.by_request = values.map(|(name, value)| (name.clone(), value)).collect();
        }
        introduction
    }

    fn told(&self) -> Option<&'a Told> {
        self.permit.rule().handling().changes()?.told.as_ref()
    }

    /// Puts everything in: what the rule takes out goes, what it sets comes, and identity last, so
    /// that no rule stands in its way.
    pub fn put(self, headers: &mut HeaderMap, minter: Option<&Minter>) {
        if let Some(changes) = self.permit.rule().handling().changes() {
            changes.request_headers.remove_from(headers);
        }
        self.add(headers, minter);
    }

    /// Puts in what is set, and takes nothing out.
    pub fn add(self, headers: &mut HeaderMap, minter: Option<&Minter>) {
        let told = self.told();
        for (name, value) in self.values {
            headers.insert(name, value);
        }
        let Some(session) = self.session else { return };
        if told.is_none_or(|told| told.headers) {
            for (name, value) in session.identity_headers() {
                headers.insert(name, value);
            }
        }
        if let Some(minter) = minter
            && told.is_none_or(|told| told.jwt)
        {
            let audience = told.and_then(|told| told.audience.as_deref());
            if let Some(token) = minter.value(session, addressee(self.permit), audience) {
                headers.insert(minter.header(), token);
            }
        }
        for (name, value) in self.by_request {
            headers.insert(name, value);
        }
    }
}

/// Who gets the request: the upstream, and the host where the rule names none.
fn addressee(permit: &Permit) -> &str {
    match permit.upstream() {
        Some(upstream) => &upstream.name,
        None => permit.request().host.as_str(),
    }
}

/// The names of all headers that a request of this rule may be introduced with, some of them more
/// than once: who can't take headers out of a request sets those to nothing that stay without a
/// value. `identity` are the names of the identity headers.
pub fn names<'a>(
    rule: &'a Rule,
    identity: &'a [HeaderName],
    minter: Option<&'a Minter>,
) -> impl Iterator<Item = &'a HeaderName> {
    let changes = rule.handling().changes().into_iter();
    let set = changes.flat_map(|changes| changes.request_headers.names());
    let token = minter.map(Minter::header);
    identity.iter().chain(token).chain(set)
}
