//! Fronts that ask clients for certificates and tell the application what they saw: it gets their
//! word, and never a client's.

use std::net::SocketAddr;
use std::path::Path;

use jiff::Timestamp;

use super::case::{Case, case};
use super::certificate::{Certificate, Holder, shown};
use super::encrypted::Client;
use super::nginx::{self, Nginx};
use super::process::Started;
use super::world::World;
use super::{deployed, envoy, find};
use crate::support::client::Connection;
use crate::support::server::Message;

const PART: &str = "Client certificates";

/// A front that asks for certificates, its clients and what is behind it.
struct Asking {
    world: World,
    started: Started,
    certificate: Certificate,
    holder: Holder,
}

impl Asking {
    fn start(
        world: impl FnOnce(&Certificate) -> World,
        start: impl FnOnce(&World, &Certificate, &Holder) -> Started,
    ) -> Self {
        let (certificate, holder) = (Certificate::make(), Holder::make("teller"));
        let world = world(&certificate);
        let started = start(&world, &certificate, &holder);
        Self {
            world,
            started,
            certificate,
            holder,
        }
    }

    /// What the holder of a certificate gets, and what the application got.
    fn holder_asks(&self, case: &Case) -> (u16, Vec<Message>) {
        let address = self.started.address;
        self.ask(
            &Client::with(address, &self.certificate, &self.holder),
            case,
        )
    }

    /// The same for somebody without one.
    fn stranger_asks(&self, case: &Case) -> (u16, Vec<Message>) {
        self.ask(&Client::of(self.started.address, &self.certificate), case)
    }

    fn ask(&self, client: &Client, case: &Case) -> (u16, Vec<Message>) {
        self.world.application.take();
        let (answer, _) = client
            .ask(case, 1, &[])
            .unwrap_or_else(|| panic!("{}: {}", case.name, self.started.log()));
        (answer.status, self.world.application.take())
    }
}

fn get() -> Case {
    case("a page", "GET", "/public/a")
}

fn forging() -> Case {
    get()
        .header("X-SSL-Client-Verify", "SUCCESS")
        .header("X-SSL-Client-S-DN", "CN=forged")
        .header("X-Forwarded-Client-Cert", "Subject=\"CN=forged\"")
}

/// The two headers of the pages about nginx.
fn told(request: &Message) -> (Option<&str>, Option<&str>) {
    (
        request.one("x-ssl-client-verify"),
        request.one("x-ssl-client-s-dn"),
    )
}

const TELLER: (Option<&str>, Option<&str>) = (Some("SUCCESS"), Some("CN=teller"));

#[test]
fn nginx_tells_of_certificates_and_no_client_does() {
    let Some(program) = find(&Nginx) else {
        return;
    };
    let start = |world: &World, certificate: &Certificate, holder: &Holder| {
        Started::launch(|address, folder| {
            let [server, location] = &deployed::examples_of("nginx.md", PART)[..] else {
                panic!("two examples");
            };
            let text = nginx::secured_configuration(world, certificate, address, folder);
            let before = "        server_name _;\n";
            let pass = "            proxy_pass http://application;\n";
            assert!(text.contains(before) && text.contains(pass));
            let text = text
                .replace(before, &format!("{server}{before}"))
                .replace(pass, &format!("{location}{pass}"));
            nginx::run(&program, folder, &with_authority(&text, holder))
        })
    };
    let asking = Asking::start(|own| World::secured(Timestamp::now(), own), start);
    let (status, reached) = asking.holder_asks(&get());
    assert_eq!(status, 200, "{}", asking.started.log());
    assert_eq!(told(&reached[0]), TELLER);
    let (status, reached) = asking.stranger_asks(&get());
    assert_eq!((status, told(&reached[0]).0), (200, Some("NONE")));
    for (status, reached) in [
        asking.holder_asks(&forging()),
        asking.stranger_asks(&forging()),
    ] {
        assert_eq!((status, reached.len()), (400, 0));
    }
}

fn with_authority(text: &str, holder: &Holder) -> String {
    let file = "/etc/nginx/clients.pem";
    assert!(text.contains(file), "{text}");
    text.replace(file, &shown(&holder.authority()))
}

