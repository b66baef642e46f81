//! Tokens that only look good.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::issuer::{Issuer, Key, claims, status};
use crate::support::gateway::{Change, World, now};

fn header() -> Value {
    json!({"alg": "RS256", "kid": "rsa1"})
}

#[test]
fn claims_that_are_not_plainly_right_are_refused() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let second = now().as_second();
    assert_eq!(status(&world, &issuer.token()), 200);
    for wrong in [
        json!({"exp": second - 31}),
        json!({"exp": (second + 60).to_string()}),
        json!({"exp": true}),
        json!({"exp": -1}),
        json!({"exp": 1e300}),
        json!({"exp": [second + 60]}),
        json!({"nbf": second + 60}),
        json!({"nbf": "0"}),
        json!({"nbf": {}}),
        json!({"iat": second + 60}),
        json!({"iat": "1"}),
        json!({"auth_time": second + 60}),
        json!({"auth_time": "1"}),
        json!({"aud": ["other"]}),
        json!({"aud": ["gateway", 1]}),
        json!({"aud": "gateway "}),
        json!({"aud": "Gateway"}),
        json!({"aud": {"gateway": true}}),
        json!({"aud": null}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": 7}),
        json!({"sub": "alice\nroot"}),
        json!({"sub": "a".repeat(300)}),
        json!({"token_use": "id"}),
        json!({"token_use": 1}),
        json!({"typ": "ID"}),
        json!({"typ": "Refresh"}),
        json!({"at_hash": "x"}),
        json!({"c_hash": "x"}),
        json!({"events": {}}),
    ] {
        let token = issuer.token_with(&wrong);
        assert_eq!(status(&world, &token), 401, "{wrong}");
        world
            .gateway
            .clock
            .advance(std::time::Duration::from_millis(100));
    }
    // Null is no time either.
    let text = claims(&json!({}))
        .to_string()
        .replacen('{', "{\"nbf\":null,", 1);
    assert_eq!(status(&world, &issuer.rsa.sign_text(&header(), &text)), 401);
    let seen = world.upstream.take();
    assert_eq!(seen.len(), 1);
}

#[test]
fn claims_at_the_edge_of_what_is_right_are_accepted() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let second = now().as_second();
    for right in [
        json!({"exp": second - 29}),
        json!({"exp": 4_102_444_800_u64}),
        json!({"exp": 4_102_444_800.5}),
        json!({"nbf": second + 30, "iat": second + 30}),
        json!({"iat": null, "jti": null}),
        json!({"aud": ["other", "gateway"]}),
        json!({"token_use": "access"}),
        json!({"typ": "Bearer"}),
        json!({"sub": "auth0|7:x@y"}),
    ] {
        assert_eq!(status(&world, &issuer.token_with(&right)), 200, "{right}");
    }
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        let header = json!({"alg": "ES256", "kid": "ec1", "typ": typ});
        let token = issuer.ec.sign(&header, &claims(&json!({})));
        assert_eq!(status(&world, &token), 200, "{typ}");
    }
}

#[test]
fn headers_that_ask_for_more_than_a_signature_are_refused() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let attacker = Key::rsa("rsa1");
    let good = claims(&json!({}));
    for (name, value) in [
        ("typ", json!("id+jwt")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("JWE")),
        ("typ", json!(1)),
        ("cty", json!("JWT")),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("enc", json!("A256GCM")),
        ("kid", json!(["rsa1"])),
        ("kid", json!(null)),
        ("kid", json!("rsa1\0")),
        ("kid", json!("ec1")),
        ("kid", json!("k".repeat(600))),
    ] {
        let mut header = header();
        header[name] = value.clone();
        let token = issuer.rsa.sign(&header, &good);
        assert_eq!(status(&world, &token), 401, "{name} {value}");
    }
    // A key of one's own in the header convinces nobody, and no place for one is visited.
    let places = format!("{}/evil", issuer.server.url());
    for (name, value) in [
        ("jwk", attacker.public.clone()),
        ("jku", json!(places)),
        ("x5u", json!(places)),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = header();
        header[name] = value;
        let token = attacker.sign(&header, &good);
        assert_eq!(status(&world, &token), 401, "{name}");
        // Nor does it harm a good one.
        let token = issuer.rsa.sign(&header, &good);
        assert_eq!(status(&world, &token), 200, "{name}");
    }
    let asked = issuer.server.received();
    assert!(asked.iter().all(|request| request.target() == "/jwks"));
}

#[test]
fn a_token_has_one_spelling() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let token = issuer.token();
    let parts: Vec<&str> = token.split('.').collect();
    let padded = format!("{}.{}=.{}", parts[0], parts[1], parts[2]);
    let blank = format!("{}. {}.{}", parts[0], parts[1], parts[2]);
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    let header_twice = {
        let header = r#"{"alg":"RS256","kid":"rsa1","alg":"RS256"}"#;
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), parts[1]);
        let key = &issuer.rsa.private;
        let algorithm = jsonwebtoken::Algorithm::RS256;
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
        format!("{message}.{signature}")
    };
    let long = issuer.token_with(&json!({"x": "y".repeat(20_000)}));
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let deep: Value = serde_json::from_str(&deep).unwrap();
    let deep = issuer.token_with(&json!({ "x": deep }));
    for token in [padded, blank, unsigned, header_twice, long, deep] {
        assert_eq!(status(&world, &token), 401, "{token}");
    }
    // The last character of a signature carries bits that mean nothing: only one of its spellings
    // is right.
    let at = parts[2].len() - 1;
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let right = alphabet
        .chars()
        .filter(|last| {
            world
                .gateway
                .clock
                .advance(std::time::Duration::from_millis(100));
            let token = format!("{}.{}.{}{last}", parts[0], parts[1], &parts[2][..at]);
            status(&world, &token) == 200
        })
        .count();
    assert_eq!(right, 1);
    assert_eq!(world.identity.calls(), 0, "nobody else saw a token of ours");
}

#[test]
fn a_token_of_another_audience_issuer_or_key_opens_nothing() {
    let issuer = Issuer::start();
    let other = Issuer::start();
    let sections = format!(
        "bearer_jwt:\n  - {{ issuer: {}, jwks_url: \"{}/jwks\", audience: gateway }}\n  \
         - {{ issuer: https://other.test, jwks_url: \"{}/jwks\", audience: [a, b] }}\n",
        super::issuer::NAME,
        issuer.server.url(),
        other.server.url(),
    );
    let world = World::with(&Change {
        sections: &sections,
        ..Change::default()
    });
    let of_other = json!({"iss": "https://other.test", "aud": "b"});
    assert_eq!(status(&world, &issuer.token()), 200);
    assert_eq!(status(&world, &other.token_with(&of_other)), 200);
    // The keys of one issuer are good for its own tokens alone.
    assert_eq!(status(&world, &issuer.token_with(&of_other)), 401);
    assert_eq!(status(&world, &other.token()), 401);
    let crossed = json!({"iss": "https://other.test", "aud": "gateway"});
    assert_eq!(status(&world, &other.token_with(&crossed)), 401);
}

#[test]
fn who_sends_bad_tokens_is_slowed_down_and_nobody_else() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let bad = |number: u32| issuer.token_with(&json!({"exp": 1, "jti": number.to_string()}));
    let statuses: Vec<u16> = (0..60).map(|number| status(&world, &bad(number))).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 50);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 10);
    world
        .gateway
        .clock
        .advance(std::time::Duration::from_secs(2));
    // Good tokens are never counted.
    for number in 0..60 {
        let token = issuer.token_with(&json!({"jti": number.to_string()}));
        assert_eq!(status(&world, &token), 200);
    }
}
