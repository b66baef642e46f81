//! What stands around a front: Stepgate as a process, with its proxy and its decision listeners, an
//! identity service that says what it is told and counts, and an application that writes down
//! everything that reaches it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::certificate::{Certificate, shown};
use crate::support::identity::{Identity, Session};
use crate::support::program::Program;
use crate::support::reply::Reply;
use crate::support::server::{Line, Message, Server};

/// The host that the rules are about.
pub(crate) const HOST: &str = "app.test";
/// Where most clients come from: neither the fronts' address nor a trusted one.
pub(crate) const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// A client in the network `office`.
pub(crate) const OFFICE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));

/// The key of RFC 6455's example.
pub(super) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Everything but the front.
pub(crate) struct World {
    pub(crate) identity: Identity,
    /// Says 200 and what it was asked for; a WebSocket shouts back.
    pub(crate) application: Server,
    stepgate: Program,
}

impl World {
    /// Starts everything on free ports; the people of [`cast`] have signed in at `now`.
    pub(crate) fn start(now: Timestamp) -> Self {
        Self::with(now, CONFIG, RULES)
    }

    /// The same with another configuration, in which `IDENTITY` stands for the identity service's
    /// URL, and other rules, in which `UPSTREAM` stands for the application's.
    pub(crate) fn with(now: Timestamp, config: &str, rules: &str) -> Self {
        let identity = Identity::start();
        cast(&identity, now);
        let application = application();
        let config = config.replace("IDENTITY", &identity.url());
        let rules = rules.replace("UPSTREAM", &application.url());
        let stepgate = Program::serve(&[("stepgate.yaml", &config), ("rules/app.yaml", &rules)]);
        Self {
            identity,
            application,
            stepgate,
        }
    }

    /// The same where people come by https, and Stepgate's proxy has a second listener, with TLS.
    pub(crate) fn secured(now: Timestamp, certificate: &Certificate) -> Self {
        let tls = format!(
            "listen:\n    - '127.0.0.1:0'\n    - {{ address: '127.0.0.1:0', tls: {{ certificates: \
             [{{ cert: {}, key: {} }}] }} }}\n",
            shown(&certificate.file()),
            shown(&certificate.key())
        );
        let config = CONFIG
            .replacen("listen: \"127.0.0.1:0\"\n", &tls, 1)
            .replacen("http://app.test", "https://app.test", 1);
        Self::with(now, &config, RULES)
    }

    /// Where Stepgate's own proxy listens.
    pub(crate) fn proxy(&self) -> SocketAddr {
        self.only("proxy").expect("a proxy listener")
    }

    /// Where it listens with TLS.
    pub(crate) fn proxy_tls(&self) -> SocketAddr {
        let all = self.stepgate.addresses("proxy");
        *all.get(1).expect("a listener with TLS")
    }

    /// Where the decision is asked for over HTTP.
    pub(crate) fn decision_http(&self) -> Option<SocketAddr> {
        self.only("forward_auth")
    }

    /// Where the decision is asked for over gRPC.
    pub(crate) fn decision_grpc(&self) -> Option<SocketAddr> {
        self.only("ext_authz")
    }

    /// Ends Stepgate at once; everything else stays.
    pub(crate) fn stop_stepgate(&mut self) {
        self.stepgate.kill();
    }

    /// The folder that Stepgate runs in.
    pub(crate) fn folder(&self) -> &Path {
        self.stepgate.folder()
    }

    /// What Stepgate printed.
    pub(crate) fn log(&self) -> String {
        self.stepgate.output()
    }

    fn only(&self, door: &str) -> Option<SocketAddr> {
        self.stepgate.addresses(door).first().copied()
    }
}

/// Gives everyone a session, named by what its cookie or token is worth. A name that ends in a
/// digit may be used up by a test: there is one for each round.
fn cast(identity: &Identity, now: Timestamp) {
    let alice = || Session::new("alice", now);
    let stale = || alice().authenticated_ago(3600);
    let keyed = json!([
        {"method": "password", "aal": "aal1", "completed_at": now.to_string()},
        {"method": "webauthn", "aal": "aal2", "completed_at": now.to_string()},
    ]);
    let renewed = ("Set-Cookie", "ory_kratos_session=renewed; Path=/; HttpOnly");
    let slow_down = [("Retry-After", "7"), ("Content-Type", "application/json")];
    let lines = [
        ("aal1", alice().reply()),
        ("aal2", alice().aal2().reply()),
        ("stale-aal1", stale().reply()),
        ("stale-aal2", stale().aal2().reply()),
        ("bob", Session::new("bob", now).reply()),
        (
            "eve",
            Session::new("eve", now)
                .with("/identity/traits/region", json!("us"))
                .reply(),
        ),
        (
            "emma",
            Session::new("emma", now)
                .with("/identity/traits/region", json!("eu"))
                .reply(),
        ),
        (
            "keyed",
            alice()
                .aal2()
                .with("/authentication_methods", keyed)
                .reply(),
        ),
        ("renewed", alice().reply_with(&[renewed])),
        ("looping-1", alice().reply()),
        ("looping-2", alice().reply()),
        ("limited-1", Session::new("limited-1", now).reply()),
        ("limited-2", Session::new("limited-2", now).reply()),
        ("outage", Reply::json("500 Internal Server Error", "{}")),
        (
            "throttled",
            Reply::answer("429 Too Many Requests", &slow_down, "{}"),
        ),
        ("ory_st_alice", alice().aal2().reply()),
    ];
    for (credential, reply) in lines {
        identity.says(credential, reply);
    }
    let factors =
        |credentials| Reply::json("200 OK", &json!({"credentials": credentials}).to_string());
    let totp = json!({"totp": {"config": {"totp_url": "otpauth://totp/x"}}});
    identity.admin_says("alice", factors(totp));
    identity.admin_says("bob", factors(json!({"password": {"config": {}}})));
    let page = Reply::answer("200 OK", &[("Content-Type", "text/html")], "<p>Log in</p>");
    identity.answers("/self-service/login/", page);
}

