//! Keys of identity tokens that are replaced while the program runs.

use std::net::SocketAddr;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use super::issuer::Key;
use crate::support::client::ask;
use crate::support::eventually;
use crate::support::identity::{COOKIE, Identity, Session};
use crate::support::program::Program;
use crate::support::server::Server;

const CONFIG: &str = r#"
version: 1
proxy: { listen: [{ address: "127.0.0.1:0" }], workers: 1 }
identity: { external: { public_url: "@IDENTITY@" } }
sessions: { cache: { ttl: 1s } }
upstream_identity:
  jwt: { issuer: "https://gate.test", key: "${file:jwt.pem}", ttl: 5s, algorithm: ES256 }
reload: { watch: @WATCH@, debounce: 50ms }
admin: { listen: null }
telemetry: { log: { format: json }, access_log: { output: null } }
"#;

const RULES: &str = r#"
upstreams: { app: { url: "@UPSTREAM@" } }
rules: [{ id: all, match: { path: /** }, required_aal: aal1, upstream: app }]
"#;

struct World {
    program: Program,
    upstream: Server,
    address: SocketAddr,
    /// It answers as long as this lives.
    _identity: Identity,
}

impl World {
    fn start(key: &Key, watch: bool) -> Self {
        let (identity, upstream) = (Identity::start(), Server::hello());
        #[allow(clippy::disallowed_methods, reason = "the program reads the real time")]
        let now = jiff::Timestamp::now();
        identity.says("c", Session::new("alice", now).reply());
        let config = CONFIG
            .replace("@IDENTITY@", &identity.url())
            .replace("@WATCH@", &watch.to_string());
        let rules = RULES.replace("@UPSTREAM@", &upstream.url());
        let program = Program::serve(&[
            ("stepgate.yaml", &config),
            ("rules/app.yaml", &rules),
            ("jwt.pem", &key.pem),
        ]);
        Self {
            address: program.addresses("proxy")[0],
            program,
            upstream,
            _identity: identity,
        }
    }

    fn token(&self) -> String {
        let cookie = format!("{COOKIE}=c");
        let answer = ask(self.address, "GET", "/", "app.test", &[("Cookie", &cookie)]);
        assert_eq!(answer.status, 200, "{}", self.program.output());
        let seen = self.upstream.take().pop().unwrap();
        seen.one("x-stepgate-jwt").unwrap().to_owned()
    }

    fn keys(&self) -> JwkSet {
        let answer = ask(
            self.address,
            "GET",
            "/.well-known/jwks.json",
            "app.test",
            &[],
        );
        serde_json::from_str(&answer.text()).unwrap()
    }
}

fn verifies(keys: &JwkSet, token: &str) -> bool {
    let header = decode_header(token).unwrap();
    let Some(key) = keys.find(header.kid.as_ref().unwrap()) else {
        return false;
    };
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&["app"]);
    decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &rules).is_ok()
}

fn key_of(token: &str) -> Option<String> {
    decode_header(token).unwrap().kid
}

/// Tokens verify by what is published before, while and after the key is replaced.
fn rotate(watch: bool) {
    let (one, two) = (Key::ec("one"), Key::ec("two"));
    let world = World::start(&one, watch);
    let before = world.token();
    assert!(verifies(&world.keys(), &before));
    world.program.write("jwt.pem", &two.pem);
    if !watch {
        world.program.signal("HUP");
    }
    let replaced = || {
        let token = world.token();
        assert!(verifies(&world.keys(), &token));
        key_of(&token) != key_of(&before)
    };
    assert!(eventually(replaced), "{}", world.program.output());
    let keys = world.keys();
    assert_eq!(keys.keys.len(), 2);
    assert!(keys.find(&key_of(&before).unwrap()).is_some());
    assert!(!world.program.says("need a restart"));
    // What can't be used is not taken.
    world.program.write("jwt.pem", "nonsense");
    world.program.signal("HUP");
    let told = || world.program.says("no key to sign with");
    assert!(eventually(told), "{}", world.program.output());
    assert!(verifies(&world.keys(), &world.token()));
    for key in [&one, &two] {
        let secret = key.pem.lines().nth(1).unwrap();
        assert!(!world.program.output().contains(secret));
    }
}

#[test]
fn a_new_key_is_taken_at_a_signal_and_the_old_one_stays_published() {
    rotate(false);
}

#[test]
fn a_new_key_is_taken_when_its_file_changes() {
    rotate(true);
}
