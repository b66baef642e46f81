//! What the parts of a request cost: rule look-up, decision, session cache, headers.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a benchmark may fail, and criterion makes the functions"
)]

use std::fmt::Write;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use stepgate::clock::Clock;
use stepgate::minting::{self, Minter};
use stepgate::policy::{
    Decision, Found, Host, Request, RuleSet, Scheme, Standing, Subject, decide,
};
use stepgate::rules::{Context, compile};
use stepgate::signing::SigningKey;
use stepgate::whoami::{
    Answer, Asking, Config, Credential, Freshness, HeaderSource, IdentityService, Issuers, Record,
    Resolution, Resolver, Said, Session,
};

const SESSION: &str = r#"{
    "id": "0d5a3f0e-1111-4111-8111-000000000001", "active": true,
    "expires_at": "2099-01-01T00:00:00Z", "authenticated_at": "2026-01-01T00:00:00Z",
    "authenticator_assurance_level": "aal2", "issued_at": "2026-01-01T00:00:00Z",
    "authentication_methods": [
        {"method": "password", "aal": "aal1", "completed_at": "2026-01-01T00:00:00Z"},
        {"method": "totp", "aal": "aal2", "completed_at": "2026-01-01T00:00:00Z"}],
    "identity": {"id": "9f1425a8-7c44-4d1c-9d5a-0f6c8ce1a0b2", "schema_id": "default",
        "schema_url": "http://127.0.0.1/s", "state": "active",
        "traits": {"email": "someone@example.test"}, "metadata_public": null},
    "devices": []}"#;

const SIZES: [usize; 3] = [10, 10_000, 100_000];

/// `count` rules on a thousand hosts and many paths, with names, wildcards and methods among them.
fn rules(count: usize) -> Arc<RuleSet> {
    let mut text = String::from("upstreams: { app: { url: \"http://127.0.0.1:9000\" } }\nrules:\n");
    for number in 0..count {
        let (host, service) = (number % 1000, number / 1000);
        let path = match number % 4 {
            0 => format!("/service{service}/**"),
            1 => format!("/service{service}/{{id}}/edit"),
            2 => format!("/service{service}/*/items/**"),
            _ => format!("/service{service}/list"),
        };
        let aal = if number % 3 == 0 { "aal2" } else { "aal1" };
        writeln!(
            text,
            "  - {{ id: r{number}, match: {{ host: h{host}.example.test, path: \"{path}\" }}, \
             required_aal: {aal}, upstream: app }}"
        )
        .unwrap();
    }
    Arc::new(compile("bench.yaml", &text, &Context::default()).unwrap())
}

