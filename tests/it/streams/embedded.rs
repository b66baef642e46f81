//! Streams beside the identity service of the same process.

use std::time::Duration;

use serde_json::{Value, json};
use stepgate::identity::credential::totp::TotpSecret;

use super::world::{App, close_of, websocket};
use crate::identity::world::{Client, node};
use crate::support::client::{self, Connection};
use crate::support::eventually;
use crate::support::gateway::Gateway;

const SESSION: &str = "ory_kratos_session";

const CONFIG: &str = r#"
version: 1
proxy: { listen: [{ address: "127.0.0.1:0" }] }
rules: [rules/test.yaml]
reload: { watch: false }
identity:
  embedded:
    mount: /auth
    database: memory
    kratos:
      selfservice:
        methods: { totp: { enabled: true } }
        flows: { registration: { after: { password: { hooks: [ { hook: session } ] } } } }
admin: { listen: "127.0.0.1:0" }
"#;

struct World {
    gateway: Gateway,
    _app: App,
}

impl World {
    fn start() -> Self {
        let app = App::start();
        let rules = format!(
            "upstreams: {{ app: {{ url: \"{}\" }} }}\nrules:\n  - {{ id: one, match: {{ path: \
             /one/** }}, required_aal: aal1, upstream: app }}\n",
            app.server.url()
        );
        let gateway = Gateway::start(CONFIG, &rules);
        Self { gateway, _app: app }
    }

    fn somebody(&self, email: &str) -> Client {
        let mut browser = Client::below("/auth", self.gateway.address, true);
        let flow = browser.open("registration", "");
        let fields = json!({
            "method": "password", "password": "tangerine-Lighthouse-42",
            "traits": {"email": email},
        });
        let answer = browser.submit(&flow, fields);
        assert_eq!(answer.status, 200, "{}", answer.text());
        browser
    }

    fn open(&self, browser: &Client) -> Connection {
        let cookie = format!("{SESSION}={}", browser.cookies[SESSION]);
        let host = self.gateway.address.to_string();
        let mut stream = websocket(self.gateway.address, "/one/ws", &host, &cookie);
        assert_eq!(stream.read(5), b"\x81\x03abc");
        stream
    }

    fn running(&self) -> usize {
        self.gateway.running.streams().running()
    }

    fn until_running(&self, streams: usize) {
        assert!(
            eventually(|| self.running() == streams),
            "{}",
            self.running()
        );
    }

    fn admin(&self, method: &str, path: &str) -> u16 {
        let address = self.gateway.running.address("admin").unwrap();
        let answer = client::ask(address.parse().unwrap(), method, path, "localhost", &[]);
        answer.status
    }
}

fn session(browser: &mut Client) -> Value {
    let answer = browser.get("/auth/sessions/whoami");
    assert_eq!(answer.status, 200);
    answer.json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn signing_out_in_one_tab_cuts_the_stream_of_another() {
    let world = World::start();
    let (mut ada, bob) = (
        world.somebody("ada@b.example"),
        world.somebody("bob@b.example"),
    );
    let (mut stream, _other) = (world.open(&ada), world.open(&bob));
    world.until_running(2);
    let logout = ada.get("/auth/self-service/logout/browser").json();
    let token = text(&logout["logout_token"]);
    let done = ada.get(&format!("/auth/self-service/logout?token={token}"));
    assert_eq!(done.status, 204);
    let (code, reason) = close_of(&mut stream);
    assert_eq!((code, reason.as_str()), (4401, "the session has ended"));
    world.until_running(1);
}

#[test]
fn an_operator_cuts_streams_by_each_of_the_ways_to_end_a_session() {
    let world = World::start();
    let mut ada = world.somebody("ada@b.example");
    let known = session(&mut ada);
    let identity = text(&known["identity"]["id"]).to_owned();
    type Path = fn(&str, &str) -> String;
    let ways: [(&str, Path); 4] = [
        ("POST", |session, _| {
            format!("/stepgate/v1/sessions/{session}/revoke")
        }),
        ("DELETE", |session, _| format!("/admin/sessions/{session}")),
        ("DELETE", |_, identity| {
            format!("/admin/identities/{identity}/sessions")
        }),
        ("DELETE", |_, identity| {
            format!("/admin/identities/{identity}")
        }),
    ];
    for (method, path) in ways {
        let flow = {
            ada.cookies.clear();
            ada.open("login", "")
        };
        let fields = json!({
            "method": "password", "identifier": "ada@b.example",
            "password": "tangerine-Lighthouse-42",
        });
        assert_eq!(ada.submit(&flow, fields).status, 200);
        let own = text(&session(&mut ada)["id"]).to_owned();
        let mut stream = world.open(&ada);
        world.until_running(1);
        assert_eq!(world.admin(method, &path(&own, &identity)), 204);
        assert_eq!(close_of(&mut stream).0, 4401, "{method} {}", path("S", "I"));
        world.until_running(0);
    }
}

#[test]
fn a_stream_outlives_the_token_that_it_was_opened_with() {
    let world = World::start();
    let mut ada = world.somebody("ada@b.example");
    let old = ada.cookies[SESSION].clone();
    let mut stream = world.open(&ada);
    world.until_running(1);
    let flow = ada.open("settings", "");
    let secret = node(&flow, "totp_secret_key")["attributes"]["text"]["context"]["secret"].clone();
    let step = world.gateway.clock.wall().as_second().div_euclid(30);
    let code = TotpSecret::from_base32(text(&secret)).unwrap().code(step);
    let answer = ada.submit(&flow, json!({"method": "totp", "totp_code": code}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_ne!(ada.cookies[SESSION], old);
    // The old token is not even known any more; the session is.
    for _ in 0..4 {
        world.gateway.clock.advance(Duration::from_secs(31));
        std::thread::sleep(Duration::from_millis(150));
    }
    assert_eq!(world.running(), 1);
    let own = text(&session(&mut ada)["id"]).to_owned();
    assert_eq!(
        world.admin("DELETE", &format!("/admin/sessions/{own}")),
        204
    );
    assert_eq!(close_of(&mut stream).0, 4401);
}
