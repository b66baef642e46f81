//! What a rule changes of the headers, in both directions.

use http::header::{ACCESS_CONTROL_MAX_AGE, HOST, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::authz::Forward;
use crate::policy::{CorsGrant, HostRewrite, Permit, Rewrite, Seen};
use crate::whoami::Record;

const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
/// How the names of the headers begin that let pages of other origins read an answer.
const ACCESS_CONTROL_ALLOW: &str = "access-control-allow-";

/// Where the rule lets the request go to, towards the upstream.
pub(super) fn rewrite(headers: &mut HeaderMap, rewrite: &Rewrite) {
    match &rewrite.host {
        // The latter when the endpoint is chosen.
        HostRewrite::Preserve | HostRewrite::Upstream => {}
        HostRewrite::Name(host) => {
            headers.insert(HOST, host.clone());
        }
    }
    // The client's own is gone: it names the family that is ours.
    let prefix = rewrite.strip_prefix.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(prefix)) = prefix {
        headers.insert(X_FORWARDED_PREFIX, prefix);
    }
}

/// What the rule says about answers to one request; made while the request is whole.
pub(in crate::gateway) struct AnswerChanges {
    values: Vec<(HeaderName, HeaderValue)>,
    grant: Option<CorsGrant>,
}

impl AnswerChanges {
    /// `None` for rules that change nothing.
    pub(in crate::gateway) fn of(
        forward: &Forward,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Option<Box<Self>> {
        let permit = &forward.permit;
        let changes = permit.rule().handling().changes()?;
        let request = permit.request();
        let seen = Seen { request, headers };
        let subject = forward.facts.session.as_deref().map(Record::subject);
        Some(Box::new(Self {
            values: changes.response_headers.values(subject, seen, now),
            grant: changes.cors.as_ref().map(|cors| cors.grant(headers)),
        }))
    }

    /// What pages of other origins may know.
    pub(in crate::gateway) const fn grant(&self) -> Option<&CorsGrant> {
        self.grant.as_ref()
    }

    /// Changes the head of an answer.
    pub(super) fn apply(&self, headers: &mut HeaderMap, permit: &Permit) {
        if let Some(changes) = permit.rule().handling().changes() {
            changes.response_headers.remove_from(headers);
        }
        for (name, value) in &self.values {
            headers.append(name, value.clone());
        }
        if let Some(grant) = &self.grant {
            put_grant(headers, grant);
        }
    }
}

/// The rule speaks about other origins, so the application doesn't.
fn put_grant(headers: &mut HeaderMap, grant: &CorsGrant) {
    super::remove(headers, |name| {
        name.as_str().starts_with(ACCESS_CONTROL_ALLOW) || *name == ACCESS_CONTROL_MAX_AGE
    });
    for (name, value) in &grant.headers {
        headers.insert(name, value.clone());
    }
    if grant.varies {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
}
