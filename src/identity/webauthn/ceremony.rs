//! Enrolling a key, and verifying its signatures.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_cbor_2::Value as Cbor;
use url::Url;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AttestationFormat, AuthenticationState, COSEAlgorithm, COSEKey, Credential, ParsedAttestation,
    RegisteredExtensions, RegistrationState, UserVerificationPolicy,
};

use super::response::{Assertion, Enrolment, check_client_data};
use super::{KeyError, RelyingParty, Requirement};
use crate::identity::credential::keys::{NewKey, StoredKey};

/// Goes into requests that are not sent; ours carry their own.
const UNUSED_TIMEOUT: Duration = Duration::from_secs(120);

/// A challenge that waits for its one answer. It is kept where only its flow can be, sealed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Challenge {
    /// For a new key.
    Create(RegistrationState),
    /// For a signature.
    Sign(AuthenticationState),
}

impl Challenge {
    /// A challenge for a new key, and its text for the browser: 32 random bytes.
    ///
    /// # Errors
    /// When the relying party is not configured.
    pub fn create(
        party: &RelyingParty,
        verification: Requirement,
    ) -> Result<(Self, String), KeyError> {
        let core = core(party)?;
        let name = if party.name.is_empty() {
            "-"
        } else {
            &party.name
        };
        let builder = core
            .new_challenge_register_builder(b"-", name, name)
            .map_err(|error| wrong(&error))?
            .user_verification_policy(policy(verification))
            .credential_algorithms(vec![
                COSEAlgorithm::ES256,
                COSEAlgorithm::ES384,
                COSEAlgorithm::RS256,
            ]);
        let made = core.generate_challenge_register(builder);
        let (options, state) = made.map_err(|error| wrong(&error))?;
        let text = URL_SAFE_NO_PAD.encode(&options.public_key.challenge);
        Ok((Self::Create(state), text))
    }

    /// A challenge for a signature, and its text for the browser: 32 random bytes.
    ///
    /// # Errors
    /// When the relying party is not configured.
    pub fn sign(
        party: &RelyingParty,
        verification: Requirement,
    ) -> Result<(Self, String), KeyError> {
        let core = core(party)?;
        let builder = core
            .new_challenge_authenticate_builder(Vec::new(), Some(policy(verification)))
            .map_err(|error| wrong(&error))?;
        let made = core.generate_challenge_authenticate(builder);
        let (options, state) = made.map_err(|error| wrong(&error))?;
        let text = URL_SAFE_NO_PAD.encode(&options.public_key.challenge);
        Ok((Self::Sign(state), text))
    }
}

/// A signature that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The place of the key among those that were allowed.
    pub key: usize,
    /// The authenticator's counter; zero where it has none.
    pub counter: u32,
}

/// Verifies an enrolment.
///
/// # Errors
/// [`KeyError::Malformed`] or [`KeyError::Wrong`].
pub fn verify_registration(
    party: &RelyingParty,
    challenge: &Challenge,
    answer: &str,
) -> Result<NewKey, KeyError> {
    let Challenge::Create(state) = challenge else {
        return Err(KeyError::Wrong("nothing was to be enrolled".to_owned()));
    };
    let enrolment = Enrolment::parse(answer)?;
    let client_data = &enrolment.credential.response.client_data_json;
    check_client_data(party, client_data, "webauthn.create")?;
    let proved = core(party)?
        .register_credential(&enrolment.credential, state, None)
        .map_err(|error| wrong(&error))?;
    Ok(NewKey {
        id: enrolment.key_id,
        public_key: enrolment.public_key,
        attestation_type: attestation_word(&proved.attestation_format).to_owned(),
        aaguid: enrolment.aaguid,
        sign_count: proved.counter,
        flags: enrolment.flags,
        transports: enrolment.transports,
    })
}

