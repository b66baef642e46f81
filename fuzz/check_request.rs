//! What must hold for any bytes in the place of a `CheckRequest`; beside the other checks, because
//! builds without gRPC leave it out.

use bytes::Bytes;
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::service::auth::v3::attribute_context as context;
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use http::{HeaderMap, HeaderValue};
use prost::Message as _;
use stepgate::decision::{Asked, Limits, read_question};
use stepgate::policy::{Host, Request};

use super::checks::one_reading;

/// A message of Envoy's, without what stands before it on the wire.
pub(crate) fn check_request(data: &[u8]) {
    let Some(asked) = read(Bytes::copy_from_slice(data)) else {
        return;
    };
    one_reading(&asked.request);
    only_the_clients(&asked.headers);
    agrees_with_another_reader(data, &asked.request);
    // What was read is read again from its own words.
    let again = read(told(&asked).encode_to_vec().into()).unwrap();
    let (one, other) = (&asked.request, &again.request);
    // Two slashes were read as one already.
    assert_eq!(one.path.as_str(), other.path.as_str());
    assert_eq!(
        (&one.method, one.scheme, &one.host, one.port),
        (&other.method, other.scheme, &other.host, other.port)
    );
    assert_eq!((&one.query, one.client_ip), (&other.query, other.client_ip));
    assert_eq!(asked.headers, again.headers);
}

fn read(message: Bytes) -> Option<Asked> {
    let id = HeaderValue::from_static("fuzz");
    read_question(message, Limits::default(), &id).ok()
}

/// Nothing of what Envoy says itself is left among the client's headers.
fn only_the_clients(headers: &HeaderMap) {
    assert!(headers.len() <= Limits::default().header_count);
    for (name, value) in headers {
        let name = name.as_str();
        assert!(!name.starts_with("x-envoy-") && !name.starts_with(':'));
        assert!(!matches!(name, "x-forwarded-for" | "x-request-id"));
        assert!(std::str::from_utf8(value.as_bytes()).is_ok(), "{name}");
    }
}

/// Envoy's own description of the message, read by somebody else, says the same of the request.
fn agrees_with_another_reader(data: &[u8], request: &Request) {
    // Text that is none is an error there, and a refusal or of no interest here.
    let Ok(message) = CheckRequest::decode(data) else {
        return;
    };
    let asked = message.attributes.and_then(|it| it.request);
    let http = asked.and_then(|it| it.http).unwrap();
    assert_eq!(http.method, request.method.as_str());
    assert!(http.scheme.eq_ignore_ascii_case(request.scheme.as_str()));
    let authority = Host::parse_authority(&http.host, request.scheme);
    assert_eq!(authority, Ok((request.host.clone(), request.port)));
    let (path, query) = Request::parse_target(&http.path).unwrap();
    assert_eq!((&path, &query), (&request.path, &request.query));
    assert!(http.query.is_empty() && http.fragment.is_empty());
}

/// The question in Envoy's words.
fn told(asked: &Asked) -> CheckRequest {
    let request = &asked.request;
    let headers = asked.headers.iter().map(|(name, value)| core::HeaderValue {
        key: name.to_string(),
        raw_value: value.as_bytes().to_vec(),
        ..core::HeaderValue::default()
    });
    let http = context::HttpRequest {
        method: request.method.to_string(),
        scheme: request.scheme.as_str().to_owned(),
        host: request.authority(),
        path: request.target(),
        header_map: Some(core::HeaderMap {
            headers: headers.collect(),
        }),
        ..context::HttpRequest::default()
    };
    let address = core::address::Address::SocketAddress(core::SocketAddress {
        address: request.client_ip.to_string(),
        ..core::SocketAddress::default()
    });
    CheckRequest {
        attributes: Some(AttributeContext {
            source: Some(context::Peer {
                address: Some(core::Address {
                    address: Some(address),
                }),
                ..context::Peer::default()
            }),
            request: Some(context::Request {
                http: Some(http),
                ..context::Request::default()
            }),
            ..AttributeContext::default()
        }),
    }
}
