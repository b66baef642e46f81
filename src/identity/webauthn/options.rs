//! What a browser is asked, in Kratos' JSON.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{RelyingParty, Requirement};
use crate::identity::credential::keys::StoredKey;

/// The algorithms that we verify: ES256, ES384, RS256.
const ALGORITHMS: [i32; 3] = [-7, -35, -257];

/// Who enrols.
pub struct CreationUser<'a> {
    /// By which authenticators know the person.
    pub handle: &'a [u8],
    /// What browsers show.
    pub name: &'a str,
}

/// Options for a new key. `selection` is `authenticatorSelection`; a browser skips the
/// authenticators that hold one of the keys in `known`.
#[must_use]
pub fn creation_options(
    party: &RelyingParty,
    user: &CreationUser<'_>,
    challenge: &str,
    known: &[StoredKey],
    timeout_millis: u64,
    selection: Value,
) -> Value {
    let algorithms: Vec<Value> = ALGORITHMS
        .iter()
        .map(|algorithm| json!({ "type": "public-key", "alg": algorithm }))
        .collect();
    let mut options = json!({
        "rp": { "name": party.name, "id": party.id },
        "user": {
            "name": user.name,
            "displayName": user.name,
            "id": URL_SAFE_NO_PAD.encode(user.handle),
        },
        "challenge": challenge,
        "pubKeyCredParams": algorithms,
        "timeout": timeout_millis,
    });
    if let Some(all) = options.as_object_mut() {
        if !known.is_empty() {
            all.insert("excludeCredentials".to_owned(), descriptors(known.iter()));
        }
        all.insert("authenticatorSelection".to_owned(), selection);
    }
    json!({ "publicKey": options })
}

/// Options for a signature by one of `allowed`; by any key of this party where there are none.
#[must_use]
pub fn request_options<'a>(
    party: &RelyingParty,
    challenge: &str,
    allowed: impl Iterator<Item = &'a StoredKey>,
    timeout_millis: u64,
    verification: Requirement,
) -> Value {
    let mut options = json!({
        "challenge": challenge,
        "timeout": timeout_millis,
        "rpId": party.id,
    });
    if let Some(all) = options.as_object_mut() {
        let allowed = descriptors(allowed);
        if allowed.as_array().is_some_and(|list| !list.is_empty()) {
            all.insert("allowCredentials".to_owned(), allowed);
        }
        all.insert("userVerification".to_owned(), verification.as_str().into());
    }
    json!({ "publicKey": options })
}

fn descriptors<'a>(keys: impl Iterator<Item = &'a StoredKey>) -> Value {
    keys.map(|key| {
        let mut one = json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(key.id()) });
        let transports = key.transports();
        if let (Some(one), false) = (one.as_object_mut(), transports.is_empty()) {
            one.insert("transports".to_owned(), json!(transports));
        }
        one
    })
    .collect()
}
