//! Lookup secrets: codes on paper that each count once.

use std::fmt;

use jiff::Timestamp;
use rand::RngExt;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::Credential;

/// Codes of a new set.
pub const CODES: usize = 12;
/// Letters and digits of a code.
pub const CODE_LENGTH: usize = 8;

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// One code, and whether it was used.
#[derive(Clone, PartialEq, Eq)]
pub struct LookupSecret {
    /// The code as people type it.
    pub code: String,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

impl fmt::Debug for LookupSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupSecret")
            .field("used_at", &self.used_at)
            .finish_non_exhaustive()
    }
}

/// What a code is among those of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// One that still counts, at this place.
    Unused(usize),
    /// One that was used.
    Used,
    /// None of them.
    Unknown,
}

/// A new set of random codes.
#[must_use]
pub fn random_codes() -> Vec<LookupSecret> {
    let mut random = rand::rng();
    let mut code = || {
        (0..CODE_LENGTH)
            .filter_map(|_| ALPHABET.get(random.random_range(0..ALPHABET.len())))
            .map(|&byte| char::from(byte))
            .collect()
    };
    let fresh = |code| LookupSecret {
        code,
        used_at: None,
    };
    (0..CODES).map(|_| fresh(code())).collect()
}

/// The codes of a stored credential, in their order.
#[must_use]
pub fn codes_of(credential: &Credential) -> Vec<LookupSecret> {
    let listed = credential
        .config
        .get("recovery_codes")
        .and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(read).collect()
}

fn read(entry: &Value) -> Option<LookupSecret> {
    let code = entry.get("code")?.as_str()?.to_owned();
    let used_at = match entry.get("used_at") {
        None | Some(Value::Null) => None,
        // A mark that does not read as a time still says that the code was used.
        Some(mark) => {
            let at = mark.as_str().and_then(|text| text.parse().ok());
            Some(at.unwrap_or(Timestamp::UNIX_EPOCH))
        }
    };
    Some(LookupSecret { code, used_at })
}

/// The credential's configuration for these codes.
#[must_use]
pub fn config(codes: &[LookupSecret]) -> Value {
    let entry = |one: &LookupSecret| match one.used_at {
        Some(at) => json!({ "code": one.code, "used_at": at }),
        None => json!({ "code": one.code }),
    };
    let entries: Vec<Value> = codes.iter().map(entry).collect();
    json!({ "recovery_codes": entries })
}

/// Looks a code up. Every code is compared, each in constant time: how long it takes says nothing.
#[must_use]
pub fn find(codes: &[LookupSecret], code: &str) -> Found {
    let mut found = Found::Unknown;
    for (place, one) in codes.iter().enumerate() {
        let same: bool = one.code.as_bytes().ct_eq(code.as_bytes()).into();
        let is_code = same && !one.code.is_empty();
        match (is_code, one.used_at, found) {
            (true, None, Found::Unknown | Found::Used) => found = Found::Unused(place),
            (true, Some(_), Found::Unknown) => found = Found::Used,
            (true, ..) | (false, ..) => {}
        }
    }
    found
}

/// When a code counts as used: whole seconds, as Kratos keeps it.
#[must_use]
pub fn used_now(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Whether a set was made, even if all of it is used.
#[must_use]
pub fn is_set(credential: &Credential) -> bool {
    !codes_of(credential).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::CredentialType;

    fn credential(config: Value) -> Credential {
        let kind = CredentialType::LookupSecret;
        Credential::new(kind, Vec::new(), config, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_set_has_twelve_codes_of_eight_lower_case_letters_and_digits() {
        let codes = random_codes();
        assert_eq!(codes.len(), 12);
        for one in &codes {
            assert_eq!(one.code.len(), 8);
            let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            assert!(one.code.bytes().all(fine));
            assert!(!format!("{one:?}").contains(&one.code));
        }
        assert_ne!(codes, random_codes());
    }

    #[test]
    fn codes_read_back_with_what_was_used() {
        let mut codes = random_codes();
        codes[3].used_at = Some(Timestamp::from_second(1_700_000_000).unwrap());
        assert_eq!(codes_of(&credential(config(&codes))), codes);
    }

    #[test]
    fn a_code_is_compared_as_it_is() {
        let codes = codes_of(&credential(json!({ "recovery_codes": [
            { "code": "aaaa1111" },
            { "code": "bbbb2222", "used_at": "2026-01-01T00:00:00Z" },
            { "code": "cccc3333", "used_at": "no time at all" },
            { "code": "" },
        ] })));
        assert_eq!(find(&codes, "aaaa1111"), Found::Unused(0));
        assert_eq!(find(&codes, "bbbb2222"), Found::Used);
        assert_eq!(find(&codes, "cccc3333"), Found::Used);
        for wrong in ["AAAA1111", " aaaa1111", "aaaa111", "aaaa11111", ""] {
            assert_eq!(find(&codes, wrong), Found::Unknown, "{wrong}");
        }
    }
}
