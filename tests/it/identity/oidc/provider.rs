//! A small OpenID provider: real HTTP, real signatures, and lies where a test wants them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::support::server::{Message, Server};

pub(crate) const CLIENT: &str = "stepgate";
pub(crate) const SECRET: &str = "provider-secret";

/// How the provider behaves. What is `None` is as it should be.
pub(crate) struct Behaviour {
    /// Who signs in next.
    pub(crate) subject: String,
    /// Claims besides the usual ones; null takes one away.
    pub(crate) claims: Value,
    /// Claims of the userinfo endpoint.
    pub(crate) userinfo: Value,
    pub(crate) algorithm: Algorithm,
    /// Signs with a key that is not published.
    pub(crate) foreign_key: bool,
    /// A token in place of the one that would be made.
    pub(crate) token: Option<String>,
    /// `iss` of the redirect.
    pub(crate) redirect_iss: Option<String>,
    /// `error` in place of a code.
    pub(crate) error: Option<String>,
    pub(crate) knows_pkce: bool,
    /// Seconds since 1970, as the service's clock has it.
    pub(crate) now: i64,
}

struct Granted {
    nonce: Option<String>,
    challenge: Option<String>,
    redirect: String,
    subject: String,
}

struct Keys {
    rsa: EncodingKey,
    ec: EncodingKey,
    foreign: EncodingKey,
}

impl Keys {
    fn make() -> Self {
        let ec = || rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let size = rcgen::RsaKeySize::_2048;
        let rsa = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
        let of_ec =
            |key: rcgen::KeyPair| EncodingKey::from_ec_pem(key.serialize_pem().as_bytes()).unwrap();
        Self {
            rsa: EncodingKey::from_rsa_pem(rsa.serialize_pem().as_bytes()).unwrap(),
            ec: of_ec(ec()),
            foreign: of_ec(ec()),
        }
    }

    fn published(&self) -> Value {
        let jwk = |key, algorithm, id: &str| {
            let mut jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
            jwk.common.key_id = Some(id.to_owned());
            serde_json::to_value(jwk).unwrap()
        };
        // A key of a kind that nobody knows must not spoil the others.
        json!({ "keys": [
            {"kty": "XYZ", "kid": "odd"},
            jwk(&self.rsa, Algorithm::RS256, "rsa"),
            jwk(&self.ec, Algorithm::ES256, "ec"),
        ] })
    }
}

pub(crate) struct Provider {
    pub(crate) server: Server,
    behaviour: Arc<Mutex<Behaviour>>,
    keys: Arc<Keys>,
}

impl Provider {
    pub(crate) fn start(now: i64) -> Self {
        let behaviour = Arc::new(Mutex::new(Behaviour {
            subject: "ada".to_owned(),
            claims: json!({"email": "ada@work.example", "email_verified": true}),
            userinfo: json!({}),
            algorithm: Algorithm::ES256,
            foreign_key: false,
            token: None,
            redirect_iss: None,
            error: None,
            knows_pkce: true,
            now,
        }));
        let keys = Arc::new(Keys::make());
        let granted: Mutex<HashMap<String, Granted>> = Mutex::default();
        let (shared, own) = (Arc::clone(&behaviour), Arc::clone(&keys));
        let server = Server::replying(move |request| {
            let host = request.header("host").unwrap_or_default().to_owned();
            let base = format!("http://{host}");
            let behaviour = shared.lock().unwrap();
            let mut granted = granted.lock().unwrap();
            let path = request.target().split('?').next().unwrap_or_default();
            match path {
                "/.well-known/openid-configuration" => json_answer(&described(&base, &behaviour)),
                "/jwks" => json_answer(&own.published()),
                "/authorize" => authorize(request, &behaviour, &mut granted),
                "/token" => token(request, &base, &behaviour, &mut granted, &own),
                "/userinfo" => json_answer(&behaviour.userinfo),
                _ => answer("404 Not Found", "", ""),
            }
        });
        Self {
            server,
            behaviour,
            keys,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.behaviour.lock().unwrap());
    }

    /// A token that a native client got by itself.
    pub(crate) fn native_token(&self, nonce: &str) -> String {
        let behaviour = self.behaviour.lock().unwrap();
        let subject = behaviour.subject.clone();
        id_token(&self.url(), &behaviour, &subject, Some(nonce), &self.keys)
    }

