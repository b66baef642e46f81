//! Credentials that an administrator brings along.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::Refusal;
use super::Identities;
use crate::identity::credential::{hash, password, totp};
use crate::identity::{Credential, CredentialType, Credentials, IdentityId};
use crate::secret::SecretString;

/// `credentials` of a new or replaced identity.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Imports {
    password: Option<Config<Password>>,
    totp: Option<Config<Totp>>,
    lookup_secret: Option<Config<LookupSecrets>>,
    webauthn: Option<Config<Keys>>,
    passkey: Option<Config<Keys>>,
    oidc: Option<Config<Providers>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config<T> {
    config: Option<T>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    hashed_password: Option<String>,
    password: Option<String>,
    use_password_migration_hook: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Totp {
    totp_url: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LookupSecrets {
    codes: Vec<LookupSecret>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LookupSecret {
    code: String,
    used_at: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    credentials: Vec<Value>,
    user_handle: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Providers {
    providers: Vec<Map<String, Value>>,
}

impl Imports {
    /// Whether a password has to be hashed, which costs.
    pub(super) fn has_plain_password(&self) -> bool {
        let config = self.password.as_ref().and_then(|one| one.config.as_ref());
        config.is_some_and(|config| config.password.is_some())
    }

    /// Adds what is brought along to the credentials of an identity.
    pub(super) async fn apply(
        self,
        identities: &Identities,
        id: IdentityId,
        credentials: &mut Credentials,
    ) -> Result<(), Refusal> {
        let mut put = Put {
            credentials,
            now: identities.clock.wall(),
        };
        if let Some(config) = self.password.and_then(|one| one.config) {
            let config = password_config(identities, config).await?;
            put.set(CredentialType::Password, Vec::new(), config);
        }
        if let Some(config) = self.totp.and_then(|one| one.config) {
            let names = vec![id.to_string()];
            put.set(CredentialType::Totp, names, totp::config(&config.totp_url));
        }
        if let Some(config) = self.lookup_secret.and_then(|one| one.config) {
            put.add_lookup_secrets(id, config);
        }
        if let Some(config) = self.webauthn.and_then(|one| one.config) {
            put.set(CredentialType::Webauthn, Vec::new(), keys_config(&config));
        }
        if let Some(config) = self.passkey.and_then(|one| one.config) {
            let Some(handle) = config
                .user_handle
                .clone()
                .filter(|handle| !handle.is_empty())
            else {
                return Err(Refusal::bad_request("A passkey needs a user_handle."));
            };
            put.set(CredentialType::Passkey, vec![handle], keys_config(&config));
        }
        if let Some(config) = self.oidc.and_then(|one| one.config) {
            let names = provider_names(&config.providers)?;
            put.set(
                CredentialType::Oidc,
                names,
                json!({"providers": config.providers}),
            );
        }
        Ok(())
    }
}

struct Put<'a> {
    credentials: &'a mut Credentials,
    now: jiff::Timestamp,
}

impl Put<'_> {
    fn set(&mut self, kind: CredentialType, identifiers: Vec<String>, config: Value) {
        if let Some(existing) = self.credentials.find_mut(kind) {
            existing.config = config;
            existing.updated_at = self.now;
            if !identifiers.is_empty() {
                existing.identifiers = identifiers;
            }
        } else {
            let credential = Credential::new(kind, identifiers, config, self.now);
            self.credentials.set(credential);
        }
    }

    /// Lookup secrets are added to those that are there.
    fn add_lookup_secrets(&mut self, id: IdentityId, config: LookupSecrets) {
        let existing = self.credentials.find(CredentialType::LookupSecret);
        let mut codes: Vec<Value> = existing
            .and_then(|one| one.config.get("recovery_codes")?.as_array().cloned())
            .unwrap_or_default();
        codes.extend(
            config
                .codes
                .into_iter()
                .map(|one| json!({"code": one.code, "used_at": one.used_at})),
        );
        let names = vec![id.to_string()];
        self.set(
            CredentialType::LookupSecret,
            names,
            json!({"recovery_codes": codes}),
        );
    }
}

async fn password_config(identities: &Identities, config: Password) -> Result<Value, Refusal> {
    if config.use_password_migration_hook == Some(true) {
        return Ok(json!({"use_password_migration_hook": true}));
    }
    if let Some(hashed) = config.hashed_password.filter(|hashed| !hashed.is_empty()) {
        hash::check(&hashed).map_err(|why| Refusal::bad_request(&format!("{why}.")))?;
        return Ok(password::config(&hashed));
    }
    let Some(plain) = config.password.filter(|plain| !plain.is_empty()) else {
        return Ok(json!({}));
    };
    let longest = identities.settings.methods.password.max_length_bytes;
    if plain.len() > longest {
        let reason = format!("A password may have {longest} bytes at most.");
        return Err(Refusal::bad_request(&reason));
    }
    let made = identities.hasher.make(SecretString::new(plain)).await;
    let hashed = made.map_err(|why| {
        tracing::warn!(error = %why, "an imported password was not hashed");
        Refusal::new(
            http::StatusCode::SERVICE_UNAVAILABLE,
            "The password could not be hashed now; try again.",
        )
    })?;
    Ok(password::config(&hashed))
}

fn keys_config(config: &Keys) -> Value {
    json!({"credentials": config.credentials, "user_handle": config.user_handle})
}

/// The identifiers of provider accounts: `provider:subject`.
pub(super) fn provider_names(providers: &[Map<String, Value>]) -> Result<Vec<String>, Refusal> {
    let part = |entry: &Map<String, Value>, key: &str| {
        let text = entry.get(key).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    providers
        .iter()
        .map(|entry| {
            Some(format!(
                "{}:{}",
                part(entry, "provider")?,
                part(entry, "subject")?
            ))
        })
        .collect::<Option<Vec<String>>>()
        .ok_or_else(|| Refusal::bad_request("A provider needs `provider` and `subject`."))
}