fn application() -> Server {
    Server::serving(|line, _| {
        while let Some(request) = line.request() {
            if request.header("upgrade").is_some() {
                shout(line, &request);
                return;
            }
            if !line.write(&told(&request)) {
                return;
            }
        }
    })
}

/// 200 with the request line and the body.
fn told(request: &Message) -> Vec<u8> {
    let body = format!("{}\n{}", request.line(), request.text());
    let length = body.len();
    let body = if request.method() == "HEAD" {
        ""
    } else {
        &body
    };
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
         X-Application: here\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Agrees to a WebSocket, then sends back what comes, in capitals.
fn shout(line: &mut Line, request: &Message) {
    // Who opens one by HTTP/2 has no key, so the front makes one.
    let key = request.one("sec-websocket-key").unwrap_or_default();
    let accept = derive_accept_key(key.as_bytes());
    let agreed = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nX-Application: here\r\n\r\n"
    );
    line.write(agreed.as_bytes());
    let mut bytes = [0; 1024];
    loop {
        let size = line.read(&mut bytes);
        if size == 0 {
            return;
        }
        bytes[..size].make_ascii_uppercase();
        line.write(&bytes[..size]);
    }
}

/// Limits that have nothing to do with the decision are out of the way: one client asks everything.
const CONFIG: &str = r#"
version: 1
proxy:
  listen: "127.0.0.1:0"
  workers: 1
  trusted_proxies: [127.0.0.1/32]
rules: rules/
reload: { watch: false }
networks: { office: [127.0.0.3/32] }
identity:
  external:
    public_url: "IDENTITY"
    browser_url: "http://app.test/auth"
    mount: /auth
    admin_url: "IDENTITY"
    whoami_required_aal: aal1
    circuit_breaker: { failures: 100000, window: 10s, open_for: 1s }
sessions:
  refusal_recheck: { per_second_per_credential: 100000 }
  misses: { per_second_per_address: 100000 }
decision:
  http: { listen: "127.0.0.1:0" }
  grpc: { listen: "127.0.0.1:0" }
  trusted_proxies: [127.0.0.1/32]
admin: { listen: null }
telemetry: { log: { format: json } }
"#;

const RULES: &str = r#"
upstreams:
  app: { url: "UPSTREAM" }
defaults: { upstream: app }
rules:
  - { id: public, match: { host: app.test, path: /public/** }, required_aal: none }
  - { id: whoever, match: { host: app.test, path: /whoever/** }, required_aal: none, identify: true }
  - { id: account, match: { host: app.test, path: /account/** }, required_aal: aal1 }
  - { id: transfer, match: { host: app.test, path: /transfer/** }, required_aal: aal2 }
  - { id: recent, match: { host: app.test, path: /recent/** }, required_aal: aal1, max_age: 10m }
  - { id: fresh, match: { host: app.test, path: /fresh/** }, required_aal: aal2, max_age: 10m }
  - { id: firm, match: { host: app.test, path: /firm/** }, required_aal: aal2, enrol: deny }
  - id: vault
    match: { host: app.test, path: /vault/** }
    required_aal: aal2
    required_methods: { any_of: [webauthn] }
  - { id: reading, match: { host: app.test, path: /reading/**, methods: [GET] }, required_aal: aal1 }
  - { id: office, match: { host: app.test, path: /office/**, networks: [office] }, required_aal: none }
  - id: europe
    match: { host: app.test, path: /europe/** }
    required_aal: aal1
    condition: session.identity.traits.region == "eu"
  - id: limited
    match: { host: app.test, path: /limited/** }
    required_aal: aal1
    limits: { requests: 1 per 1h, per: session }
  - id: secure
    match: { host: app.test, path: /secure/** }
    required_aal: none
    condition: request.scheme == "https"
  - { id: socket, match: { host: app.test, path: /socket/** }, required_aal: aal1 }
"#;