#[test]
fn stepgates_proxy_hands_on_what_a_trusted_proxy_tells_of_certificates() {
    let Some(program) = find(&Nginx) else {
        return;
    };
    let [nginx_example, own] = &deployed::examples_of("load-balancers.md", PART)[..] else {
        panic!("two examples");
    };
    let names = own
        .lines()
        .find(|line| line.contains("client_certificate_headers"));
    let names = names.unwrap().trim();
    let config = CONFIG.replace("HEADERS", names);
    let start = |world: &World, certificate: &Certificate, holder: &Holder| {
        Started::launch(|address, folder| {
            let example = certificate
                .put_into(nginx_example, "/etc/nginx")
                .replace("listen 443", &format!("listen {address}"))
                .replace(deployed::PROXY, &world.proxy().to_string());
            let text = format!(
                "events {{}}\nhttp {{ access_log off; client_body_temp_path {place}/body; \
                 proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi; \
                 uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;\n{example}}}\n",
                place = folder.display()
            );
            nginx::run(&program, folder, &with_authority(&text, holder))
        })
    };
    let world = |_: &Certificate| World::with(Timestamp::now(), &config, RULES);
    let asking = Asking::start(world, start);
    for case in [get(), forging()] {
        let (status, reached) = asking.holder_asks(&case);
        assert_eq!(status, 200, "{}", asking.started.log());
        assert_eq!(told(&reached[0]), TELLER);
        assert_eq!(reached[0].one("x-forwarded-client-cert"), None);
    }
    // Past nginx nobody is believed.
    let proxy = asking.world.proxy();
    asking.world.application.take();
    let forged = Connection::open_from(get().from, proxy).ask(forging().bytes(1, &[]));
    assert_eq!(forged.status, 200);
    assert_eq!(told(&asking.world.application.take()[0]), (None, None));
    // Nor is a proxy that adds to what clients say.
    let both = get()
        .header("X-SSL-Client-Verify", "forged")
        .header("X-SSL-Client-Verify", "NONE");
    let doubled = Connection::open(proxy).ask(both.bytes(1, &[]));
    assert_eq!(doubled.status, 200);
    assert_eq!(told(&asking.world.application.take()[0]), (None, None));
}

fn envoy_tells(program: &Path, file: &str, decision: impl Fn(&World) -> (u16, SocketAddr)) {
    let start = |world: &World, certificate: &Certificate, holder: &Holder| {
        let [socket, details] = &deployed::examples_of("envoy.md", PART)[..] else {
            panic!("two examples");
        };
        let authority = "/etc/envoy/clients.pem";
        assert!(socket.contains(authority));
        let socket = socket.replace(authority, &shown(&holder.authority()));
        let (context, remote) = (
            "              common_tls_context:\n",
            "                use_remote_address: true\n",
        );
        envoy::start_secured(program, world, file, decision(world), certificate, |text| {
            assert!(text.contains(context) && text.contains(remote), "{text}");
            text.replacen(context, &socket, 1)
                .replacen(remote, &format!("{remote}{details}"), 1)
        })
    };
    let asking = Asking::start(|own| World::secured(Timestamp::now(), own), start);
    for case in [get(), forging()] {
        let (status, reached) = asking.holder_asks(&case);
        assert_eq!(status, 200, "{}", asking.started.log());
        let said = reached[0]
            .one("x-forwarded-client-cert")
            .unwrap_or_default();
        assert!(said.contains("Subject=\"CN=teller\""), "{said}");
        assert!(!reached[0].head.contains("forged"), "{}", reached[0].head);
        assert_eq!(told(&reached[0]), (None, None));
    }
}

#[cfg(feature = "ext-authz")]
#[test]
fn envoy_over_grpc_tells_of_certificates_and_no_client_does() {
    if let Some(program) = find(&envoy::Grpc) {
        let decision = |world: &World| (4457, world.decision_grpc().unwrap());
        envoy_tells(&program, "envoy/grpc.yaml", decision);
    }
}

#[test]
fn envoy_over_http_tells_of_certificates_and_no_client_does() {
    if let Some(program) = find(&envoy::Http) {
        let decision = |world: &World| (4456, world.decision_http().unwrap());
        envoy_tells(&program, "envoy/http.yaml", decision);
    }
}

const CONFIG: &str = r#"
version: 1
proxy:
  listen: "127.0.0.1:0"
  trusted_proxies: [127.0.0.1/32]
  HEADERS
rules: rules/
reload: { watch: false }
identity: { external: { public_url: "IDENTITY" } }
admin: { listen: null }
telemetry: { log: { format: json } }
"#;

const RULES: &str = r#"
upstreams:
  app: { url: "UPSTREAM" }
defaults: { upstream: app, required_aal: none }
rules:
  - { id: public, match: { host: app.test, path: /public/** } }
"#;
