//! Values of identity headers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::person;
use crate::support::gateway::{Change, World, session};

const SECTIONS: &str = r#"
upstream_identity:
  headers:
    X-User-Name: session.identity.traits.name
    X-User-Groups: session.identity.traits.groups.filter(g, g.startsWith("bank-")).join(",")
    X-User-Label: '"<" + session.identity.traits.name + "> " + session.methods.join("+")'
    X-User-Role: 'has(session.identity.traits.role) ? session.identity.traits.role : null'
    X-User-Where: request.method + " " + request.path + " " + session.identity.id
    X-User-Lang: request.query.lang
    X-User-Hour: string(now.getHours())
    X-Session-Aal: null
"#;

fn world() -> World {
    World::with(&Change {
        sections: SECTIONS,
        ..Change::default()
    })
}

fn seen(world: &World) -> crate::support::message::Message {
    world.upstream.take().pop().unwrap()
}

#[test]
fn headers_are_worked_out_from_session_and_request() {
    let world = world();
    let traits =
        json!({"name": "Alice", "groups": ["bank-desk", "home", "bank-vault"], "role": "x"});
    world.identity.says("c", person(traits).reply());
    assert_eq!(world.call("/account/1?lang=de", "c").status, 200);
    let first = seen(&world);
    for (name, value) in [
        ("x-user-name", "Alice"),
        ("x-user-groups", "bank-desk,bank-vault"),
        ("x-user-label", "<Alice> password"),
        ("x-user-role", "x"),
        ("x-user-where", "GET /account/1 alice"),
        ("x-user-lang", "de"),
        ("x-user-hour", "12"),
    ] {
        assert_eq!(first.headers(name), [value], "{name}");
    }
    assert_eq!(first.header("x-session-aal"), None);
    // The same session, another request.
    assert_eq!(world.call("/account/2", "c").status, 200);
    let second = seen(&world);
    assert_eq!(second.headers("x-user-where"), ["GET /account/2 alice"]);
    assert_eq!(second.header("x-user-lang"), None);
    assert_eq!(world.identity.calls(), 1);
}

#[test]
fn a_rule_that_introduces_nobody_keeps_back_what_is_worked_out_for_each_request_too() {
    let world = World::with(&Change {
        sections: SECTIONS,
        rules: Some(
            r#"
upstreams:
  bank: { url: UPSTREAM }
rules:
  - id: stranger
    match: { host: bank.example.com, path: /account/** }
    required_aal: aal1
    upstream: bank
    upstream_identity: { headers: false }
"#,
        ),
        ..Change::default()
    });
    let traits = json!({"name": "Alice", "groups": []});
    world.identity.says("c", person(traits).reply());
    assert_eq!(world.call("/account/1?lang=de", "c").status, 200);
    let first = seen(&world);
    for name in ["x-user-name", "x-user-where", "x-user-lang", "x-user-hour"] {
        assert_eq!(first.header(name), None, "{name}");
    }
}

#[test]
fn a_header_without_an_answer_is_left_out_and_never_the_clients_own() {
    let world = world();
    world
        .identity
        .says("c", person(json!({"groups": "bank-desk"})).reply());
    let headers = [
        ("Cookie", session("c")),
        ("X-User-Name", "mallory".into()),
        ("X-User-Groups", "bank-vault".into()),
        ("X_User_Label", "mallory".into()),
        ("X-User-Role", "admin".into()),
        ("X-User-Lang", "mallory".into()),
        ("X-User-Where", "mallory".into()),
    ];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(world.gateway.get("/account/", &headers).status, 200);
    let seen = seen(&world);
    for name in [
        "x-user-name",
        "x-user-groups",
        "x-user-label",
        "x-user-role",
        "x-user-lang",
    ] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!(seen.header("x_user_label"), None);
    assert_eq!(seen.headers("x-user-where"), ["GET /account/ alice"]);
}

/// Values that would like to be more than one.
const SMUGGLED: [(&str, &str); 5] = [
    ("a\r\nX-Admin: yes", "a%0D%0AX-Admin: yes"),
    (
        "a\nX-Admin: yes\n\nGET /x HTTP/1.1",
        "a%0AX-Admin: yes%0A%0AGET /x HTTP/1.1",
    ),
    ("a\0b", "a%00b"),
    ("\u{7f}\u{b}\u{c}\t", "%7F%0B%0C%09"),
    (
        "\u{560d}\u{560a}X-Admin: yes",
        "%E5%98%8D%E5%98%8AX-Admin: yes",
    ),
];

#[test]
fn no_value_breaks_out_of_its_header() {
    let world = world();
    for (name, expected) in SMUGGLED {
        world.identity.says(
            "c",
            person(json!({"name": name, "groups": [], "role": name})).reply(),
        );
        assert_eq!(
            world
                .call("/account/?lang=a%0D%0AX-Admin:%20yes", "c")
                .status,
            200
        );
        let seen = seen(&world);
        assert_eq!(seen.headers("x-user-name"), [expected]);
        assert_eq!(seen.headers("x-user-role"), [expected]);
        assert_eq!(
            seen.headers("x-user-label"),
            [format!("<{expected}> password")]
        );
        assert_eq!(seen.headers("x-user-lang"), ["a%0D%0AX-Admin: yes"]);
        assert_eq!(seen.header("x-admin"), None);
        world.gateway.running.resolver().purge();
    }
    assert!(
        world.upstream.received().is_empty(),
        "no request beside those"
    );
}

#[test]
fn a_value_without_measure_is_left_out() {
    let world = world();
    let long = "a".repeat(5_000);
    let traits = json!({"name": long, "groups": ["bank-desk"], "role": "x"});
    world.identity.says("c", person(traits).reply());
    assert_eq!(world.call("/account/", "c").status, 200);
    let seen = seen(&world);
    assert_eq!(seen.header("x-user-name"), None);
    assert_eq!(seen.header("x-user-label"), None);
    assert_eq!(seen.headers("x-user-groups"), ["bank-desk"]);
}

/// An application that speaks HTTP/2 without TLS and remembers what headers it got.
fn h2_app(runtime: &tokio::runtime::Runtime) -> (SocketAddr, Arc<Mutex<Vec<HeaderMap>>>) {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let seen: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
    let kept = Arc::clone(&seen);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                kept.lock().unwrap().push(request.headers().clone());
                std::future::ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
            });
            tokio::spawn(
                hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (address, seen)
}

#[test]
fn no_value_breaks_out_of_its_header_over_http2_either() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let (address, received) = h2_app(&runtime);
    let rules = format!(
        "upstreams: {{ app: {{ url: \"http://{address}\", protocol: h2c }} }}\nrules:\n  \
         - {{ id: all, match: {{ path: /** }}, required_aal: aal1, upstream: app }}\n"
    );
    let world = World::with(&Change {
        sections: SECTIONS,
        rules: Some(&rules),
        ..Change::default()
    });
    for (name, expected) in SMUGGLED {
        let traits: Value = json!({"name": name, "groups": [], "role": name});
        world.identity.says("c", person(traits).reply());
        assert_eq!(world.call("/?lang=a%0D%0Ab", "c").status, 200);
        let seen = received.lock().unwrap().pop().unwrap();
        assert_eq!(seen["x-user-name"], expected);
        assert_eq!(
            seen["x-user-label"],
            format!("<{expected}> password").as_str()
        );
        assert_eq!(seen["x-user-lang"], "a%0D%0Ab");
        assert!(!seen.contains_key("x-admin"));
        world.gateway.running.resolver().purge();
    }
}
