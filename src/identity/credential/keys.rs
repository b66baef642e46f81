//! Security keys and passkeys as they are stored: the shape that Kratos keeps them in, so that keys
//! of a real one work here. Members that we do not know stay as they are.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Credential;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const FOR_URLS: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// One public key.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredKey(Map<String, Value>);

/// What is stored of a key that was just proved.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The credential id that the authenticator chose.
    pub id: Vec<u8>,
    /// The public key as the authenticator encoded it (COSE).
    pub public_key: Vec<u8>,
    /// The word for the attestation statement.
    pub attestation_type: String,
    /// The authenticator's model.
    pub aaguid: Vec<u8>,
    /// The counter at enrolment.
    pub sign_count: u32,
    /// What the authenticator said about itself.
    pub flags: KeyFlags,
    /// How the authenticator is reached.
    pub transports: Vec<String>,
}

/// What an authenticator said when it enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFlags {
    /// Whether the person touched it.
    pub user_present: bool,
    /// Whether it knew the person by PIN or body.
    pub user_verified: bool,
    /// Whether the key may leave the device.
    pub backup_eligible: bool,
    /// Whether it did.
    pub backup_state: bool,
}

impl StoredKey {
    /// A key with its owner's name for it.
    #[must_use]
    pub fn new(key: NewKey, name: &str, is_passwordless: bool, now: Timestamp) -> Self {
        let added_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let mut all = json!({
            "id": PLAIN.encode(key.id),
            "public_key": PLAIN.encode(key.public_key),
            "attestation_type": key.attestation_type,
            "authenticator": {
                "aaguid": PLAIN.encode(key.aaguid),
                "sign_count": key.sign_count,
                "clone_warning": false,
            },
            "display_name": name,
            "added_at": added_at,
            "is_passwordless": is_passwordless,
            "flags": {
                "user_present": key.flags.user_present,
                "user_verified": key.flags.user_verified,
                "backup_eligible": key.flags.backup_eligible,
                "backup_state": key.flags.backup_state,
            },
        });
        if let (Some(all), false) = (all.as_object_mut(), key.transports.is_empty()) {
            all.insert("transport".to_owned(), json!(key.transports));
        }
        match all {
            Value::Object(all) => Self(all),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Self(Map::new()),
        }
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        let text = self.0.get(name).and_then(Value::as_str);
        text.and_then(decode).unwrap_or_default()
    }

    /// The credential id; empty for an entry that does not read.
    #[must_use]
    pub fn id(&self) -> Vec<u8> {
        self.bytes("id")
    }

    /// The id as forms carry it.
    #[must_use]
    pub fn hex_id(&self) -> String {
        self.id().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The public key (COSE).
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.bytes("public_key")
    }

    /// The counter at enrolment, or as it was brought along.
    #[must_use]
    pub fn sign_count(&self) -> u32 {
        let count = self.0.get("authenticator").and_then(|one| {
            let count = one.get("sign_count")?.as_u64()?;
            u32::try_from(count).ok()
        });
        count.unwrap_or_default()
    }

    /// Whether the key signs in alone. Such a key is no second factor, and one that is a second
    /// factor never signs in alone, however the service is configured now.
    #[must_use]
    pub fn is_passwordless(&self) -> bool {
        super::is_passwordless(&Value::Object(self.0.clone()))
    }

    /// The owner's name for it.
    #[must_use]
    pub fn display_name(&self) -> &str {
        let name = self.0.get("display_name").and_then(Value::as_str);
        name.unwrap_or_default()
    }

    /// When it was enrolled.
    #[must_use]
    pub fn added_at(&self) -> Option<Timestamp> {
        self.0.get("added_at")?.as_str()?.parse().ok()
    }

    /// Whether the key may leave its device, and did; `None` where nobody wrote it down.
    #[must_use]
    pub fn backup(&self) -> Option<(bool, bool)> {
        let flags = self.0.get("flags")?;
        let flag = |name: &str| flags.get(name).and_then(Value::as_bool);
        Some((flag("backup_eligible")?, flag("backup_state")?))
    }

