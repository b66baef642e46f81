//! Attacks that are known of gateways, thrown at real fronts: whatever the bytes, the application
//! never sees a protected path, nor an identity that somebody made up, without a decision that
//! allowed it.

use std::time::Duration;

use jiff::Timestamp;

use super::world::World;
use super::{Front, find};
use crate::support::client::exchange;
use crate::support::people::{self, ALICE_ID, BOB_ID};
use crate::support::server::Message;
use crate::vectors::case::{Case, load};
use crate::vectors::judge::{Seen, happened};

/// How long an answer may take. Attacks that wait are over by then.
const PATIENCE: Duration = Duration::from_secs(4);

/// The attacks on what a decision is about. How requests are told apart on a connection
/// (smuggling) is the front's own matter.
const CLASSES: &[&str] = &[
    "path", "ident", "fwd", "host", "cookie", "method", "bearer", "upg",
];

/// Attacks on an identity header that the files of deploy/ don't configure.
const OTHER_NAMES: &[&str] = &["ident-017", "ident-022"];

/// What must not come of an attack, as far as a decision can see to it.
const WORDS: &[&str] = &[
    "upstream_sees",
    "upstream_missing_header",
    "location_offsite",
    "whoami_and",
];

/// Throws the attacks at `front`, and fails with each that got through.
pub(super) fn run(front: &dyn Front) {
    let Some(program) = find(front) else {
        return;
    };
    let identity = people::start();
    let world = World::with(
        Timestamp::now(),
        &CONFIG.replace("@IDENTITY@", &identity.url()),
        RULES,
    );
    let started = front.start(&program, &world);
    let mut wrong = Vec::new();
    let mut played = 0;
    for case in load().iter().filter(|case| is_about_decisions(case)) {
        world.application.take();
        identity.take();
        let exchange = exchange(started.address, &case.bytes(), PATIENCE);
        let seen = Seen {
            exchange,
            upstream: world.application.take(),
            whoami: identity.take(),
            ..Seen::default()
        };
        played += 1;
        let why: Vec<String> = broken(case, &seen)
            .into_iter()
            .chain(let_in(&seen))
            .collect();
        if !why.is_empty() {
            let statuses: Vec<u16> = seen.exchange.responses.iter().map(|it| it.status).collect();
            let heads: Vec<&str> = seen.upstream.iter().map(|it| it.head.as_str()).collect();
            wrong.push(format!(
                "{}: {why:?}; answered {statuses:?}; {heads:#?}",
                case.id
            ));
        }
    }
    assert!(played > 100, "only {played} attacks");
    let log = started.log();
    assert!(
        wrong.is_empty(),
        "{}: {} of {played}\n{}\n{log}",
        front.name(),
        wrong.len(),
        wrong.join("\n")
    );
}

fn is_about_decisions(case: &Case) -> bool {
    let class = case.id.split('-').next().unwrap_or_default();
    let named = !OTHER_NAMES.contains(&case.id.as_str());
    named && CLASSES.contains(&class) && case.context != "R2" && !case.bytes().is_empty()
}

/// What the golden file forbids and happened all the same.
fn broken(case: &Case, seen: &Seen) -> Vec<String> {
    let forbidden = case.forbidden.iter();
    let ours = forbidden.filter(|word| WORDS.iter().any(|ours| word.starts_with(ours)));
    // Where nothing came through, nothing came through without a header either.
    let ours =
        ours.filter(|word| !word.starts_with("upstream_missing") || !seen.upstream.is_empty());
    ours.filter(|word| happened(word, seen) != Ok(false))
        .cloned()
        .collect()
}

/// Requests that the application must never have got, whatever was sent.
fn let_in(seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    for request in &seen.upstream {
        let person = request.header("x-user-id");
        let known = matches!(person, Some(ALICE_ID | BOB_ID));
        let path = request.target().split('?').next().unwrap_or_default();
        if let Some(part) = protected(path) {
            let allowed = match part {
                "admin" => person == Some(ALICE_ID),
                _ => known,
            };
            if !allowed {
                wrong.push(format!("{path} for {person:?}"));
            }
        }
        // An empty header says as much as none: some fronts can't take one out.
        if person.is_some_and(|person| !person.is_empty()) && !known {
            wrong.push(format!("an identity that nobody has: {person:?}"));
        }
        wrong.extend(twins(request));
    }
    wrong
}

/// The protected part that a lax application would find at a path: whatever it decodes, folds and
/// walks up.
fn protected(path: &str) -> Option<&'static str> {
    let mut text = path.to_owned();
    for _ in 0..2 {
        text = percent_encoding::percent_decode_str(&text)
            .decode_utf8_lossy()
            .into_owned();
        let mut segments: Vec<String> = Vec::new();
        for segment in text.replace('\\', "/").split('/') {
            match segment.split(';').next().unwrap_or_default().trim() {
                "" | "." => {}
                ".." => drop(segments.pop()),
                name => segments.push(name.to_lowercase()),
            }
        }
        match segments.first().map(String::as_str) {
            // `%2561dmin` is `%61dmin` for everyone who decodes once, as all must.
            Some("admin") if !path.contains("%25") => return Some("admin"),
            Some("api") if !path.contains("%25") => return Some("api"),
            _ => {}
        }
    }
    None
}

/// Identity headers in a spelling that an application could take for the real ones.
fn twins(request: &Message) -> Vec<String> {
    let fold = |name: &str| name.to_ascii_lowercase().replace(['_', '.'], "-");
    let plain = ["x-user-id", "x-user-email", "x-session-id", "x-session-aal"];
    let mut wrong = Vec::new();
    for name in plain {
        let found: Vec<&str> = request
            .fields()
            .map(|(it, _)| it)
            .filter(|it| fold(it) == name)
            .collect();
        if found.len() > 1 || found.iter().any(|it| !it.eq_ignore_ascii_case(name)) {
            wrong.push(format!("{found:?}"));
        }
    }
    wrong
}

/// The identity headers have the names that the files of deploy/ speak of.
const CONFIG: &str = r#"
version: 1
proxy:
  listen: "127.0.0.1:0"
  workers: 1
  trusted_proxies: [127.0.0.1/32]
  timeouts: { request_header: 1s, request_body_idle: 1s, keep_alive: 2s }
rules: rules/
reload: { watch: false }
identity:
  external:
    public_url: "@IDENTITY@"
    browser_url: https://id.test
    session_cookie: session
    whoami_required_aal: aal1
sessions:
  refusal_recheck: { per_second_per_credential: 10000 }
  misses: { per_second_per_address: 10000 }
decision:
  http: { listen: "127.0.0.1:0" }
  grpc: { listen: "127.0.0.1:0" }
  trusted_proxies: [127.0.0.1/32]
admin: { listen: null }
telemetry: { log: { format: json } }
"#;

/// A protected and a half-protected part under a rule that lets everything through.
const RULES: &str = r#"
upstreams:
  app: { url: "UPSTREAM" }
defaults: { upstream: app }
rules:
  - { id: admin, match: { host: app.test, path: /admin/** }, required_aal: aal2 }
  - { id: api, match: { host: app.test, path: /api/**, methods: [GET, POST] }, required_aal: aal1 }
  - { id: public, match: { host: app.test, path: /public/** }, required_aal: none }
  - { id: rest, match: { host: app.test, path: /** }, required_aal: none }
  - { id: inner, match: { host: "*.b.app.test", path: /** }, required_aal: aal2 }
  - { id: outer, match: { host: "*.app.test", path: /** }, required_aal: none }
"#;
