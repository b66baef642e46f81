//! `bearer_jwt`: issuers whose tokens are a credential.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value as Json, json};
use url::{Host, Url};

use crate::bearer::{Issuer, KeySource, SubjectSource};
use crate::document::{Choice, Fields, FromNode, Located, Node, OneOrMany, Problem, Reading};
use crate::expression::{Kind, Program, Scope, compile_at};
use crate::signing::{Algorithm, VerifyingKey};

/// How far clocks may be apart when nothing else is said, and at most.
const LEEWAY: Duration = Duration::from_secs(30);
const MAX_LEEWAY: Duration = Duration::from_secs(5 * 60);

impl Choice for Algorithm {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("EdDSA", Self::EdDsa),
        ("ES256", Self::Es256),
        ("ES384", Self::Es384),
        ("ES512", Self::Es512),
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("PS384", Self::Ps384),
        ("PS512", Self::Ps512),
    ];
}

/// The issuers, each by another name.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> Vec<Issuer> {
    let written: Vec<Located<Issuer>> = fields.or("bearer_jwt", Vec::new());
    let mut issuers: Vec<Issuer> = Vec::new();
    for Located { value, place } in written {
        if issuers.iter().any(|other| other.issuer == value.issuer) {
            let message = format!("the issuer {} is there twice", value.issuer);
            let help = "one entry can take several audiences: `audience: [a, b]`";
            let problem = Problem::at(&place, "duplicate", message).help(help);
            fields.reading().problem(problem);
            continue;
        }
        issuers.push(value);
    }
    issuers
}

impl FromNode for Issuer {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let issuer: Option<String> = fields.required("issuer");
        let url: Option<KeysUrl> = fields.get("jwks_url");
        let file: Option<Located<PathBuf>> = fields.get("jwks_file");
        let given = fields.has("jwks_url") || fields.has("jwks_file");
        let audiences: Option<OneOrMany<String>> = fields.get("audience");
        let subject: Option<Subject> = fields.get("subject");
        let aal: Option<Written<{ TEXT }>> = fields.get("aal");
        let methods: Option<Written<{ VALUE }>> = fields.get("methods");
        let leeway = fields.or("leeway", LEEWAY);
        let algorithms: Option<Vec<Algorithm>> = fields.get("algorithms");
        let max_life: Option<Duration> = fields.get("max_life");
        if issuer.as_deref().is_some_and(str::is_empty) {
            let message = "an issuer has a name";
            fields.problem_at("issuer", "invalid_value", message, None);
        }
        if leeway > MAX_LEEWAY {
            let message = "clocks are not more than 5 minutes apart";
            let help = "let machines set their clocks (NTP) instead";
            fields.problem_at("leeway", "invalid_value", message, Some(help));
        }
        if !given || (url.is_some() && file.is_some()) {
            let message = "an issuer's keys are in one place: `jwks_url` or `jwks_file`";
            fields.problem_at("jwks_url", "contradiction", message, None);
        }
        for name in ["audience", "algorithms"] {
            let empty = fields.section().find(name).and_then(Node::as_list);
            if empty.is_some_and(<[Node]>::is_empty) {
                let message = format!("`{name}` is an empty list, which no token fits");
                fields.problem_at(name, "invalid_value", message, None);
            }
        }
        fields.close();
        if let Some(file) = &file {
            check_file(file, algorithms.as_deref(), reading);
        }
        let keys = match (url, file) {
            (Some(url), _) => KeySource::Url(url.0),
            (None, Some(file)) => KeySource::File(file.value),
            (None, None) => return None,
        };
        Some(Self {
            issuer: issuer?.into(),
            keys,
            audiences: audiences
                .map(|all| all.0.into_iter().map(Into::into).collect())
                .unwrap_or_default(),
            subject: match subject {
                Some(subject) => subject.0,
                None => SubjectSource::Claim("sub".into()),
            },
            aal: aal.map(|written| written.0),
            methods: methods.map(|written| written.0),
            leeway,
            algorithms,
            max_life,
        })
    }
}

/// The name of a claim, or an expression over `claims`.
struct Subject(SubjectSource);

impl FromNode for Subject {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = Located::<String>::from_node(node, reading)?;
        let name = &*text.value;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        // Claims of one's own are often named by a URL.
        let is_url = name.starts_with("https://") || name.starts_with("http://");
        if is_url || (!name.is_empty() && name.chars().all(plain)) {
            return Some(Self(SubjectSource::Claim(name.into())));
        }
        let program = compile_at(&text, Kind::Text, Scope::Claims, reading)?;
        Some(Self(SubjectSource::Expression(program)))
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

const TEXT: bool = true;
const VALUE: bool = false;

/// An expression over `claims` that yields a text, or a value.
struct Written<const IS_TEXT: bool>(Program);

impl<const IS_TEXT: bool> FromNode for Written<IS_TEXT> {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = Located::<String>::from_node(node, reading)?;
        let kind = if IS_TEXT { Kind::Text } else { Kind::Value };
        compile_at(&text, kind, Scope::Claims, reading).map(Self)
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.source().into())
    }
}

/// What would keep the gateway from starting is told with its place.
fn check_file(file: &Located<PathBuf>, algorithms: Option<&[Algorithm]>, reading: &mut Reading) {
    let path = file.value.display();
    let why = match std::fs::read(&file.value) {
        Err(error) => format!("the file {path} can't be read: {error}"),
        Ok(text) => match VerifyingKey::from_jwks(&text, algorithms) {
            Err(error) => format!("{path}: {error}"),
            Ok(keys) if keys.is_empty() => {
                format!("{path}: none of its keys can verify a signature")
            }
            Ok(_) => return,
        },
    };
    let help = "it holds the public keys of the issuer: {\"keys\": [{\"kty\": ..}]}";
    reading.problem(Problem::at(&file.place, "unreadable", why).help(help));
}

/// Where keys are fetched from: nobody on the way may change them.
struct KeysUrl(Url);

impl FromNode for KeysUrl {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let url = Url::parse(&text).ok().filter(Url::has_host);
        if let Some(url) = url.filter(|url| url.username().is_empty() && is_safe(url)) {
            return Some(Self(url));
        }
        let message = format!("{} is no URL that keys may come from", node.described());
        let help = "write an https URL; http is for loopback addresses only";
        reading.problem(Problem::at(&node.place, "invalid_value", message).help(help));
        None
    }

    fn schema() -> Json {
        json!({ "type": "string", "format": "uri" })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.as_str().into())
    }
}

fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}