    /// How the authenticator is reached.
    #[must_use]
    pub fn transports(&self) -> Vec<String> {
        let listed = self.0.get("transport").and_then(Value::as_array);
        let texts = listed.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }
}

/// The keys of a credential, and by which handle authenticators know their owner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keys {
    /// The user handle; empty where none was chosen yet.
    pub handle: Vec<u8>,
    /// All keys, in the order in which they were added.
    pub list: Vec<StoredKey>,
}

impl Keys {
    /// Those of a stored credential.
    #[must_use]
    pub fn of(credential: Option<&Credential>) -> Self {
        let Some(credential) = credential else {
            return Self::default();
        };
        let handle = credential.config.get("user_handle").and_then(Value::as_str);
        let entries = super::keys(credential).filter_map(Value::as_object);
        let list = entries.cloned().map(StoredKey);
        Self {
            handle: handle.and_then(decode).unwrap_or_default(),
            list: list.filter(|key| !key.id().is_empty()).collect(),
        }
    }

    /// The configuration that is stored.
    #[must_use]
    pub fn config(&self) -> Value {
        let all: Vec<Value> = self
            .list
            .iter()
            .map(|key| Value::Object(key.0.clone()))
            .collect();
        json!({ "credentials": all, "user_handle": PLAIN.encode(&self.handle) })
    }

    /// The key with this id in hexadecimal digits.
    #[must_use]
    pub fn find_hex(&self, hex: &str) -> Option<usize> {
        self.list.iter().position(|key| key.hex_id() == hex)
    }
}

/// Base64 with either alphabet, padded or not: Kratos writes one form, its importers others.
fn decode(text: &str) -> Option<Vec<u8>> {
    PLAIN.decode(text).or_else(|_| FOR_URLS.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::CredentialType;

    fn key() -> NewKey {
        NewKey {
            id: vec![0xfb, 0xff, 0x01],
            public_key: vec![1, 2, 3],
            attestation_type: "none".to_owned(),
            aaguid: vec![0; 16],
            sign_count: 7,
            flags: KeyFlags {
                user_present: true,
                user_verified: false,
                backup_eligible: true,
                backup_state: false,
            },
            transports: vec!["usb".to_owned()],
        }
    }

    #[test]
    fn a_key_reads_back_as_it_was_stored() {
        let now = "2026-03-01T12:00:00.25Z".parse().unwrap();
        let keys = Keys {
            handle: vec![9; 16],
            list: vec![StoredKey::new(key(), "blue", true, now)],
        };
        let kind = CredentialType::Webauthn;
        let stored = Credential::new(kind, Vec::new(), keys.config(), now);
        let read = Keys::of(Some(&stored));
        assert_eq!(read, keys);
        let one = &read.list[0];
        assert_eq!(one.hex_id(), "fbff01");
        assert_eq!((one.sign_count(), one.is_passwordless()), (7, true));
        assert_eq!(one.backup(), Some((true, false)));
        assert_eq!(one.added_at().unwrap().to_string(), "2026-03-01T12:00:00Z");
    }

    #[test]
    fn keys_of_a_real_kratos_read_in_any_base64_and_keep_what_is_unknown() {
        let config = json!({
            "user_handle": "-_8",
            "credentials": [
                { "id": "+/8=", "public_key": "AQID", "is_passwordless": false, "novel": 1 },
                { "id": "-_8", "public_key": "AQID" },
                { "public_key": "no id at all" },
            ],
        });
        let kind = CredentialType::Webauthn;
        let now = Timestamp::UNIX_EPOCH;
        let keys = Keys::of(Some(&Credential::new(kind, Vec::new(), config, now)));
        assert_eq!(keys.handle, [0xfb, 0xff]);
        assert_eq!(keys.list.len(), 2);
        assert!(keys.list.iter().all(|key| key.id() == [0xfb, 0xff]));
        assert!(keys.list.iter().all(|key| key.backup().is_none()));
        assert_eq!(keys.config()["credentials"][0]["novel"], 1);
    }
}
