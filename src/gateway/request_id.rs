//! Names for requests, so that a log line, an error page and the application's log can be joined.

use std::cell::Cell;
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use http::HeaderValue;

/// Makes request ids: a random start per worker, then a count that is scrambled with it. Unique,
/// not secret.
pub(super) struct RequestIds {
    high: u64,
    low: Cell<u64>,
}

impl Default for RequestIds {
    fn default() -> Self {
        // A fresh hash state is random and costs no error path.
        let [high, low] = [(); 2].map(|()| RandomState::new().hash_one(()));
        Self {
            high,
            low: Cell::new(low),
        }
    }
}

impl RequestIds {
    /// The next id: 32 hexadecimal digits.
    pub(super) fn next(&self) -> HeaderValue {
        let count = self.low.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.low.set(count);
        let mut text = String::with_capacity(32);
        if write!(text, "{:016x}{count:016x}", self.high).is_err() {
            text.clear();
        }
        HeaderValue::from_maybe_shared(Bytes::from(text))
            .unwrap_or_else(|_| HeaderValue::from_static("0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_long_and_never_repeat() {
        let ids = RequestIds::default();
        let (one, two) = (ids.next(), ids.next());
        assert_eq!(one.len(), 32);
        assert_ne!(one, two);
    }
}
