//! Which second factors an identity has, asked of Kratos' admin API.

use std::collections::hash_map::RandomState;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HOST};
use http::{HeaderName, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Empty;
use moka::sync::Cache;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::client::below;
use super::transport::Transport;
use crate::policy::{SecondFactor, Subject};
use crate::whoami::document::read_strictly;

/// Sessions whose second factor is remembered.
const REMEMBERED: u64 = 100_000;

/// Looks up second factors: once per session that has one. That there is none is asked again with
/// each whoami, so that a factor set up elsewhere is seen.
pub(super) struct SecondFactors {
    admin: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    enrolled: Cache<Box<str>, (), RandomState>,
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
        if self.enrolled.contains_key(&subject.session_id) {
            return SecondFactor::Enrolled;
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
            Some(identity) if has_second_factor(&identity) => {
                self.enrolled.insert(subject.session_id.clone(), ());
                SecondFactor::Enrolled
            }
            Some(_) => SecondFactor::NotEnrolled,
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
fn has_second_factor(identity: &Value) -> bool {
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
    config("totp").is_some_and(|config| text(config, "totp_url"))
        || any("lookup_secret", "recovery_codes", &|code| {
            !text(code, "used_at")
        })
        || any("webauthn", "credentials", &|key| {
            key.get("is_passwordless").and_then(Value::as_bool) != Some(true)
        })
        || any("code", "addresses", &|address| text(address, "address"))
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
            assert_eq!(has_second_factor(&identity), expected, "{credentials}");
        }
    }
}
