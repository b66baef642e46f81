use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value, json};

use super::{ASYMMETRIC, Algorithm, KeyError, PemError, SigningKey, VerifyingKey};

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, alg: &str, crv: &str) -> Value {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let private = pair.private_key().as_be_bytes().unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(private.as_ref().len());
    json!({"kty": "EC", "crv": crv, "alg": alg, "kid": "one", "use": "sig",
        "d": text(private.as_ref()), "x": text(x), "y": text(y)})
}

fn ed25519() -> Value {
    let pair = Ed25519KeyPair::generate().unwrap();
    let seed = pair.seed().unwrap().as_be_bytes().unwrap();
    json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "one",
        "d": text(seed.as_ref()), "x": text(pair.public_key().as_ref())})
}

/// One element of DER: its content, and what follows.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let first = usize::from(der[1]);
    let (start, length) = if first < 128 {
        (2, first)
    } else {
        let bytes = first - 128;
        let number = der[2..2 + bytes].iter();
        let length = number.fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        (2 + bytes, length)
    };
    der[start..].split_at(length)
}

fn rsa(alg: &str) -> Value {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let (outer, _) = element(der.as_ref());
    let (_, rest) = element(outer);
    let (_, rest) = element(rest);
    let (octets, _) = element(rest);
    let (mut rest, _) = element(octets);
    let mut key = json!({"kty": "RSA", "alg": alg, "kid": "one"});
    for name in ["version", "n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        let (number, after) = element(rest);
        key[name] = text(number.strip_prefix(&[0]).unwrap_or(number)).into();
        rest = after;
    }
    key
}

fn secret() -> Value {
    json!({"kty": "oct", "alg": "HS256", "kid": "one", "k": text(&[7; 32])})
}

fn set(key: &Value) -> String {
    json!({ "keys": [key] }).to_string()
}

fn claims() -> Map<String, Value> {
    let claims = json!({"sub": "ada", "exp": 4_000_000_000_u64, "name": "Ada Ł"});
    claims.as_object().unwrap().clone()
}

#[test]
fn others_can_verify_what_each_kind_of_key_signs() {
    for key in [
        ed25519(),
        ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, "ES256", "P-256"),
        ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, "ES384", "P-384"),
        rsa("RS256"),
        rsa("PS384"),
        rsa("RS512"),
        secret(),
    ] {
        let token = SigningKey::from_jwks(&set(&key)).unwrap();
        let token = token.sign(&claims()).unwrap();
        let header = decode_header(&token).unwrap();
        assert_eq!(header.kid.as_deref(), Some("one"));
        assert_eq!(header.typ.as_deref(), Some("JWT"));
        let public: Jwk = serde_json::from_value(key.clone()).unwrap();
        let public = DecodingKey::from_jwk(&public).unwrap();
        let mut validation = Validation::new(header.alg);
        validation.required_spec_claims.clear();
        let read = decode::<Map<String, Value>>(&token, &public, &validation).unwrap();
        assert_eq!(read.claims, claims(), "{key}");
        let mut forged = token.into_bytes();
        let at = forged.iter().position(|&byte| byte == b'.').unwrap() + 3;
        forged[at] ^= 1;
        assert!(decode::<Map<String, Value>>(&forged, &public, &validation).is_err());
    }
}

fn changed(mut key: Value, name: &str, value: Value) -> KeyError {
    if value.is_null() {
        key.as_object_mut().unwrap().remove(name);
    } else {
        key[name] = value;
    }
    SigningKey::from_jwks(&set(&key)).unwrap_err()
}