/// A request that the last rule of a set of `count` matches.
fn request(count: usize) -> Request {
    let number = (count - 1) / 4 * 4;
    let (host, service) = (number % 1000, number / 1000);
    let (path, query) = Request::parse_target(&format!("/service{service}/a/b?page=2")).unwrap();
    Request {
        method: Method::GET,
        scheme: Scheme::Https,
        host: Host::parse(&format!("h{host}.example.test")).unwrap(),
        port: None,
        path,
        query,
        client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

fn rule_look_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rule look-up");
    for count in SIZES {
        let (set, request) = (rules(count), request(count));
        let headers = HeaderMap::new();
        assert!(matches!(set.find(&request, &headers), Found::Rule(_)));
        group.bench_function(BenchmarkId::from_parameter(count), |bench| {
            bench.iter(|| black_box(set.find(black_box(&request), &headers)));
        });
    }
    group.finish();
}

fn parsing(criterion: &mut Criterion) {
    criterion.bench_function("canonical request", |bench| {
        bench.iter(|| {
            let host = Host::parse_authority(black_box("App.Example.test:443"), Scheme::Https);
            let target = Request::parse_target(black_box("/api/v1/things/42?page=2&sort=name"));
            black_box((host.unwrap(), target.unwrap()))
        });
    });
}

fn subject() -> Subject {
    Session::parse(SESSION.as_bytes()).unwrap().subject
}

/// Look-up and judgement together, the request made anew each time as the gateway does.
fn decision(criterion: &mut Criterion) {
    let (subject, now) = (subject(), Timestamp::from_second(1_790_000_000).unwrap());
    let headers = HeaderMap::new();
    let mut group = criterion.benchmark_group("decision");
    for count in SIZES {
        let (set, request) = (rules(count), request(count));
        group.bench_function(BenchmarkId::from_parameter(count), |bench| {
            bench.iter_batched(
                || request.clone(),
                |request| {
                    let Found::Rule(found) = set.find(&request, &headers) else {
                        panic!("a rule matches");
                    };
                    black_box(decide(
                        &set,
                        &found,
                        request,
                        &headers,
                        Standing::Known(&subject),
                        now,
                    ))
                },
                criterion::BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

const CONDITIONS: &str = r#"
upstreams: { app: { url: "http://127.0.0.1:9000" } }
rules:
  - id: desk
    match: { host: app.example.test, path: /desk/** }
    required_aal: aal2
    max_age: 20000h
    upstream: app
    condition: >-
      session.identity.traits.email.endsWith("@example.test") && "totp" in session.methods
      && session.authentication_methods.exists(m, m.aal == "aal2")
      && request.method in ["GET", "POST"]
"#;

/// A decision with a condition over session and request, methods among it.
fn condition(criterion: &mut Criterion) {
    let document: serde_json::Value = serde_json::from_str(SESSION).unwrap();
    let subject = subject().described_by(&document);
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let set = Arc::new(compile("bench.yaml", CONDITIONS, &Context::default()).unwrap());
    let (path, query) = Request::parse_target("/desk/7?lang=de").unwrap();
    let (host, port) = Host::parse_authority("app.example.test", Scheme::Https).unwrap();
    let request = Request {
        method: Method::GET,
        scheme: Scheme::Https,
        host,
        port,
        path,
        query,
        client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let headers = HeaderMap::new();
    let decided = || {
        let Found::Rule(found) = set.find(&request, &headers) else {
            panic!("a rule matches");
        };
        let known = Standing::Known(&subject);
        decide(&set, &found, request.clone(), &headers, known, now)
    };
    assert!(matches!(decided(), Decision::Allow(_)));
    criterion.bench_function("decision with a condition", |bench| {
        bench.iter(|| black_box(decided()));
    });
}

/// Says the same session to everybody.
struct Constant;

impl IdentityService for Constant {
    fn ask<'a>(&'a self, _: &'a Credential) -> Asking<'a> {
        let session = Session::parse(SESSION.as_bytes()).unwrap();
        Box::pin(std::future::ready(Ok(Answer {
            said: Said::Session(Box::new(session)),
            set_cookies: Vec::new(),
            cache_for: None,
        })))
    }
}

fn headers_of(number: usize) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let cookie = format!("theme=dark; ory_kratos_session=s{number:031}; lang=en");
    headers.insert(COOKIE, HeaderValue::from_str(&cookie).unwrap());
    headers.insert("accept", HeaderValue::from_static("application/json"));
    headers.insert("x-request-id", HeaderValue::from_static("0123456789abcdef"));
    headers
}

fn credential_of(headers: &HeaderMap) -> Credential {
    Credential::from_headers(headers, "ory_kratos_session", &Issuers::default())
        .unwrap()
        .unwrap()
}

/// One session out of a hundred thousand, and its identity headers.
fn session_cache(criterion: &mut Criterion) {
    const SESSIONS: usize = 100_000;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let mut config = Config::default();
    config.limits.misses_per_second_per_address = u32::MAX;
    config.cache.ttl = std::time::Duration::from_secs(3600);
    let paths = [
        ("x-user-id", "session.identity.id"),
        ("x-user-email", "session.identity.traits.email"),
        ("x-session-aal", "session.authenticator_assurance_level"),
    ];
    config.identity_headers = paths
        .map(|(name, path)| {
            (
                HeaderName::from_static(name),
                HeaderSource::parse(path).unwrap(),
            )
        })
        .to_vec();
    let service = Arc::new(Constant);
    let resolver = Resolver::new(
        config,
        "bench",
        service,
        runtime.handle().clone(),
        Clock::system(),
    );
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let credentials: Vec<Credential> = (0..SESSIONS)
        .map(|number| credential_of(&headers_of(number)))
        .collect();
    let ask = |credential: &Credential| {
        let asking = resolver.resolve(credential, address, resolver.arrival(), Freshness::Cached);
        futures_block_on(asking).unwrap()
    };
    for credential in &credentials {
        runtime
            .block_on(resolver.resolve(credential, address, resolver.arrival(), Freshness::Cached))
            .unwrap();
    }
    let mut number = 0;
    criterion.bench_function("session cache hit", |bench| {
        bench.iter(|| {
            number = (number * 1_103_515_245 + 12_345) % SESSIONS;
            black_box(ask(&credentials[number]))
        });
    });
    let Resolution::Session(record) = ask(&credentials[0]).resolution else {
        panic!("it is known");
    };
    identity_token(criterion, &record);
    criterion.bench_function("identity headers", |bench| {
        let empty = headers_of(0);
        bench.iter_batched(
            || empty.clone(),
            |mut headers| {
                for (name, value) in record.identity_headers() {
                    headers.insert(name.clone(), value);
                }
                black_box(headers)
            },
            criterion::BatchSize::SmallInput,
        );
    });
}

/// The signed token of one session: made once, then handed out.
fn identity_token(criterion: &mut Criterion, record: &Record) {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let keys = SigningKey::from_pem(&pair.serialize_pem()).unwrap();
    let config = minting::Config {
        header: HeaderName::from_static("x-stepgate-jwt"),
        issuer: "https://gate.example.com".into(),
        audience: None,
        ttl: std::time::Duration::from_secs(3600),
    };
    let minter = Minter::new(config, keys, Clock::system());
    criterion.bench_function("identity token at a hit", |bench| {
        bench.iter(|| black_box(minter.value(black_box(record), "bank", None)));
    });
}

/// Polls a future that is ready at once, without a runtime around it.
fn futures_block_on<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("a hit never waits"),
    }
}

fn credentials(criterion: &mut Criterion) {
    let headers = headers_of(7);
    criterion.bench_function("credential from headers", |bench| {
        bench.iter(|| black_box(credential_of(black_box(&headers))));
    });
}

criterion_group!(
    micro,
    rule_look_up,
    parsing,
    decision,
    condition,
    session_cache,
    credentials
);
criterion_main!(micro);
