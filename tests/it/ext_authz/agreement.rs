//! What one door refuses and tells to the audit log, the others refuse and tell too, unless they do
//! what that one can't.

use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;

use super::client::{CHECK, Front};
use super::place::{Place, drive};
use super::{about, denied, question, status};
use crate::support::client::{Connection, ask};
use crate::support::eventually;
use crate::support::people;

const RULES: &str = r#"
upstreams: { app: { url: "http://127.0.0.1:1" } }
defaults: { upstream: app }
rules:
  - id: shop
    match: { host: app.test, path: /cors/** }
    required_aal: aal1
    cors: { origins: ["https://shop.test"], methods: [GET] }
  - id: moving
    match: { host: app.test, path: /moving/** }
    required_aal: none
    rewrite: { path_regex: ["/moving/(.*)x/(.*)", "/$1/$2"] }
  - { id: hello, match: { host: app.test, path: /hello }, required_aal: none, respond: { status: 200 } }
  - { id: gone, match: { host: app.test, path: /gone }, required_aal: none, respond: { status: 410 } }
  - id: moved
    match: { host: app.test, path: /moved }
    required_aal: none
    redirect: { to: "https://app.test/hello", status: 308 }
"#;

/// The status at a door, and whether it is a refusal in the audit log.
type Outcome = (u16, bool);

struct Case {
    name: &'static str,
    request: (&'static str, &'static str),
    headers: &'static [(&'static str, &'static str)],
    proxy: Outcome,
    forward_auth: Outcome,
    ext_authz: Outcome,
}

const fn case(
    name: &'static str,
    request: (&'static str, &'static str),
    headers: &'static [(&'static str, &'static str)],
    [proxy, forward_auth, ext_authz]: [Outcome; 3],
) -> Case {
    Case {
        name,
        request,
        headers,
        proxy,
        forward_auth,
        ext_authz,
    }
}

const ASKING: (&str, &str) = ("access-control-request-method", "GET");

const CASES: [Case; 8] = [
    case(
        "a preflight of another origin",
        ("OPTIONS", "/cors/x"),
        &[("origin", "https://evil.test"), ASKING],
        [(403, true), (403, true), (403, true)],
    ),
    case(
        "a preflight that is granted",
        ("OPTIONS", "/cors/x"),
        &[("origin", "https://shop.test"), ASKING],
        [(204, false), (403, true), (204, false)],
    ),
    case(
        "a rule's own yes",
        ("GET", "/hello"),
        &[],
        [(200, false), (403, true), (200, false)],
    ),
    case(
        "a rule's own no",
        ("GET", "/gone"),
        &[],
        [(410, false), (410, false), (410, false)],
    ),
    case(
        "a rule's own way on",
        ("GET", "/moved"),
        &[],
        [(308, false), (308, false), (308, false)],
    ),
    case(
        "two credentials",
        ("GET", "/hello"),
        &[("cookie", "session=a"), ("x-session-token", "b")],
        [(400, true), (400, true), (400, true)],
    ),
    case(
        "one of several readings of our own pages",
        ("GET", "/.well-known/stepgate//x"),
        &[],
        [(400, true), (400, true), (400, true)],
    ),
    case(
        "a rewrite to what can't be sent, which forward-auth has no part in",
        ("GET", "/moving/x/y"),
        &[],
        [(400, true), (200, false), (400, true)],
    ),
];

/// The status of an answer over gRPC, whatever it means.
fn status_of(answer: &CheckResponse) -> u16 {
    denied(answer);
    u16::try_from(status(answer)).unwrap()
}

fn over_http(place: &Place, case: &Case) -> u16 {
    let (method, target) = case.request;
    let mut text = format!(
        "GET /check HTTP/1.1\r\nHost: door.test\r\nX-Forwarded-Method: {method}\r\n\
         X-Forwarded-Proto: http\r\nX-Forwarded-Host: app.test\r\nX-Forwarded-Uri: {target}\r\n"
    );
    for (name, value) in case.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    Connection::open(place.address("forward_auth"))
        .ask(text)
        .status
}

async fn over_grpc(place: &Place, case: &Case) -> u16 {
    let (method, target) = case.request;
    let asked = about(target, case.headers);
    let asked = asked.attributes.and_then(|it| it.request?.http).unwrap();
    let asked = question(HttpRequest {
        method: method.to_owned(),
        ..asked
    });
    let mut front = Front::connect(place.address("ext_authz")).await;
    status_of(&front.ask(CHECK, &asked).await)
}

#[test]
fn the_same_refusals_are_in_the_audit_log_whichever_door_refuses() {
    let place = Place::with(people::start(), RULES);
    drive(async {
        let mut told = [0; 3];
        for case in &CASES {
            let (method, target) = case.request;
            let proxy = ask(
                place.address("proxy"),
                method,
                target,
                "app.test",
                case.headers,
            )
            .status;
            let statuses = [
                proxy,
                over_http(&place, case),
                over_grpc(&place, case).await,
            ];
            let wanted = [case.proxy, case.forward_auth, case.ext_authz];
            assert_eq!(statuses, wanted.map(|(status, _)| status), "{}", case.name);
            for (told, (_, refused)) in told.iter_mut().zip(wanted) {
                *told += usize::from(refused);
            }
            let doors = ["proxy", "forward_auth", "ext_authz"];
            let log = || doors.map(|door| place.audited(door).len());
            assert!(eventually(|| log() == told), "{}: {:?}", case.name, log());
            let refused = |door| place.counted(door, "deny") + place.counted(door, "bad_request");
            let counted = doors.map(|door| usize::try_from(refused(door)).unwrap());
            assert_eq!(counted, told, "{}", case.name);
        }
    });
}
