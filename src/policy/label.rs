//! Short texts that a look-up compares: kept where they are used, so that a comparison costs no
//! further cache line.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

const MAX_INLINE_BYTES: usize = 22;

/// A host name or a path segment.
#[derive(Clone, Debug)]
pub(super) enum Label {
    /// Most of them.
    Inline {
        /// Bytes in use.
        length: u8,
        /// The text, and zeros.
        bytes: [u8; MAX_INLINE_BYTES],
    },
    /// The others.
    Boxed(Box<[u8]>),
}

impl Label {
    pub(super) fn new(text: &str) -> Self {
        let mut bytes = [0; MAX_INLINE_BYTES];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Self::Inline { length, bytes }
            }
            (Some(_) | None, _) => Self::Boxed(text.as_bytes().into()),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Boxed(bytes) => bytes,
        }
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.as_bytes() == text.as_bytes()
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Label {}

impl Hash for Label {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl Borrow<[u8]> for Label {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_its_text_whatever_its_length() {
        assert_eq!(size_of::<Label>(), 24);
        for length in [0, 1, 21, 22, 23, 24, 255, 256, 300] {
            let text = "x".repeat(length);
            let label = Label::new(&text);
            assert!(label.is(&text) && !label.is(&format!("{text}x")));
            assert_eq!(
                matches!(label, Label::Inline { .. }),
                length <= MAX_INLINE_BYTES
            );
        }
    }
}
