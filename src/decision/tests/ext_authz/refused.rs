//! Questions that nobody may take for a yes: each gets a `CheckResponse` that denies.

use super::*;
use crate::decision::tests::world::RULES;

/// Asks with raw bytes for a message.
async fn refused_with(bytes: &[u8]) -> i32 {
    status(&denied(send(&World::new(RULES), bytes).await))
}

/// A field of a protobuf message that has a length.
fn bytes_field(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut length = Vec::new();
    prost::encoding::encode_varint(content.len() as u64, &mut length);
    [vec![tag << 3 | 2], length, content.to_vec()].concat()
}

/// A question whose HTTP attributes are these bytes.
fn around(http: &[u8]) -> Vec<u8> {
    bytes_field(1, &bytes_field(4, &bytes_field(2, http)))
}

#[tokio::test]
async fn a_question_that_is_none_is_denied() {
    assert_eq!(refused_with(b"\xff\xff\xff").await, 400);
    assert_eq!(refused_with(&[0x0a, 0x7f]).await, 400);
    assert_eq!(refused_with(b"").await, 403);
    assert_eq!(refused_with(&bytes_field(1, b"")).await, 403);
    assert_eq!(
        refused_with(&bytes_field(1, &bytes_field(4, b""))).await,
        403
    );
}

#[tokio::test]
async fn a_header_that_is_no_text_is_denied_in_either_encoding() {
    let entry = [bytes_field(1, b"x-foo"), bytes_field(2, b"\xff\xfe")].concat();
    let http = [
        about("/public/x", &[]).encode_to_vec(),
        bytes_field(3, &entry),
    ]
    .concat();
    assert_eq!(refused_with(&around(&http)).await, 403);
    let http = context::HttpRequest {
        header_map: raw(&[("x-foo", b"\xff\xfe")]),
        ..about("/public/x", &[])
    };
    let world = World::new(RULES);
    assert_eq!(status(&denied(check(&world, http).await)), 403);
}

#[tokio::test]
async fn what_no_request_can_have_is_denied() {
    let world = World::new(RULES);
    let ask = |http| async { status(&denied(check(&world, http).await)) };
    let base = || about("/public/x", &[]);
    for path in [
        "",
        "*",
        "public",
        "/public/x#/admin",
        "http://app.test/public/x",
        "//public/x",
        "/public/../admin",
        "/admin%2fx",
        "/public/\u{e9}",
        "/public/x y",
    ] {
        assert_eq!(ask(about(path, &[])).await, 400, "{path:?}");
    }
    for host in [
        "",
        "app.test, other.test",
        "app test",
        "app.test/x",
        "user@app.test",
    ] {
        let host = host.to_owned();
        let http = context::HttpRequest { host, ..base() };
        assert_eq!(ask(http).await, 400);
    }
    for scheme in ["", "ftp", "https:", "wss"] {
        let scheme = scheme.to_owned();
        let http = context::HttpRequest { scheme, ..base() };
        assert_eq!(ask(http).await, 400);
    }
    for (method, expected) in [("", 400), ("GE T", 400), ("CONNECT", 405), ("TRACE", 405)] {
        let method = method.to_owned();
        let http = context::HttpRequest { method, ..base() };
        assert_eq!(ask(http).await, expected);
    }
    let query = "x=1".to_owned();
    assert_eq!(ask(context::HttpRequest { query, ..base() }).await, 400);
    let fragment = "x".to_owned();
    assert_eq!(ask(context::HttpRequest { fragment, ..base() }).await, 400);
}

