//! From a verified token to the session that rules, headers and logs know.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::claims::{ClaimError, Times};
use super::level;
use super::{Issuer, SubjectSource};
use crate::aal::{Aal, AuthenticationMethod};
use crate::expression::{self, Facts, Program};
use crate::policy::{SecondFactor, Subject};
use crate::whoami::Session;

/// Longest id of an identity, in bytes.
const MAX_ID_BYTES: usize = 256;

/// Claims that are about the token, not about the person: they are no traits.
const PROTOCOL: [&str; 24] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "acr",
    "amr",
    "auth_time",
    "azp",
    "nonce",
    "client_id",
    "scope",
    "scp",
    "cnf",
    "act",
    "may_act",
    "typ",
    "token_use",
    "ver",
    "session_state",
    "uti",
];

/// The session that verified claims stand for.
pub(super) fn session(
    claims: &Map<String, Value>,
    times: Times,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<Session, ClaimError> {
    let asked = Asked::new(claims, issuer, now);
    let identity_id = asked.identity_id(claims, &issuer.subject)?;
    let aal = match &issuer.aal {
        Some(program) => asked.level(program),
        None => level::level(claims),
    };
    let methods = match &issuer.methods {
        Some(program) => asked.methods(program),
        None => level::methods(claims),
    };
    // A token that does not say when was authenticated long ago: a limit on age must not be met
    // by having a token renewed.
    let at = times.authenticated.unwrap_or(Timestamp::UNIX_EPOCH);
    let completions = level::completions(aal, &methods, at);
    let session_id = session_id(claims, &issuer.issuer, &identity_id);
    let leeway = SignedDuration::try_from(issuer.leeway).unwrap_or(SignedDuration::ZERO);
    let subject = Subject {
        session_id: session_id.into(),
        identity_id: identity_id.into(),
        aal,
        authenticated_at: at,
        expires_at: times.expires.checked_add(leeway).unwrap_or(times.expires),
        completions,
        second_factor: SecondFactor::Unknown,
        document: None,
    };
    let document = document(claims, times, &subject);
    Ok(Session { subject, document })
}

/// Claims as expressions see them; nothing is prepared where there are no expressions.
struct Asked {
    claims: Option<expression::Session>,
    now: Timestamp,
}

impl Asked {
    fn new(claims: &Map<String, Value>, issuer: &Issuer, now: Timestamp) -> Self {
        let by_expression = matches!(issuer.subject, SubjectSource::Expression(_))
            || issuer.aal.is_some()
            || issuer.methods.is_some();
        let claims =
            by_expression.then(|| expression::Session::of_document(&Value::Object(claims.clone())));
        Self { claims, now }
    }

    const fn facts(&self) -> Facts<'_> {
        Facts {
            session: self.claims.as_ref(),
            request: None,
            now: self.now,
        }
    }

    fn identity_id(
        &self,
        claims: &Map<String, Value>,
        source: &SubjectSource,
    ) -> Result<String, ClaimError> {
        let found = match source {
            SubjectSource::Claim(name) => {
                let found = claims.get(&**name).and_then(Value::as_str);
                found.map(str::to_owned)
            }
            SubjectSource::Expression(program) => program.text(&self.facts()).ok().flatten(),
        };
        let fits = |id: &String| {
            let plain = id.bytes().all(|byte| byte.is_ascii_graphic());
            plain && (1..=MAX_ID_BYTES).contains(&id.len())
        };
        found.filter(fits).ok_or(ClaimError("sub"))
    }

    /// What is no level of ours is none: it opens nothing.
    fn level(&self, program: &Program) -> Aal {
        let said = program.text(&self.facts()).ok().flatten();
        said.and_then(|said| Aal::parse(&said)).unwrap_or_default()
    }

    fn methods(&self, program: &Program) -> Vec<AuthenticationMethod> {
        let names = match program.value(&self.facts()) {
            Ok(Value::String(name)) => vec![Value::String(name)],
            Ok(Value::Array(names)) => names,
            Ok(_) | Err(_) => Vec::new(),
        };
        let mut methods = Vec::new();
        for name in names.iter().filter_map(Value::as_str) {
            let method = AuthenticationMethod::parse(name);
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        methods
    }
}

/// The same for all tokens of one sign-in, if the issuer tells them apart (`sid`), else for each
/// token. Says nothing of the token itself.
fn session_id(claims: &Map<String, Value>, issuer: &str, identity_id: &str) -> String {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| claims.get(name).map(Value::to_string).unwrap_or_default();
    let part = match (text("sid"), text("jti")) {
        (Some(sid), _) => format!("sid {sid}"),
        (None, Some(jti)) => format!("jti {jti}"),
        (None, None) => format!("at {} {}", time("iat"), time("exp")),
    };
    let mut hash = Context::new(&SHA256);
    for part in [issuer, identity_id, &part] {
        hash.update(&part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("jwt:{}", URL_SAFE_NO_PAD.encode(hash.finish()))
}

/// What whoami would say of such a session, with the claims beside it.
fn document(claims: &Map<String, Value>, times: Times, subject: &Subject) -> Value {
    let authenticated_at = times.authenticated.map(|at| at.to_string());
    let methods: Vec<Value> = subject
        .completions
        .iter()
        .map(|step| {
            json!({
                "method": step.method.as_str(),
                "aal": step.aal.as_str(),
                "completed_at": authenticated_at,
            })
        })
        .collect();
    let traits: Map<String, Value> = claims
        .iter()
        .filter(|(name, _)| !PROTOCOL.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!({
        "id": &*subject.session_id,
        "active": true,
        "expires_at": times.expires.to_string(),
        "authenticated_at": authenticated_at,
        "issued_at": times.issued.map(|at| at.to_string()),
        "authenticator_assurance_level": subject.aal.as_str(),
        "authentication_methods": methods,
        "identity": {
            "id": &*subject.identity_id,
            "schema_id": "jwt",
            "state": "active",
            "traits": traits,
        },
        "claims": claims,
    })
}
