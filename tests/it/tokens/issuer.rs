//! An issuer of tokens: it publishes its keys over HTTP and counts who asks. It signs with a
//! library that the gateway does not verify with.

use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use stepgate::signing::SigningKey;

use crate::support::gateway::{Change, World, now};
use crate::support::reply::Reply;
use crate::support::server::Server;

/// What its tokens say they are from.
pub(super) const NAME: &str = "https://id.test";

/// A key pair.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) pem: String,
    pub(super) private: EncodingKey,
    /// As it is published.
    pub(super) public: Value,
}

impl Key {
    /// P-256.
    pub(super) fn ec(id: &str) -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let pem = pair.serialize_pem();
        let private = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
        Self::new(id, pem, private)
    }

    /// Ed25519.
    pub(super) fn ed(id: &str) -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let pem = pair.serialize_pem();
        let private = EncodingKey::from_ed_pem(pem.as_bytes()).unwrap();
        Self::new(id, pem, private)
    }

    /// RSA of 2048 bits.
    pub(super) fn rsa(id: &str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let dashes = "-----";
        let pem =
            format!("{dashes}BEGIN PRIVATE KEY{dashes}\n{text}\n{dashes}END PRIVATE KEY{dashes}\n");
        let private = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        Self::new(id, pem, private)
    }

    fn new(id: &str, pem: String, private: EncodingKey) -> Self {
        let mut public = SigningKey::from_pem(&pem).unwrap()[0].public_jwk().unwrap();
        public["kid"] = id.into();
        Self {
            pem,
            private,
            public,
        }
    }

    /// A token with this header and these claims.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(header, &claims.to_string())
    }

    /// The same with claims as text, to the letter.
    pub(super) fn sign_text(&self, header: &Value, claims: &str) -> String {
        let algorithm: Algorithm = header["alg"].as_str().unwrap().parse().unwrap();
        let message = unsigned(header, claims);
        let signature = crypto::sign(message.as_bytes(), &self.private, algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// Header and claims, without a signature.
pub(super) fn unsigned(header: &Value, claims: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims))
}

/// An issuer at work.
pub(super) struct Issuer {
    pub(super) server: Server,
    reply: Arc<Mutex<Reply>>,
    pub(super) rsa: Key,
    pub(super) ec: Key,
}

impl Issuer {
    /// It has an RSA key `rsa1` and a P-256 key `ec1`.
    pub(super) fn start() -> Self {
        let (rsa, ec) = (Key::rsa("rsa1"), Key::ec("ec1"));
        let reply = Arc::new(Mutex::new(published(&[&rsa, &ec])));
        let said = Arc::clone(&reply);
        let server = Server::replying(move |_| said.lock().unwrap().clone());
        Self {
            server,
            reply,
            rsa,
            ec,
        }
    }

    /// Publishes these keys from now on.
    pub(super) fn publishes(&self, keys: &[&Key]) {
        self.says(published(keys));
    }

    /// Answers so from now on.
    pub(super) fn says(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    /// How often its keys were asked for.
    pub(super) fn asked(&self) -> usize {
        self.server.received().len()
    }

    /// A token of alice's, good for an hour, as access tokens are.
    pub(super) fn token(&self) -> String {
        self.token_with(&json!({}))
    }

    /// The same with further claims; null takes one out.
    pub(super) fn token_with(&self, further: &Value) -> String {
        let header = json!({"alg": "RS256", "kid": "rsa1", "typ": "at+jwt"});
        self.rsa.sign(&header, &claims(further))
    }

    /// `bearer_jwt` with this issuer, and further keys.
    pub(super) fn section(&self, further: &str) -> String {
        let url = format!("{}/jwks", self.server.url());
        format!("bearer_jwt:\n  - {{ issuer: {NAME}, jwks_url: \"{url}\", {further} }}\n")
    }

    /// A gateway that believes this issuer, for the audience `gateway`.
    pub(super) fn world(&self) -> World {
        World::with(&Change {
            sections: &self.section("audience: gateway"),
            ..Change::default()
        })
    }
}

fn published(keys: &[&Key]) -> Reply {
    let keys: Vec<&Value> = keys.iter().map(|key| &key.public).collect();
    Reply::json("200 OK", &json!({ "keys": keys }).to_string())
}

/// The claims of a good token, changed.
pub(super) fn claims(further: &Value) -> Value {
    let second = now().as_second();
    let mut claims = json!({
        "iss": NAME, "aud": "gateway", "sub": "alice", "iat": second - 60, "exp": second + 3600,
        "jti": "one", "email": "alice@example.com",
    });
    for (name, value) in further.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

/// The status with which a token is met on a route that asks for one factor.
pub(super) fn status(world: &World, token: &str) -> u16 {
    bearer(world, "/account/", token).status
}

/// Asks with a token.
pub(super) fn bearer(world: &World, target: &str, token: &str) -> crate::support::client::Response {
    let authorization = format!("Bearer {token}");
    world
        .gateway
        .get(target, &[("Authorization", &authorization)])
}