#[tokio::test]
async fn headers_that_contradict_or_break_the_request_are_denied() {
    let world = World::new(RULES);
    type Lines = &'static [(&'static str, &'static [u8])];
    let lines: [(Lines, i32); 8] = [
        (&[("host", b"other.test")], 400),
        (&[(":authority", b"other.test")], 400),
        (&[("host", b"app.test"), ("host", b"app.test")], 400),
        (
            &[(":authority", b"app.test"), (":authority", b"app.test")],
            400,
        ),
        (&[("x y", b"1")], 400),
        (&[("", b"1")], 400),
        (&[("x-y", b"1\r\nx-z: 2")], 400),
        (&[("x-y", b"\0")], 400),
    ];
    for (fields, expected) in lines {
        let http = context::HttpRequest {
            header_map: raw(fields),
            ..about("/public/x", &[])
        };
        assert_eq!(
            status(&denied(check(&world, http).await)),
            expected,
            "{fields:?}"
        );
    }
    let many: Vec<(String, String)> = (0..101)
        .map(|number| (format!("x-{number}"), String::new()))
        .collect();
    let http = context::HttpRequest {
        headers: many.into_iter().collect(),
        ..about("/public/x", &[])
    };
    assert_eq!(status(&denied(check(&world, http).await)), 431);
}

#[tokio::test]
async fn a_call_without_one_plain_message_is_denied() {
    let world = World::new(RULES);
    let good = framed(&question(about("/public/x", &[])).encode_to_vec());
    let compressed = [&[1], &good[1..]].concat();
    let huge = [&[0], &2_000_000_u32.to_be_bytes()[..]].concat();
    for (pieces, expected) in [
        (vec![], 400),
        (vec![good.slice(..3)], 400),
        (vec![good.slice(..good.len() - 1)], 400),
        (vec![good.clone(), good.clone()], 400),
        (vec![compressed.into()], 400),
        (vec![huge.into()], 413),
    ] {
        let response = call(&world, CHECK, "127.0.0.1", pieces).await;
        assert_eq!(status(&denied(message(response).await)), expected);
    }
    let response = call(&world, CHECK, "127.0.0.1", [good]).await;
    allowed(message(response).await);
}

#[tokio::test]
async fn whoever_may_not_ask_is_denied_whatever_the_question() {
    let world = World::new(RULES);
    let good = framed(&question(about("/public/x", &[])).encode_to_vec());
    let response = call(&world, CHECK, "192.0.2.1", [good]).await;
    assert_eq!(status(&denied(message(response).await)), 403);
    let response = call(
        &world,
        "/grpc.health.v1.Health/Check",
        "192.0.2.1",
        [framed(b"")],
    )
    .await;
    assert_eq!(response.headers()["grpc-status"], "7");
}

/// A body that breaks whoever reads it.
struct Broken;

impl Body for Broken {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("a defect")
    }
}

#[tokio::test]
async fn a_defect_of_ours_is_a_no() {
    let response = call_with(&World::new(RULES), CHECK, "127.0.0.1", Broken).await;
    assert_eq!(status(&denied(message(response).await)), 500);
}

#[tokio::test]
async fn other_methods_are_not_implemented() {
    let world = World::new(RULES);
    for path in [
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/envoy.service.auth.v2.Authorization/Check",
        "/",
    ] {
        let response = call(&world, path, "127.0.0.1", [framed(b"")]).await;
        assert_eq!(response.headers()["grpc-status"], "12", "{path}");
    }
}

#[tokio::test]
async fn a_client_without_an_address_belongs_to_no_network() {
    const OFFICE: &str = r#"
upstreams: { app: { url: "http://127.0.0.1:1" } }
rules:
  - id: office
    match: { host: app.test, path: /office/**, networks: [192.0.2.0/24] }
    required_aal: none
    upstream: app
"#;
    let world = World::new(OFFICE);
    allowed(check(&world, about("/office/x", &[])).await);
    let mut elsewhere = question(about("/office/x", &[]));
    let attributes = elsewhere.attributes.as_mut().unwrap();
    let pipe = Address::Pipe(core::Pipe {
        path: "192.0.2.7".to_owned(),
        ..core::Pipe::default()
    });
    attributes.source.as_mut().unwrap().address = Some(core::Address {
        address: Some(pipe),
    });
    denied(send(&world, &elsewhere.encode_to_vec()).await);
}
