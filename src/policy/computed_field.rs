//! Values of headers that are worked out for each request.

use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode_byte, utf8_percent_encode};

use crate::expression::{Facts, Program, Told};

/// What a header value can't carry as it is, and the escape character itself, so that decoding
/// percent-escapes always gives the original back.
const UNSAFE: &AsciiSet = &CONTROLS.add(b'%');

/// Longest value in bytes, once encoded. Longer ones are left out: applications limit the size of
/// a head.
const LONGEST: usize = 4096;

/// An expression for the value of a header.
#[derive(Debug)]
pub struct ComputedField {
    program: Program,
    told: Told,
}

impl ComputedField {
    /// The value that `program` yields.
    #[must_use]
    pub fn new(program: Program) -> Self {
        Self {
            program,
            told: Told::default(),
        }
    }

    /// The expression.
    #[must_use]
    pub const fn program(&self) -> &Program {
        &self.program
    }

    /// The value; `None` where there is none, or none that a header can carry.
    #[must_use]
    pub fn value(&self, name: &HeaderName, facts: &Facts<'_>) -> Option<HeaderValue> {
        HeaderValue::try_from(self.text(name, facts)?).ok()
    }

    /// The same as text, fit for a header. Without an answer the header is left out; whatever a
    /// client sent under its name is gone already.
    #[must_use]
    pub fn text(&self, name: &HeaderName, facts: &Facts<'_>) -> Option<String> {
        match self.program.text(facts) {
            Ok(text) => fit_field_value(&text?),
            Err(failure) => {
                if self.told.is_news(failure.kind, facts.now) {
                    tracing::warn!(
                        header = %name,
                        kind = failure.kind.as_str(),
                        %failure,
                        "a header could not be worked out; it is left out"
                    );
                }
                None
            }
        }
    }
}

/// A text fit for a header: controls, bytes beyond ASCII, `%`, and blanks at either end, which
/// receivers would trim, are percent-encoded. `None`: it is too long.
#[must_use]
pub fn fit_field_value(text: &str) -> Option<String> {
    let core = text.trim_matches(' ');
    let start = text.len() - text.trim_start_matches(' ').len();
    let end = text.len() - core.len() - start;
    let blank = percent_encode_byte(b' ');
    let mut encoded = blank.repeat(start);
    encoded.extend(utf8_percent_encode(core, UNSAFE));
    encoded.push_str(&blank.repeat(end));
    (encoded.len() <= LONGEST).then_some(encoded)
}