    /// Signs in at the provider: where it sends the browser then.
    pub(crate) fn visit(&self, authorization_url: &str) -> String {
        let url = Url::parse(authorization_url).unwrap();
        let target = &authorization_url[url.origin().ascii_serialization().len()..];
        let host = self.server.address.to_string();
        let answer = crate::support::client::ask(self.server.address, "GET", target, &host, &[]);
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("location").unwrap().to_owned()
    }
}

fn described(base: &str, behaviour: &Behaviour) -> Value {
    let methods = if behaviour.knows_pkce {
        json!(["S256"])
    } else {
        json!([])
    };
    json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/jwks"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "code_challenge_methods_supported": methods,
        "authorization_response_iss_parameter_supported": true,
    })
}

fn authorize(
    request: &Message,
    behaviour: &Behaviour,
    granted: &mut HashMap<String, Granted>,
) -> Vec<u8> {
    let url = Url::parse(&format!("http://p{}", request.target())).unwrap();
    let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(asked["response_type"], "code");
    assert!(asked["scope"].split(' ').any(|one| one == "openid"));
    let code = format!("code-{}-{}", behaviour.subject, granted.len());
    let redirect = asked["redirect_uri"].clone();
    granted.insert(
        code.clone(),
        Granted {
            nonce: asked.get("nonce").cloned(),
            challenge: asked.get("code_challenge").cloned(),
            redirect: redirect.clone(),
            subject: behaviour.subject.clone(),
        },
    );
    let mut back = Url::parse(&redirect).unwrap();
    let host = request.header("host").unwrap_or_default();
    let issuer = behaviour.redirect_iss.clone();
    let issuer = issuer.unwrap_or_else(|| format!("http://{host}"));
    back.query_pairs_mut()
        .append_pair("state", &asked["state"])
        .append_pair("iss", &issuer);
    match &behaviour.error {
        Some(error) => back.query_pairs_mut().append_pair("error", error),
        None => back.query_pairs_mut().append_pair("code", &code),
    };
    answer("303 See Other", &format!("Location: {back}\r\n"), "")
}

fn token(
    request: &Message,
    base: &str,
    behaviour: &Behaviour,
    granted: &mut HashMap<String, Granted>,
    keys: &Keys,
) -> Vec<u8> {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT}:{SECRET}"));
    let form: HashMap<String, String> = url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect();
    let known = granted.remove(&form["code"]);
    let proper = request.header("authorization") == Some(&format!("Basic {pair}"));
    let Some(grant) = known.filter(|grant| {
        let verifier = form.get("code_verifier");
        let proof = verifier.map(|text| URL_SAFE_NO_PAD.encode(Sha256::digest(text)));
        proper && grant.challenge == proof && grant.redirect == form["redirect_uri"]
    }) else {
        return answer("400 Bad Request", "", r#"{"error":"invalid_grant"}"#);
    };
    let nonce = grant.nonce.as_deref();
    let made = id_token(base, behaviour, &grant.subject, nonce, keys);
    let token = behaviour.token.clone().unwrap_or(made);
    json_answer(&json!({
        "access_token": "at-secret", "refresh_token": "rt-secret",
        "token_type": "Bearer", "id_token": token,
    }))
}

fn id_token(
    base: &str,
    behaviour: &Behaviour,
    subject: &str,
    nonce: Option<&str>,
    keys: &Keys,
) -> String {
    let mut claims = json!({
        "iss": base, "aud": CLIENT, "sub": subject, "nonce": nonce,
        "iat": behaviour.now, "exp": behaviour.now + 300,
    });
    for (name, value) in behaviour.claims.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    let mut header = Header::new(behaviour.algorithm);
    let key = if behaviour.algorithm == Algorithm::RS256 {
        header.kid = Some("rsa".to_owned());
        keys.rsa.clone()
    } else if behaviour.algorithm == Algorithm::HS256 {
        EncodingKey::from_secret(SECRET.as_bytes())
    } else {
        header.kid = Some("ec".to_owned());
        keys.ec.clone()
    };
    let key = if behaviour.foreign_key {
        keys.foreign.clone()
    } else {
        key
    };
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

/// A token that says of itself that nobody signed it.
pub(crate) fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "none", "typ": "JWT"});
    format!("{}.{}.", part(&header), part(claims))
}

fn json_answer(value: &Value) -> Vec<u8> {
    answer(
        "200 OK",
        "Content-Type: application/json\r\n",
        &value.to_string(),
    )
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}
