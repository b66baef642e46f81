//! Known attacks on whoever verifies tokens: each is refused, and nothing reaches the application.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde::Deserialize;
use serde_json::{Value, json};

use super::issuer::{Issuer, Key, status, unsigned};

#[derive(Deserialize)]
struct Case {
    id: String,
    header: Value,
    payload: Value,
    /// How it is signed.
    sign: String,
    /// The token itself, where it needs no key.
    token: Option<String>,
}

fn cases() -> Vec<Case> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/golden/jwt_vectors.jsonl"
    );
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

impl Case {
    /// The tokens of this attack.
    fn tokens(&self, issuer: &Issuer, attacker: &Key) -> Vec<String> {
        let own = if self.header["alg"] == "ES256" {
            &issuer.ec
        } else {
            &issuer.rsa
        };
        let claims = self.payload.to_string();
        let message = unsigned(&self.header, &claims);
        let with = |signature: &[u8]| format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        let hmac = |secret: &[u8]| {
            let key = EncodingKey::from_secret(secret);
            let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
            format!("{message}.{signature}")
        };
        match &*self.sign {
            "none" => vec![self.token.clone().unwrap(), with(b"x")],
            "valid" => vec![own.sign(&self.header, &self.payload)],
            "attacker" => vec![attacker.sign(&self.header, &self.payload)],
            "attacker_many" => (0..30)
                .map(|number| {
                    let header = json!({"alg": "RS256", "kid": format!("unknown-{number}")});
                    attacker.sign(&header, &self.payload)
                })
                .collect(),
            "public_as_secret" => {
                let n = issuer.rsa.public["n"].as_str().unwrap();
                let whole = issuer.rsa.public.to_string();
                vec![
                    hmac(&URL_SAFE_NO_PAD.decode(n).unwrap()),
                    hmac(whole.as_bytes()),
                ]
            }
            "empty_secret" => vec![hmac(b""), with(b"")],
            "zeros" => vec![with(&[0; 64])],
            "duplicate_subject" => {
                let twice = claims.replacen('{', "{\"sub\":\"root\",", 1);
                vec![own.sign_text(&self.header, &twice)]
            }
            "other_forms" => {
                let token = own.sign(&self.header, &self.payload);
                let parts: Vec<&str> = token.split('.').collect();
                let json = json!({
                    "protected": parts[0], "payload": parts[1], "signature": parts[2],
                });
                vec![
                    json.to_string(),
                    format!("{token}.{}", parts[2]),
                    format!("{token}.{}.{}", parts[1], parts[2]),
                ]
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn known_attacks_with_tokens_are_refused() {
    let issuer = Issuer::start();
    let attacker = Key::rsa("rsa1");
    let world = issuer.world();
    let cases = cases();
    assert_eq!(cases.len(), 24);
    let good = json!({"iss": super::issuer::NAME, "aud": "gateway", "sub": "alice",
        "exp": 4_102_444_800_u64, "iat": 1_700_000_000});
    for key in [(&issuer.rsa, "RS256", "rsa1"), (&issuer.ec, "ES256", "ec1")] {
        let token = key.0.sign(&json!({"alg": key.1, "kid": key.2}), &good);
        assert_eq!(status(&world, &token), 200, "the yardstick itself");
    }
    world.upstream.take();
    for case in &cases {
        for token in case.tokens(&issuer, &attacker) {
            assert_eq!(status(&world, &token), 401, "{}: {token}", case.id);
            // Who sends many bad tokens is slowed down, which is not what is looked at here.
            world
                .gateway
                .clock
                .advance(std::time::Duration::from_secs(1));
        }
        assert!(world.upstream.received().is_empty(), "{}", case.id);
    }
    // Thirty names of keys that do not exist, within half a minute: the first fetch, five more,
    // and at most one for each half minute.
    assert!(issuer.asked() <= 9, "{}", issuer.asked());
}
