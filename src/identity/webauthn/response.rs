//! Reading an authenticator's answer, strictly, before anything is verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_cbor_2::Value as Cbor;
use serde_json::Value;
use webauthn_rs_core::proto::{PublicKeyCredential, RegisterPublicKeyCredential};

use super::{KeyError, RelyingParty};
use crate::identity::credential::keys::KeyFlags;

/// The longest answer that is read, in bytes. Attestations with their certificates take about 10 KB.
const ANSWER_LIMIT_BYTES: usize = 48 * 1024;

/// Bytes of authenticator data before what enrolment adds.
const FIXED_BYTES: usize = 37;
const AAGUID_BYTES: usize = 16;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKUP_STATE: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// A signature that a browser brought, not verified yet.
#[derive(Clone, Debug)]
pub struct Assertion {
    pub(super) credential: PublicKeyCredential,
    pub(super) flags: KeyFlags,
}

impl Assertion {
    /// Reads the JSON of a browser.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let credential: PublicKeyCredential = read_json(text)?;
        check_names(&credential.id, &credential.raw_id, &credential.type_)?;
        let data = &credential.response.authenticator_data;
        let flags = flags_of(data)?;
        let extended = flags & (ATTESTED | EXTENSIONS) != 0;
        if !extended && data.len() != FIXED_BYTES {
            return Err(KeyError::Malformed("bytes after the authenticator data"));
        }
        Ok(Self {
            flags: read_flags(flags),
            credential,
        })
    }

    /// The id of the key that signed, as it says.
    #[must_use]
    pub fn key_id(&self) -> &[u8] {
        &self.credential.raw_id
    }

    /// The user handle, where the authenticator gave one.
    #[must_use]
    pub fn user_handle(&self) -> Option<&[u8]> {
        let handle = self.credential.response.user_handle.as_deref();
        handle.filter(|handle| !handle.is_empty())
    }
}

/// An enrolment that a browser brought, not verified yet.
pub(super) struct Enrolment {
    pub(super) credential: RegisterPublicKeyCredential,
    pub(super) flags: KeyFlags,
    pub(super) aaguid: Vec<u8>,
    pub(super) key_id: Vec<u8>,
    /// The public key as the authenticator wrote it.
    pub(super) public_key: Vec<u8>,
    pub(super) transports: Vec<String>,
}

impl Enrolment {
    pub(super) fn parse(text: &str) -> Result<Self, KeyError> {
        let credential: RegisterPublicKeyCredential = read_json(text)?;
        check_names(&credential.id, &credential.raw_id, &credential.type_)?;
        let data = authenticator_data(&credential.response.attestation_object)?;
        let flags = flags_of(&data)?;
        let Attested {
            aaguid,
            key_id,
            public_key,
        } = attested(&data, flags)?;
        if key_id != credential.raw_id {
            return Err(KeyError::Malformed("the ids of the key differ"));
        }
        let transports = serde_json::from_str::<Value>(text).ok().and_then(|value| {
            let listed = value
                .get("response")?
                .get("transports")?
                .as_array()?
                .clone();
            Some(listed.iter().filter_map(known_transport).collect())
        });
        Ok(Self {
            credential,
            flags: read_flags(flags),
            aaguid,
            key_id,
            public_key,
            transports: transports.unwrap_or_default(),
        })
    }
}

fn read_json<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, KeyError> {
    if text.len() > ANSWER_LIMIT_BYTES {
        return Err(KeyError::Malformed("it is too long"));
    }
    serde_json::from_str(text).map_err(|_| KeyError::Malformed("no credential of a public key"))
}

fn check_names(id: &str, raw_id: &[u8], kind: &str) -> Result<(), KeyError> {
    let id = URL_SAFE_NO_PAD.decode(id.trim_end_matches('='));
    if kind != "public-key" || raw_id.is_empty() || id.ok().as_deref() != Some(raw_id) {
        return Err(KeyError::Malformed("the ids of the key differ"));
    }
    Ok(())
}

fn known_transport(value: &Value) -> Option<String> {
    let known = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];
    let text = value.as_str()?;
    known.contains(&text).then(|| text.to_owned())
}

fn flags_of(data: &[u8]) -> Result<u8, KeyError> {
    let short = KeyError::Malformed("the authenticator data is too short");
    if data.len() < FIXED_BYTES {
        return Err(short);
    }
    data.get(32).copied().ok_or(short)
}

const fn read_flags(flags: u8) -> KeyFlags {
    KeyFlags {
        user_present: flags & USER_PRESENT != 0,
        user_verified: flags & USER_VERIFIED != 0,
        backup_eligible: flags & BACKUP_ELIGIBLE != 0,
        backup_state: flags & BACKUP_STATE != 0,
    }
}

fn authenticator_data(object: &[u8]) -> Result<Vec<u8>, KeyError> {
    let bad = || KeyError::Malformed("no attestation object");
    let object: Cbor = serde_cbor_2::from_slice(object).map_err(|_| bad())?;
    let Cbor::Map(members) = object else {
        return Err(bad());
    };
    match members.get(&Cbor::Text("authData".to_owned())) {
        Some(Cbor::Bytes(data)) => Ok(data.clone()),
        Some(_) | None => Err(bad()),
    }
}

struct Attested {
    aaguid: Vec<u8>,
    key_id: Vec<u8>,
    public_key: Vec<u8>,
}

/// Model, id and public key of an enrolment; nothing may stand behind them unannounced.
fn attested(data: &[u8], flags: u8) -> Result<Attested, KeyError> {
    let bad = || KeyError::Malformed("no key in the authenticator data");
    if flags & ATTESTED == 0 {
        return Err(bad());
    }
    let (_, rest) = data.split_at_checked(FIXED_BYTES).ok_or_else(bad)?;
    let (aaguid, rest) = rest.split_at_checked(AAGUID_BYTES).ok_or_else(bad)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(bad)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (id, rest) = rest.split_at_checked(length).ok_or_else(bad)?;
    let mut reader = serde_cbor_2::Deserializer::from_slice(rest);
    Cbor::deserialize(&mut reader).map_err(|_| bad())?;
    let (key, behind) = rest
        .split_at_checked(reader.byte_offset())
        .ok_or_else(bad)?;
    if flags & EXTENSIONS == 0 && !behind.is_empty() {
        return Err(KeyError::Malformed("bytes after the authenticator data"));
    }
    Ok(Attested {
        aaguid: aaguid.to_vec(),
        key_id: id.to_vec(),
        public_key: key.to_vec(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    #[serde(default)]
    top_origin: Option<Value>,
}

/// The browser's own account of where it asked: in one of our origins, spelled as we do, and not
/// framed by anybody.
pub(super) fn check_client_data(
    party: &RelyingParty,
    json: &[u8],
    kind: &str,
) -> Result<(), KeyError> {
    let data: ClientData =
        serde_json::from_slice(json).map_err(|_| KeyError::Malformed("no client data"))?;
    let wrong = |what: &str| Err(KeyError::Wrong(what.to_owned()));
    if data.kind != kind {
        return wrong("it is for another kind of ceremony");
    }
    if !party.origins.contains(&data.origin) {
        return wrong("it was made on another site");
    }
    if data.cross_origin || data.top_origin.is_some() {
        return wrong("it was made in a frame of another site");
    }
    Ok(())
}