#[test]
fn a_key_that_cannot_sign_safely_is_refused_with_the_reason() {
    let ec = || ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, "ES256", "P-256");
    assert_eq!(changed(ec(), "alg", Value::Null), KeyError::NoAlgorithm);
    assert_eq!(changed(ec(), "alg", json!("none")), KeyError::Mismatch);
    assert_eq!(changed(ec(), "alg", json!("ES384")), KeyError::Mismatch);
    assert_eq!(changed(ec(), "alg", json!("HS256")), KeyError::Mismatch);
    assert_eq!(changed(ec(), "use", json!("enc")), KeyError::OtherUse);
    assert_eq!(changed(ec(), "d", Value::Null), KeyError::Missing("d"));
    assert_eq!(changed(ec(), "d", json!("!")), KeyError::NotBase64("d"));
    assert_eq!(
        changed(ec(), "x", json!(text(&[1; 32]))),
        KeyError::Rejected
    );
    assert_eq!(
        changed(ec(), "x", json!(text(&[1; 99]))),
        KeyError::Rejected
    );
    assert_eq!(
        changed(ed25519(), "x", json!(text(&[1; 32]))),
        KeyError::Rejected
    );
    assert_eq!(
        changed(rsa("RS256"), "d", Value::Null),
        KeyError::Missing("d")
    );
    assert_eq!(
        changed(rsa("RS256"), "n", json!(text(&[3; 64]))),
        KeyError::Rejected
    );
    assert_eq!(
        changed(secret(), "k", json!(text(&[7; 16]))),
        KeyError::Rejected
    );
    let empty = SigningKey::from_jwks(r#"{"keys": []}"#);
    assert_eq!(empty.unwrap_err(), KeyError::Empty);
    let broken = SigningKey::from_jwks(r#"{"keys": [{"kty": "EC", "d": "topsecret""#);
    let told = broken.unwrap_err().to_string();
    assert!(
        told.contains("line 1") && !told.contains("topsecret"),
        "{told}"
    );
}

#[test]
fn debug_shows_no_part_of_a_key() {
    let key = secret();
    let shown = format!("{:?}", SigningKey::from_jwks(&set(&key)).unwrap());
    assert!(shown.contains("Hs256"), "{shown}");
    assert!(!shown.contains(key["k"].as_str().unwrap()), "{shown}");
}

#[test]
fn a_published_key_verifies_what_its_pem_signs() {
    let ed25519 = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
    let blocks = [
        (ed25519.as_ref(), Algorithm::EdDsa),
        (p256.to_pkcs8v1().unwrap().as_ref(), Algorithm::Es256),
        (rsa.as_ref(), Algorithm::Rs256),
    ]
    .map(|(der, algorithm)| (pem(der), algorithm));
    for (text, algorithm) in &blocks {
        let [key] = &SigningKey::from_pem(text).unwrap()[..] else {
            panic!("one key")
        };
        assert_eq!(key.algorithm(), *algorithm);
        let token = key.sign(&claims()).unwrap();
        let public = key.public_jwk().unwrap();
        assert!(public.get("d").is_none());
        let keys = VerifyingKey::from_jwks(set(&public).as_bytes(), None).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let verifies = |algorithm| keys[0].verify(algorithm, signed.as_bytes(), &signature);
        assert!(verifies(*algorithm), "{public}");
        assert!(!verifies(Algorithm::Rs512) && !verifies(Algorithm::Hs256));
        assert!(!keys[0].verify(*algorithm, b"other", &signature));
        assert_eq!(keys[0].id(), key.id());
    }
    let all: String = blocks.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(SigningKey::from_pem(&all).unwrap().len(), 3);
    assert_eq!(SigningKey::from_pem("").unwrap_err(), PemError::NoKey);
    assert_eq!(
        SigningKey::from_pem(&pem(b"nonsense")).unwrap_err(),
        PemError::Kind
    );
}

fn pem(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let dashes = "-----";
    format!("{dashes}BEGIN PRIVATE KEY{dashes}\n{text}\n{dashes}END PRIVATE KEY{dashes}\n")
}

#[test]
fn a_key_verifies_by_what_it_is_for_and_nothing_else() {
    let algorithms = |key: &Value, allowed: Option<&[Algorithm]>| -> Vec<Algorithm> {
        let keys = VerifyingKey::from_jwks(set(key).as_bytes(), allowed).unwrap();
        let is_for = |algorithm: &Algorithm| keys.iter().any(|key| key.is_for(*algorithm));
        ASYMMETRIC.into_iter().filter(is_for).collect()
    };
    let mut key = rsa("RS256");
    assert_eq!(algorithms(&key, None), [Algorithm::Rs256]);
    assert_eq!(algorithms(&key, Some(&[Algorithm::Rs512])), []);
    key.as_object_mut().unwrap().remove("alg");
    assert_eq!(algorithms(&key, None), [Algorithm::Rs256]);
    let wide = [Algorithm::Rs512, Algorithm::Ps256, Algorithm::Es256];
    assert_eq!(
        algorithms(&key, Some(&wide)),
        [Algorithm::Rs512, Algorithm::Ps256]
    );
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("n", json!(text(&[0xff; 128]))),
    ] {
        let mut other = key.clone();
        other[name] = value;
        assert_eq!(algorithms(&other, None), [], "{name}");
    }
    assert_eq!(algorithms(&secret(), None), []);
    assert_eq!(algorithms(&secret(), Some(&[Algorithm::Hs256])), []);
    assert!(VerifyingKey::from_jwks(b"[]", None).is_err());
}
