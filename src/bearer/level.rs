//! How strongly a token says that its bearer was authenticated: `acr` and `amr` (RFC 8176).

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::aal::{Aal, AuthenticationMethod};
use crate::policy::Completion;

/// Most entries of `amr` that are looked at.
const MAX_METHODS: usize = 32;

/// What a method proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Factor {
    Knowledge,
    Possession,
    Inherence,
    /// It says something else, or nothing we know.
    Other,
}

/// The level that a token states: `acr` where that is one of ours, else what `amr` adds up to. A
/// valid token is worth one factor at least.
pub(super) fn level(claims: &Map<String, Value>) -> Aal {
    match claims.get("acr").and_then(Value::as_str) {
        Some("aal2") => return Aal::Aal2,
        Some("aal1") => return Aal::Aal1,
        Some("aal0") => return Aal::Aal0,
        Some(_) | None => {}
    }
    let names = names(claims);
    let proves = |factor| names.iter().any(|name| factor_of(name) == factor);
    let kinds = [Factor::Knowledge, Factor::Possession, Factor::Inherence];
    let several = kinds.into_iter().filter(|kind| proves(*kind)).count() > 1;
    if several || names.contains(&"mfa") {
        Aal::Aal2
    } else {
        Aal::Aal1
    }
}

/// The methods that a token names, by our names.
pub(super) fn methods(claims: &Map<String, Value>) -> Vec<AuthenticationMethod> {
    let mut methods = Vec::new();
    for name in names(claims) {
        if let Some(method) = method_of(name)
            && !methods.contains(&method)
        {
            methods.push(method);
        }
    }
    methods
}

/// The steps that a session of this level was made by. What is known is that they were done, not
/// when each was: all at `at`.
pub(super) fn completions(
    aal: Aal,
    methods: &[AuthenticationMethod],
    at: Timestamp,
) -> Vec<Completion> {
    let step = |method, aal| Completion {
        method,
        aal,
        completed_at: at,
    };
    let mut steps: Vec<Completion> = methods
        .iter()
        .map(|&method| match (aal, is_second(method)) {
            (Aal::Aal2, true) => step(method, Aal::Aal2),
            (Aal::Aal2, false) | (Aal::Aal1, _) => step(method, Aal::Aal1),
            (Aal::Aal0, _) => step(method, Aal::Aal0),
        })
        .collect();
    if steps.is_empty() && aal > Aal::Aal0 {
        steps.push(step(AuthenticationMethod::Unknown, Aal::Aal1));
    }
    if aal == Aal::Aal2 && !steps.iter().any(|step| step.aal == Aal::Aal2) {
        steps.push(step(AuthenticationMethod::Unknown, Aal::Aal2));
    }
    steps
}

const fn is_second(method: AuthenticationMethod) -> bool {
    match method {
        AuthenticationMethod::Totp
        | AuthenticationMethod::Webauthn
        | AuthenticationMethod::Passkey
        | AuthenticationMethod::LookupSecret
        | AuthenticationMethod::Code => true,
        AuthenticationMethod::Password
        | AuthenticationMethod::Oidc
        | AuthenticationMethod::Saml
        | AuthenticationMethod::CodeRecovery
        | AuthenticationMethod::LinkRecovery
        | AuthenticationMethod::Unknown => false,
    }
}

fn names(claims: &Map<String, Value>) -> Vec<&str> {
    let Some(Value::Array(all)) = claims.get("amr") else {
        return Vec::new();
    };
    all.iter()
        .filter_map(Value::as_str)
        .take(MAX_METHODS)
        .collect()
}

fn factor_of(name: &str) -> Factor {
    match name {
        "pwd" | "pin" | "kba" | "password" => Factor::Knowledge,
        "otp" | "hwk" | "swk" | "sms" | "tel" | "sc" | "fido" | "totp" | "webauthn" | "passkey"
        | "lookup_secret" | "code" => Factor::Possession,
        "face" | "fpt" | "iris" | "retina" | "vbm" => Factor::Inherence,
        _ => Factor::Other,
    }
}

/// Our name for an entry of `amr`; `None` where it names no method (`mfa`, `user`, `geo`). A
/// software key (`swk`) may be anything from a passkey to a certificate in a file: what we call by
/// a name keeps to what that name promises.
fn method_of(name: &str) -> Option<AuthenticationMethod> {
    Some(match name {
        "pwd" => AuthenticationMethod::Password,
        "otp" => AuthenticationMethod::Totp,
        "hwk" | "fido" => AuthenticationMethod::Webauthn,
        "sms" | "tel" => AuthenticationMethod::Code,
        "fed" => AuthenticationMethod::Oidc,
        "mfa" | "mca" | "user" | "geo" | "rba" => return None,
        other => AuthenticationMethod::parse(other),
    })
}
