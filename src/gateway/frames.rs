//! Where the frames of a WebSocket begin, so that a close frame can be put between two of them.

use crate::streams::Cause;

/// Longest reason of a close frame: a control frame holds at most 125 bytes.
const REASON_LIMIT: usize = 123;

/// Why a WebSocket is closed (RFC 6455 section 7.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// 1001: silence, or the process stops.
    GoingAway,
    /// 4401 when the session is over, so that an application knows to sign in again; 1008, policy
    /// violation, else.
    Cut(Cause),
}

impl Close {
    /// The close frame, unmasked (section 5.5.1).
    pub(super) fn frame(self) -> Vec<u8> {
        let (code, reason): (u16, &str) = match self {
            Self::GoingAway => (1001, ""),
            Self::Cut(cause) if cause.session_is_over() => (4401, cause.reason()),
            Self::Cut(cause) => (1008, cause.reason()),
        };
        let reason = reason.as_bytes();
        let reason = reason.get(..REASON_LIMIT).unwrap_or(reason);
        let mut frame = vec![0x88, u8::try_from(reason.len() + 2).unwrap_or_default()];
        frame.extend(code.to_be_bytes());
        frame.extend(reason);
        frame
    }
}

/// Longest header of an unmasked frame: two bytes, then the length in eight.
const HEADER_LIMIT: usize = 14;

/// Follows the frames of one direction.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The header of the frame that has begun, as far as it came.
    header: Vec<u8>,
    /// Bytes of the payload that are still to come.
    left: u64,
}

impl Frames {
    /// Takes the next bytes of the stream.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let skip =
                    usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
                self.left = self.left.saturating_sub(skip as u64);
                bytes = bytes.get(skip..).unwrap_or_default();
                continue;
            }
            self.header.push(first);
            bytes = rest;
            if let Some(left) = payload(&self.header) {
                self.left = left;
                self.header.clear();
            }
        }
    }

    /// Whether the next byte begins a frame.
    pub(super) const fn at_boundary(&self) -> bool {
        self.left == 0 && self.header.is_empty()
    }
}

/// The size of the payload behind a header, once the header is whole. The key of a masked frame
/// counts to the header.
fn payload(header: &[u8]) -> Option<u64> {
    let second = *header.get(1)?;
    let short = u64::from(second & 0x7f);
    let (size, length) = match short {
        126 => (2, header.get(2..4)),
        127 => (8, header.get(2..10)),
        _ => (0, Some(&[][..])),
    };
    let key = if second & 0x80 == 0 { 0 } else { 4 };
    let whole = 2 + size + key;
    debug_assert!(whole <= HEADER_LIMIT);
    if header.len() < whole {
        return None;
    }
    let length = length?
        .iter()
        .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    Some(if size == 0 { short } else { length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_followed_however_they_are_cut() {
        let mut stream = vec![0x81, 3, b'a', b'b', b'c', 0x89, 0];
        stream.extend([0x82, 126, 1, 0]);
        stream.extend(vec![7; 256]);
        stream.extend([0x82, 0x80 | 2, 1, 2, 3, 4, 9, 9]);
        stream.extend([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 5]);
        for size in 1..20 {
            let mut frames = Frames::default();
            for part in stream.chunks(size) {
                frames.feed(part);
            }
            assert!(frames.at_boundary(), "in parts of {size}");
        }
    }

    #[test]
    fn the_middle_of_a_frame_is_no_boundary() {
        for part in [&[0x81][..], &[0x81, 126, 0], &[0x81, 3, b'a']] {
            let mut frames = Frames::default();
            frames.feed(part);
            assert!(!frames.at_boundary(), "{part:?}");
        }
    }
}
