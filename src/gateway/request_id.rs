//! Names for requests, so that a log line, an error page and the application's log can be joined.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use bytes::BytesMut;
use http::HeaderValue;

/// Makes request ids: a random start per worker, then a count that is scrambled with it. Unique,
/// not secret.
pub(super) struct RequestIds {
    high: [u8; 16],
    low: Cell<u64>,
}

impl Default for RequestIds {
    fn default() -> Self {
        // A fresh hash state is random and costs no error path.
        let [high, low] = [(); 2].map(|()| RandomState::new().hash_one(()));
        Self {
            high: hexadecimal(high),
            low: Cell::new(low),
        }
    }
}

impl RequestIds {
    /// The next id: 32 hexadecimal digits.
    pub(super) fn next(&self) -> HeaderValue {
        let count = self.low.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.low.set(count);
        let mut text = BytesMut::with_capacity(32);
        text.extend_from_slice(&self.high);
        text.extend_from_slice(&hexadecimal(count));
        HeaderValue::from_maybe_shared(text.freeze())
            .unwrap_or_else(|_| HeaderValue::from_static("0"))
    }
}

/// A number's digits, by hand: each request has one, and formatted text showed in profiles.
fn hexadecimal(number: u64) -> [u8; 16] {
    let mut shift = 64_u32;
    [(); 16].map(|()| {
        shift = shift.wrapping_sub(4);
        let digit = u8::try_from(number.wrapping_shr(shift) & 0xf).unwrap_or_default();
        if digit < 10 {
            b'0' + digit
        } else {
            b'a' + (digit - 10)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_with_all_its_digits() {
        assert_eq!(&hexadecimal(0x0123_4567_89ab_cdef), b"0123456789abcdef");
        assert_eq!(&hexadecimal(0), b"0000000000000000");
    }

    #[test]
    fn request_ids_are_long_and_never_repeat() {
        let ids = RequestIds::default();
        let (one, two) = (ids.next(), ids.next());
        assert_eq!(one.len(), 32);
        assert!(one.as_bytes().iter().all(u8::is_ascii_hexdigit));
        assert_ne!(one, two);
    }
}
