//! Attacks that are known of external authorization, over gRPC and, where they can be put so, over
//! HTTP below `/ext_authz`.

use prost::Message as _;

use super::client::{CHECK, Front, framed};
use super::{World, about, allowed, cookie, question, status, value};
use crate::support::client::exchange;
use crate::support::people::ALICE;
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::service::auth::v3::attribute_context as context;
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest, CheckResponse};

/// By their names in the catalogue: the path, and the statuses that count as right.
const PATHS: [(&str, &str, &[u16]); 7] = [
    ("extz-001", "/admin/secret?foo=bar", &[401, 303]),
    ("extz-002", "//admin/secret", &[400]),
    ("extz-004", "/public/x#/admin", &[400]),
    ("extz-005", "/admin%2fsecret", &[400]),
    ("extz-007", "", &[400]),
    ("extz-008", "*", &[400]),
    ("the query of another", "/admin/x?y=/public/", &[401, 303]),
];

#[tokio::test]
async fn no_spelling_of_a_path_opens_another_one() {
    let world = World::start();
    let mut front = Front::connect(world.address()).await;
    let http = world.program.addresses("forward_auth")[0];
    for (name, path, right) in PATHS {
        let answer: CheckResponse = front.ask(CHECK, &about(path, &[])).await;
        let got = u16::try_from(status(&answer)).unwrap();
        assert!(right.contains(&got), "{name}: {got}");
        let head = format!(
            "GET /ext_authz{path} HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-Proto: https\r\n\
             X-Forwarded-For: 192.0.2.7\r\nConnection: close\r\n\r\n"
        );
        let came = exchange(http, head.as_bytes(), std::time::Duration::from_secs(5));
        let got = came.status().unwrap_or_default();
        assert!(got >= 300, "{name} over HTTP: {got}");
    }
}

#[tokio::test]
async fn extz_010_bytes_that_are_no_text_get_a_no() {
    let world = World::start();
    let mut front = Front::connect(world.address()).await;
    let http = context::HttpRequest {
        header_map: Some(core::HeaderMap {
            headers: vec![core::HeaderValue {
                key: "x-foo".to_owned(),
                raw_value: vec![0xff, 0xfe],
                ..core::HeaderValue::default()
            }],
        }),
        ..about("/public/x", &[])
            .attributes
            .and_then(|it| it.request?.http)
            .unwrap()
    };
    let answer: CheckResponse = front.ask(CHECK, &question(http)).await;
    assert_eq!(status(&answer), 403);
    // The same as an entry of the map of text, which no library would write.
    let mut bytes = about("/public/x", &[("x-foo", "@@")]).encode_to_vec();
    let at = bytes.windows(2).position(|two| two == b"@@").unwrap();
    bytes[at..at + 2].copy_from_slice(&[0xff, 0xfe]);
    let answer: CheckResponse = front.call(CHECK, &framed(&bytes)).await.message();
    assert_eq!(status(&answer), 403);
}

#[tokio::test]
async fn extz_011_a_question_about_no_http_request_gets_a_no() {
    let world = World::start();
    let mut front = Front::connect(world.address()).await;
    let nothing = CheckRequest::default();
    let empty = CheckRequest {
        attributes: Some(AttributeContext::default()),
    };
    for question in [nothing, empty] {
        let answer: CheckResponse = front.ask(CHECK, &question).await;
        assert_eq!(status(&answer), 403);
    }
}

#[tokio::test]
async fn ident_034_nobody_is_whom_a_header_says() {
    let world = World::start();
    let mut front = Front::connect(world.address()).await;
    let forged = [("x-auth-aal", "aal1,aal2"), ("x-user-id", "alice,bob")];
    let answer: CheckResponse = front.ask(CHECK, &about("/admin/secret", &forged)).await;
    assert_eq!(status(&answer), 401);
    let cookie = cookie(ALICE);
    let signed_in = [forged[0], forged[1], ("cookie", &cookie)];
    let answer: CheckResponse = front.ask(CHECK, &about("/admin/secret", &signed_in)).await;
    let ok = allowed(&answer);
    assert_eq!(value(&ok.headers, "x-auth-aal"), Some("aal2"));
    let answer: CheckResponse = front.ask(CHECK, &about("/public/x", &forged)).await;
    let ok = allowed(&answer);
    for name in ["x-auth-aal", "x-user-id"] {
        assert_eq!(value(&ok.headers, name), None);
        assert!(ok.headers_to_remove.iter().any(|gone| gone == name));
    }
}