/// Verifies a signature by one of the `allowed` keys. `handle` is how authenticators know the
/// person; an answer that names somebody else does not count.
///
/// # Errors
/// [`KeyError::Wrong`], or [`KeyError::Cloned`] when the counter is not past the enrolled one.
pub fn verify_assertion(
    party: &RelyingParty,
    challenge: &Challenge,
    allowed: &[StoredKey],
    handle: &[u8],
    assertion: &Assertion,
) -> Result<Signed, KeyError> {
    let Challenge::Sign(state) = challenge else {
        return Err(KeyError::Wrong("nothing was to be signed".to_owned()));
    };
    let response = &assertion.credential.response;
    check_client_data(party, &response.client_data_json, "webauthn.get")?;
    let someone_else = assertion.user_handle().is_some_and(|given| given != handle);
    if someone_else && !handle.is_empty() {
        return Err(KeyError::Wrong("it is somebody else's key".to_owned()));
    }
    let place = allowed
        .iter()
        .position(|key| key.id() == assertion.key_id());
    let found = place.and_then(|place| Some((place, allowed.get(place)?)));
    let Some((place, key)) = found else {
        return Err(KeyError::Wrong("the key is not one of these".to_owned()));
    };
    let known = known(key, assertion)?;
    let result = core(party)?
        .authenticate_single_credential(&assertion.credential, state, &known)
        .map_err(|error| {
            if matches!(error, WebauthnError::CredentialPossibleCompromise) {
                KeyError::Cloned
            } else {
                wrong(&error)
            }
        })?;
    Ok(Signed {
        key: place,
        counter: result.counter(),
    })
}

/// The stored key as the verifier knows keys. What nobody wrote down about backups (old keys of a
/// real Kratos) is taken from the answer.
fn known(key: &StoredKey, assertion: &Assertion) -> Result<Credential, KeyError> {
    let unreadable = || KeyError::Wrong("the stored key can not be read".to_owned());
    let cose: Cbor = serde_cbor_2::from_slice(&key.public_key()).map_err(|_| unreadable())?;
    let answered = (
        assertion.flags.backup_eligible,
        assertion.flags.backup_state,
    );
    let (backup_eligible, backup_state) = key.backup().unwrap_or(answered);
    Ok(Credential {
        cred_id: key.id(),
        cred: COSEKey::try_from(&cose).map_err(|_| unreadable())?,
        counter: key.sign_count(),
        transports: None,
        user_verified: false,
        backup_eligible,
        backup_state,
        // What the request asked for decides, as in Kratos.
        registration_policy: UserVerificationPolicy::Discouraged_DO_NOT_USE,
        extensions: RegisteredExtensions::none(),
        attestation: ParsedAttestation::default(),
        attestation_format: AttestationFormat::None,
    })
}

fn core(party: &RelyingParty) -> Result<WebauthnCore, KeyError> {
    let origins: Vec<Url> = party
        .origins
        .iter()
        .filter_map(|origin| Url::parse(origin).ok())
        .collect();
    if party.id.is_empty() || origins.is_empty() {
        return Err(KeyError::Wrong("no relying party is set up".to_owned()));
    }
    Ok(WebauthnCore::new_unsafe_experts_only(
        &party.name,
        &party.id,
        origins,
        UNUSED_TIMEOUT,
        Some(false),
        Some(false),
    ))
}

const fn policy(verification: Requirement) -> UserVerificationPolicy {
    match verification {
        Requirement::Required => UserVerificationPolicy::Required,
        Requirement::Preferred => UserVerificationPolicy::Preferred,
        Requirement::Discouraged => UserVerificationPolicy::Discouraged_DO_NOT_USE,
    }
}

fn wrong(error: &WebauthnError) -> KeyError {
    KeyError::Wrong(error.to_string())
}

const fn attestation_word(format: &AttestationFormat) -> &'static str {
    match format {
        AttestationFormat::Packed => "packed",
        AttestationFormat::Tpm => "tpm",
        AttestationFormat::AndroidKey => "android-key",
        AttestationFormat::AndroidSafetyNet => "android-safetynet",
        AttestationFormat::FIDOU2F => "fido-u2f",
        AttestationFormat::AppleAnonymous => "apple",
        AttestationFormat::None => "none",
    }
}
