//! `upstream_identity.jwt`: a signed token for applications.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::HeaderName;
use serde_json::{Value as Json, json};

use super::choices::SecretText;
use super::upstream_identity::header_name;
use crate::document::{Fields, FromNode, Key, Located, Node, OneOrMany, Problem, Reading, Value};
use crate::expression::{Kind, Program, Scope, compile_at};
use crate::minting::{self, RESERVED};
use crate::signing::{Algorithm, SigningKey};

/// The header that nothing else is said of.
const HEADER: &str = "X-Stepgate-Jwt";
const TTL: Duration = Duration::from_secs(60);
/// The shortest and the longest life that make sense.
const TTL_RANGE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60 * 60));
/// What tokens are signed with; the keys of others can be verified by more.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256];

/// How identity tokens are made.
#[derive(Clone, Debug)]
pub struct UpstreamJwt {
    /// What they say and where they go.
    pub minting: minting::Config,
    /// The first one signs; all are published.
    pub keys: Vec<SigningKey>,
    /// Claims that are worked out of the session.
    pub claims: Vec<(Box<str>, Program)>,
}

impl FromNode for UpstreamJwt {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let header = fields.or(
            "header",
            JwtHeader(HeaderName::from_static("x-stepgate-jwt")),
        );
        let issuer: Option<String> = fields.required("issuer");
        let audience: Option<String> = fields.get("audience");
        let ttl = fields.or("ttl", TTL);
        let algorithm = fields.or("algorithm", Algorithm::EdDsa);
        let keys: Option<Keys> = fields.required("key");
        let claims: Option<Claims> = fields.section_or_empty("claims");
        if ttl < TTL_RANGE.0 || ttl > TTL_RANGE.1 {
            let message = "a token lives from 5 seconds to an hour";
            let help = "a new one is made whenever it is needed: short is safe";
            fields.problem_at("ttl", "invalid_value", message, Some(help));
        }
        if !ALGORITHMS.contains(&algorithm) {
            let message = "identity tokens are signed with EdDSA, ES256 or RS256";
            fields.problem_at("algorithm", "invalid_value", message, None);
        }
        let first = keys.as_ref().and_then(|keys| keys.0.first());
        if let Some(first) = first.filter(|first| first.algorithm() != algorithm) {
            let found = first.algorithm().as_str();
            let message = format!("the first key signs with {found}");
            let help = format!("write `algorithm: {found}`, or give another key first");
            fields.problem_at("algorithm", "contradiction", message, Some(&help));
        }
        fields.close();
        Some(Self {
            minting: minting::Config {
                header: header.0,
                issuer: issuer?.into(),
                audience: audience.map(Into::into),
                ttl,
            },
            keys: keys?.0,
            claims: claims?.0,
        })
    }
}

struct JwtHeader(HeaderName);

impl FromNode for JwtHeader {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let key = Key {
            text: text.into(),
            place: node.place.clone(),
        };
        header_name(&key, reading).map(Self)
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn shown(&self) -> Option<Json> {
        let usual = self.0.as_str().eq_ignore_ascii_case(HEADER);
        Some(if usual { HEADER } else { self.0.as_str() }.into())
    }
}

/// Private keys in PEM form: one text or several, each with one key or more.
struct Keys(Vec<SigningKey>);

impl FromNode for Keys {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let texts = OneOrMany::<Located<SecretText>>::from_node(node, reading)?;
        let mut keys = Vec::new();
        for text in texts.0 {
            match SigningKey::from_pem(text.value.0.expose()) {
                Ok(more) => keys.extend(more),
                Err(error) => {
                    let help = "`openssl genpkey -algorithm ed25519 -out certs/jwt.pem` makes \
                                one; name it as ${file:certs/jwt.pem}";
                    let message = format!("no key to sign with: {error}");
                    let problem = Problem::at(&text.place, "invalid_value", message);
                    reading.problem(problem.help(help));
                }
            }
        }
        (!keys.is_empty()).then_some(Self(keys))
    }

    fn schema() -> Json {
        OneOrMany::<String>::schema()
    }

    /// However many: that their number changes is no reason to start again.
    fn shown(&self) -> Option<Json> {
        Some("[redacted]".into())
    }
}

/// Claims by name.
struct Claims(Vec<(Box<str>, Program)>);

impl FromNode for Claims {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let written = Fields::open(node, reading)?.named::<Located<String>>();
        let mut claims = Vec::new();
        for (key, text) in written {
            if RESERVED.contains(&&*key.text) {
                let message = format!("`{}` says what the gateway vouches for", key.text);
                let help = "choose another name; reserved are iss, aud, sub, iat, nbf, exp, jti, \
                            sid, aal, acr, amr, auth_time, azp, cnf and act";
                let problem = Problem::at(&key.place, "invalid_value", message);
                reading.problem(problem.help(help));
                continue;
            }
            if let Some(program) = compile_at(&text, Kind::Value, Scope::Session, reading) {
                claims.push((key.text.clone(), program));
            }
        }
        Some(Self(claims))
    }

    fn schema() -> Json {
        json!({ "type": "object", "additionalProperties": { "type": "string" } })
    }
}

/// The files that the keys are read from, as they are named in a document in which nothing was
/// replaced yet: they are watched.
pub(super) fn key_files(root: &Node, folder: &Path) -> Vec<PathBuf> {
    let section = root.find("upstream_identity");
    let key = section.and_then(|section| section.find("jwt")?.find("key"));
    let texts: Vec<&str> = match key.map(|key| &key.value) {
        Some(Value::Scalar(scalar)) => vec![&scalar.text],
        Some(Value::List(items)) => items
            .iter()
            .filter_map(Node::as_scalar)
            .map(|scalar| &*scalar.text)
            .collect(),
        Some(Value::Null | Value::Map(_)) | None => Vec::new(),
    };
    let named = texts.iter().flat_map(|text| text.split("${file:").skip(1));
    named
        .filter_map(|rest| rest.split_once('}'))
        .map(|(path, _)| folder.join(path))
        .collect()
}
