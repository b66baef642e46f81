//! Accounts at other providers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Credential;
use crate::secret::SecretString;

/// Tokens of the first sign-in with a provider.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct FirstTokens {
    /// The ID token.
    #[serde(default)]
    pub id_token: String,
    /// The access token.
    #[serde(default)]
    pub access_token: String,
    /// The refresh token; empty when there was none.
    #[serde(default)]
    pub refresh_token: String,
}

/// What an account at a provider is found by.
#[must_use]
pub fn identifier(provider: &str, subject: &str) -> String {
    format!("{provider}:{subject}")
}

/// Ids of the providers that are linked, in order.
pub fn linked(credential: &Credential) -> impl Iterator<Item = &str> {
    let providers = credential.config.get("providers").and_then(Value::as_array);
    let providers = providers.into_iter().flatten();
    providers.filter_map(|one| one.get("provider")?.as_str())
}

/// Adds an account at a provider.
pub fn link(credential: &mut Credential, provider: &str, subject: &str, tokens: &FirstTokens) {
    let entry = json!({
        "subject": subject,
        "provider": provider,
        "initial_id_token": tokens.id_token,
        "initial_access_token": tokens.access_token,
        "initial_refresh_token": tokens.refresh_token,
    });
    credential.identifiers.push(identifier(provider, subject));
    let providers = credential.config.get_mut("providers");
    match providers.and_then(Value::as_array_mut) {
        Some(providers) => providers.push(entry),
        None => credential.config = json!({ "providers": [entry] }),
    }
}

/// Takes the accounts at a provider away; whether there was one.
pub fn unlink(credential: &mut Credential, provider: &str) -> bool {
    let before = credential.identifiers.len();
    let prefix = identifier(provider, "");
    credential
        .identifiers
        .retain(|name| !name.starts_with(&prefix));
    let providers = credential.config.get_mut("providers");
    if let Some(providers) = providers.and_then(Value::as_array_mut) {
        let is_other = |one: &Value| one.get("provider").and_then(Value::as_str) != Some(provider);
        providers.retain(is_other);
    }
    credential.identifiers.len() < before
}

/// A secret text for comparison without leaking where it differs.
#[must_use]
pub fn same(expected: &str, given: &str) -> bool {
    SecretString::new(expected.to_owned()).matches(given.as_bytes())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::identity::CredentialType;

    #[test]
    fn an_account_is_linked_and_unlinked_without_touching_others() {
        let now = Timestamp::UNIX_EPOCH;
        let mut credential = Credential::new(CredentialType::Oidc, Vec::new(), json!({}), now);
        let tokens = FirstTokens::default();
        link(&mut credential, "work", "1", &tokens);
        link(&mut credential, "work2", "2", &tokens);
        assert_eq!(credential.identifiers, ["work:1", "work2:2"]);
        assert!(unlink(&mut credential, "work"));
        assert!(!unlink(&mut credential, "work"));
        assert_eq!(linked(&credential).collect::<Vec<_>>(), ["work2"]);
        assert_eq!(credential.identifiers, ["work2:2"]);
    }
}
