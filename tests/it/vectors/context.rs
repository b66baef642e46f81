//! The gateway that attacks are played against, with its upstream and its identity service.

use std::net::SocketAddr;

use rustls::pki_types::CertificateDer;

use crate::support::free_port;
use crate::support::people;
use crate::support::program::Program;
use crate::support::server::Server;

/// A running gateway and the two parties behind it.
pub(super) struct Context {
    pub(super) program: Program,
    pub(super) plain: SocketAddr,
    pub(super) tls: SocketAddr,
    pub(super) certificate: CertificateDer<'static>,
    pub(super) upstream: Server,
    pub(super) identity: Server,
}

impl Context {
    /// `R1`: a protected and a half-protected part under a rule that lets everything through, the
    /// worst neighbourhood for a matcher. `RC` is the same, looked at for identity headers; `R3`
    /// is about wildcard hosts, and lives in the same file.
    pub(super) fn permissive() -> Self {
        Self::start(
            r#"
  - { id: admin, match: { host: app.test, path: /admin/** }, required_aal: aal2, upstream: app }
  - id: api
    match: { host: app.test, path: /api/**, methods: [GET, POST] }
    required_aal: aal1
    upstream: app
  - { id: public, match: { host: app.test, path: /public/** }, required_aal: none, upstream: app }
  - { id: rest, match: { host: app.test, path: /** }, required_aal: none, upstream: app }
  - { id: far, match: { host: h2.app.test, path: /** }, required_aal: none, upstream: far }
  - { id: inner, match: { host: "*.b.app.test", path: /** }, required_aal: aal2, upstream: app }
  - { id: outer, match: { host: "*.app.test", path: /** }, required_aal: none, upstream: app }
"#,
        )
    }

    /// `R2`: only one public part, everything else has no rule.
    pub(super) fn closed() -> Self {
        Self::start(
            r#"
  - { id: public, match: { host: app.test, path: /public/** }, required_aal: none, upstream: app }
"#,
        )
    }

    fn start(rules: &str) -> Self {
        let upstream = Server::echo();
        let identity = people::start();
        let tls = free_port();
        let pair = rcgen::generate_simple_self_signed(vec!["app.test".to_owned()]).unwrap();
        let config = CONFIG
            .replace("@TLS@", &tls.to_string())
            .replace("@IDENTITY@", &identity.url());
        let rules = format!(
            "upstreams:\n  app: {{ url: \"{}\" }}\n  far: {{ url: \"{}\", protocol: h2c }}\nrules:{rules}",
            upstream.url(),
            leaving().url(),
        );
        let program = Program::serve(&[
            ("stepgate.yaml", &config),
            ("rules/app.yaml", &rules),
            ("tls.crt", &pair.cert.pem()),
            ("tls.key", &pair.signing_key.serialize_pem()),
        ]);
        let addresses = program.addresses("proxy");
        let plain = addresses.iter().copied().find(|address| *address != tls);
        Self {
            plain: plain.expect("a plain listener"),
            program,
            tls,
            certificate: pair.cert.der().clone(),
            upstream,
            identity,
        }
    }
}

/// An HTTP/2 upstream that says goodbye at once and floods with settings.
fn leaving() -> Server {
    Server::serving(|line, _| {
        let _ = line.head();
        let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0].repeat(10_000);
        line.write(&[&settings[..], &goaway[..]].concat());
    })
}

/// Short patience with clients, so that an attack that waits is over soon; the limits on whoami
/// calls are out of the way, so that attacks of one client do not hide each other.
const CONFIG: &str = r#"
version: 1
proxy:
  listen:
    - { address: "127.0.0.1:0" }
    - { address: "@TLS@", tls: { certificates: [{ cert: tls.crt, key: tls.key }] } }
  workers: 1
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
upstream_identity:
  headers:
    X-User-Id: session.identity.id
    X-User-Email: session.identity.traits.email
    X-Auth-Aal: session.authenticator_assurance_level
    X-Auth-Jwt: session.id
decision: { http: { listen: "127.0.0.1:0" }, trusted_proxies: [127.0.0.2/32] }
admin: { listen: "127.0.0.1:0" }
telemetry: { log: { format: json } }
"#;
