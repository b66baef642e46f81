//! Which second factors an identity has, asked of Kratos' admin API.

use std::collections::hash_map::RandomState;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HOST};
use http::{HeaderName, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Empty;
use jiff::Timestamp;
use moka::sync::Cache;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::client::below;
use super::transport::Transport;
use crate::aal::AuthenticationMethod;
use crate::policy::{MethodSet, SecondFactor, Subject};
use crate::whoami::document::read_strictly;

/// Sessions whose second factor is remembered.
const REMEMBERED: u64 = 100_000;

/// What is remembered of a session's second factors.
#[derive(Clone, Copy)]
struct Known {
    methods: MethodSet,
    /// The session's last step by then: a later one may have been with a new factor.
    last_step: Timestamp,
}

/// Looks up second factors: once per session that has one, and again after its next step. That
/// there is none is asked again with each whoami, so that a factor set up elsewhere is seen.
pub(super) struct SecondFactors {
    admin: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    enrolled: Cache<Box<str>, Known, RandomState>,
}

impl SecondFactors {
    pub(super) fn new(admin: Uri, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self {
            admin,
            headers,
            enrolled: Cache::new(REMEMBERED),
        }
    }

    /// What is known of the second factor of `subject`; unknown when the admin API does not tell
    /// within `timeout`.
    pub(super) async fn look_up(
        &self,
        transport: &Transport,
        subject: &Subject,
        timeout: Duration,
    ) -> SecondFactor {
        let known = self.enrolled.get(&subject.session_id);
        if let Some(known) = known.filter(|known| known.last_step == subject.authenticated_at) {
            return SecondFactor::exactly(known.methods);
        }
        let Some(request) = self.request(&subject.identity_id) else {
            return SecondFactor::Unknown;
        };
        let identity = match transport.exchange(request, timeout).await {
            Ok(reply) if reply.status == StatusCode::OK => read_strictly(&reply.body).ok(),
            Ok(reply) => {
                tracing::warn!(
                    status = reply.status.as_u16(),
                    "the admin API told no factors"
                );
                None
            }
            Err(error) => {
                tracing::warn!(%error, "the admin API told no factors");
                None
            }
        };
        match identity {
            None => SecondFactor::Unknown,
            Some(identity) => {
                let methods = second_factors(&identity);
                if !methods.is_empty() {
                    let last_step = subject.authenticated_at;
                    let known = Known { methods, last_step };
                    self.enrolled.insert(subject.session_id.clone(), known);
                }
                SecondFactor::exactly(methods)
            }
        }
    }

    fn request(&self, identity: &str) -> Option<Request<Empty<Bytes>>> {
        let kinds = "include_credential=totp&include_credential=lookup_secret\
                     &include_credential=webauthn&include_credential=code";
        let id = utf8_percent_encode(identity, NON_ALPHANUMERIC);
        let url = below(&self.admin, &format!("/admin/identities/{id}?{kinds}")).ok()?;
        let host = url
            .authority()
            .map_or("", |authority| authority.as_str())
            .to_owned();
        let mut request = Request::get(url)
            .header(HOST, host)
            .header(ACCEPT, "application/json")
            .body(Empty::new())
            .ok()?;
        request.headers_mut().extend(self.headers.iter().cloned());
        Some(request)
    }
}

/// Kratos lists kinds that people don't have, so what counts is in their `config`.
fn second_factors(identity: &Value) -> MethodSet {
    let config = |kind: &str| identity.get("credentials")?.get(kind)?.get("config");
    let any = |kind: &str, list: &str, counts: &dyn Fn(&Value) -> bool| {
        let items = config(kind)
            .and_then(|config| config.get(list))
            .and_then(Value::as_array);
        items.is_some_and(|items| items.iter().any(counts))
    };
    let text = |value: &Value, name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    let totp = config("totp").is_some_and(|config| text(config, "totp_url"));
    let unused = |code: &Value| !text(code, "used_at");
    let second = |key: &Value| key.get("is_passwordless").and_then(Value::as_bool) != Some(true);
    let present = [
        (AuthenticationMethod::Totp, totp),
        (
            AuthenticationMethod::LookupSecret,
            any("lookup_secret", "recovery_codes", &unused),
        ),
        (
            AuthenticationMethod::Webauthn,
            any("webauthn", "credentials", &second),
        ),
        (
            AuthenticationMethod::Code,
            any("code", "addresses", &|address| text(address, "address")),
        ),
    ];
    let present = present.into_iter().filter(|(_, is_there)| *is_there);
    present.map(|(method, _)| method).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_usable_factors_count() {
        for (credentials, expected) in [
            (
                json!({"totp": {"config": {"totp_url": "otpauth://totp/x"}}}),
                true,
            ),
            (json!({"totp": {"config": {"totp_url": ""}}}), false),
            (json!({"totp": {"type": "totp"}}), false),
            (
                json!({"lookup_secret": {"config": {"recovery_codes": [{"code": "a"}]}}}),
                true,
            ),
            (
                json!({"lookup_secret": {"config": {"recovery_codes": [
                    {"code": "a", "used_at": "2026-01-01T00:00:00Z"}]}}}),
                false,
            ),
            (
                json!({"lookup_secret": {"config": {"recovery_codes": [
                    {"code": "a", "used_at": null}]}}}),
                true,
            ),
            (json!({"webauthn": {"config": {"credentials": []}}}), false),
            (
                json!({"webauthn": {"config": {"credentials": [{"is_passwordless": true}]}}}),
                false,
            ),
            (
                json!({"webauthn": {"config": {"credentials": [{"is_passwordless": false}]}}}),
                true,
            ),
            (
                json!({"code": {"config": {"addresses": [{"address": ""}]}}}),
                false,
            ),
            (
                json!({"code": {"config": {"addresses": [{"address": "a@b.c"}]}}}),
                true,
            ),
            (
                json!({"password": {"config": {"hashed_password": "x"}}}),
                false,
            ),
            (json!({}), false),
        ] {
            let identity = json!({"id": "i", "credentials": credentials});
            assert_eq!(
                !second_factors(&identity).is_empty(),
                expected,
                "{credentials}"
            );
        }
    }
}
