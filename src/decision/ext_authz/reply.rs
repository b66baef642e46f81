//! From a decision to `CheckResponse`.

use bytes::Bytes;
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{
    CheckResponse, DeniedHttpResponse, OkHttpResponse,
};
use envoy_types::pb::envoy::r#type::v3::HttpStatus;
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{Struct, Value};
use envoy_types::pb::google::rpc;
use http::header::{CONTENT_LENGTH, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tonic::Code;

use super::reading::Sent;
use crate::authz::Facts;
use crate::decision::Way;

/// A request that may pass, as it is put together for Envoy.
pub(super) struct Allowed(OkHttpResponse);

impl Allowed {
    /// With these headers for the application, and without those.
    pub(super) fn new(set: &HeaderMap, remove: &[HeaderName]) -> Self {
        let mut gone: Vec<String> = Vec::with_capacity(set.len() + remove.len());
        gone.extend(remove.iter().map(|name| name.as_str().to_owned()));
        let mut headers = Vec::with_capacity(set.len());
        for (name, value) in set {
            // Removed instead of sent empty: an application must not take a header that is there
            // for somebody who is signed in.
            if value.is_empty() {
                gone.push(name.as_str().to_owned());
            } else {
                headers.push(field(name.as_str(), value, OVERWRITE));
            }
        }
        Self(OkHttpResponse {
            headers,
            headers_to_remove: gone,
            ..OkHttpResponse::default()
        })
    }

    /// The request goes on as it was judged, or as its rule rewrites it. Nothing is said where
    /// that is how it was sent.
    pub(super) fn on_its_way(&mut self, way: Way, sent: Option<&Sent>) {
        let ok = &mut self.0;
        let as_sent = sent.is_some_and(|sent| *sent.target == *way.target.as_bytes());
        if !as_sent {
            ok.headers.push(text_field(":path", way.target, OVERWRITE));
        }
        if let Some(host) = &way.host
            && sent.is_none_or(|sent| sent.host != host.as_bytes())
        {
            ok.headers.push(field(":authority", host, OVERWRITE));
        }
        // Envoy removes after it has set: a client's own would take ours along.
        ok.headers_to_remove
            .retain(|name| !way.told.contains_key(name.as_str()));
        for (name, value) in &way.told {
            ok.headers.push(field(name.as_str(), value, OVERWRITE));
        }
        ok.query_parameters_to_remove = way.removed_parameters;
        ok.response_headers_to_add
            .extend(towards_client(&way.answer));
    }

    /// The client gets these headers beside those of the application.
    pub(super) fn answered_with(&mut self, headers: &HeaderMap) {
        let fields = towards_client(headers);
        self.0.response_headers_to_add.extend(fields);
    }

    pub(super) fn into_response(self, facts: &Facts) -> CheckResponse {
        CheckResponse {
            status: Some(status(Code::Ok)),
            dynamic_metadata: Some(metadata(facts)),
            http_response: Some(HttpResponse::OkResponse(self.0)),
        }
    }
}

/// The client gets this answer.
pub(super) fn denied(
    status_code: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
    facts: &Facts,
) -> CheckResponse {
    let code = match status_code.as_u16() {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        404 => Code::NotFound,
        408 => Code::DeadlineExceeded,
        413 | 429 => Code::ResourceExhausted,
        500 => Code::Internal,
        503 => Code::Unavailable,
        _ => Code::PermissionDenied,
    };
    let denied = DeniedHttpResponse {
        status: Some(HttpStatus {
            code: i32::from(status_code.as_u16()),
        }),
        headers: towards_client(headers),
        body: text(body),
    };
    CheckResponse {
        status: Some(status(code)),
        dynamic_metadata: Some(metadata(facts)),
        http_response: Some(HttpResponse::DeniedResponse(denied)),
    }
}

const OVERWRITE: HeaderAppendAction = HeaderAppendAction::OverwriteIfExistsOrAdd;
const APPEND: HeaderAppendAction = HeaderAppendAction::AppendIfExistsOrAdd;

/// Headers of an answer. Each cookie and each challenge is a line of its own.
fn towards_client(headers: &HeaderMap) -> Vec<core::HeaderValueOption> {
    let mut fields = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        // Envoy counts what it sends.
        if *name == CONTENT_LENGTH {
            continue;
        }
        let several = *name == SET_COOKIE || *name == WWW_AUTHENTICATE;
        let action = if several { APPEND } else { OVERWRITE };
        fields.push(field(name.as_str(), value, action));
    }
    fields
}

/// A header as Envoy takes it: of its two places for a value it reads the one that holds text.
fn field(name: &str, value: &HeaderValue, action: HeaderAppendAction) -> core::HeaderValueOption {
    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
    text_field(name, value, action)
}

fn text_field(name: &str, value: String, action: HeaderAppendAction) -> core::HeaderValueOption {
    core::HeaderValueOption {
        header: Some(core::HeaderValue {
            key: name.to_owned(),
            value,
            raw_value: Vec::new(),
        }),
        append_action: action.into(),
        ..core::HeaderValueOption::default()
    }
}

fn text(body: Bytes) -> String {
    match String::from_utf8(body.into()) {
        Ok(text) => text,
        Err(other) => String::from_utf8_lossy(other.as_bytes()).into_owned(),
    }
}

fn status(code: Code) -> rpc::Status {
    rpc::Status {
        code: code.into(),
        ..rpc::Status::default()
    }
}

/// What Envoy's other filters and its access log may know of a decision.
fn metadata(facts: &Facts) -> Struct {
    let mut fields = std::collections::HashMap::with_capacity(5);
    let mut put = |name: &str, text: &str| {
        let kind = Some(Kind::StringValue(text.to_owned()));
        fields.insert(name.to_owned(), Value { kind });
    };
    put("decision", facts.decision.as_str());
    if let Some(rule) = &facts.rule {
        put("rule", rule.as_str());
    }
    if let Some(record) = &facts.session {
        let subject = record.subject();
        put("aal", subject.aal.as_str());
        put("subject", &subject.identity_id);
        put("session", &subject.session_id);
    }
    Struct { fields }
}
