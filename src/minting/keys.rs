//! The keys in use, and those that were.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::clock::Monotonic;
use crate::signing::SigningKey;

/// How much longer than the longest life of a token its key stays published: caches and clocks of
/// those who verify are not our own.
const MARGIN: Duration = Duration::from_secs(10 * 60);

/// The keys at one time. Never changed, only replaced.
pub(super) struct Keys {
    /// The first one signs.
    current: Vec<SigningKey>,
    /// Public keys that signed tokens which are still out, and until when they are published.
    retired: Vec<(Value, Monotonic)>,
}

impl Keys {
    pub(super) const fn new(current: Vec<SigningKey>) -> Self {
        Self {
            current,
            retired: Vec::new(),
        }
    }

    /// These keys from now on; what was published goes on being so for as long as tokens of
    /// `ttl` can be out.
    pub(super) fn replaced(&self, new: Vec<SigningKey>, ttl: Duration, now: Monotonic) -> Self {
        let until = now.plus(ttl.saturating_add(MARGIN));
        let leaving = self.current.iter().filter_map(SigningKey::public_jwk);
        let leaving = leaving.map(|key| (key, until));
        let earlier = self.retired.iter().filter(|(_, until)| *until > now);
        let mut retired: Vec<(Value, Monotonic)> = Vec::new();
        for (key, until) in leaving.chain(earlier.cloned()) {
            let is_same = |other: &Value| other.get("kid") == key.get("kid");
            let stays = new.iter().filter_map(SigningKey::public_jwk);
            if !stays
                .chain(retired.iter().map(|(key, _)| key.clone()))
                .any(|it| is_same(&it))
            {
                retired.push((key, until));
            }
        }
        Self {
            current: new,
            retired,
        }
    }

    /// The one that signs.
    pub(super) fn signing(&self) -> Option<&SigningKey> {
        self.current.first()
    }

    /// Whether these are the keys in use.
    pub(super) fn are(&self, keys: &[SigningKey]) -> bool {
        let ids = |keys: &[SigningKey]| -> Vec<Option<String>> {
            keys.iter().map(|key| key.id().map(str::to_owned)).collect()
        };
        ids(&self.current) == ids(keys)
    }

    /// The key set (RFC 7517) that verifies every token that is out.
    pub(super) fn published(&self, now: Monotonic) -> Bytes {
        let retired = self.retired.iter().filter(|(_, until)| *until > now);
        let keys: Vec<Value> = self
            .current
            .iter()
            .filter_map(SigningKey::public_jwk)
            .chain(retired.map(|(key, _)| key.clone()))
            .collect();
        Bytes::from(json!({ "keys": keys }).to_string())
    }
}
