//! Reading a path: escapes to one spelling, then segments, refusing what can be read in two ways.

use std::borrow::Cow;

use super::AmbiguousRequest;

/// A path in canonical form, and what was seen on the way.
pub(super) struct Canonical<'a> {
    /// The path.
    pub(super) text: Cow<'a, str>,
    /// `//` was read as `/`.
    pub(super) merged: bool,
    /// The text has `%2F`.
    pub(super) encoded_slash: bool,
    /// A lax reader could see another path in it: it has capitals, parameters, escapes or a
    /// trailing slash.
    pub(super) lax: bool,
}

/// Brings `raw` to canonical form. A path that is canonical already, and has no escapes, is read
/// once and not copied.
pub(super) fn canonicalise(raw: &str) -> Result<Canonical<'_>, AmbiguousRequest> {
    if let Some(has_capitals) = read_plain(raw) {
        return Ok(Canonical {
            text: Cow::Borrowed(raw),
            merged: false,
            encoded_slash: false,
            lax: has_capitals || (raw.len() > 1 && raw.ends_with('/')),
        });
    }
    let text = if raw.as_bytes().contains(&b'%') {
        Cow::Owned(normalise_escapes(raw)?)
    } else {
        Cow::Borrowed(raw)
    };
    let seen = scan(&text)?;
    let text = if seen.empty_segments {
        Cow::Owned(merge_slashes(&text))
    } else {
        text
    };
    Ok(Canonical {
        lax: seen.lax || (text.len() > 1 && text.ends_with('/')),
        text,
        merged: seen.empty_segments,
        encoded_slash: seen.encoded_slash,
    })
}

/// Whether a path that is canonical at the first glance has capitals; `None` for every path that
/// needs a second one.
fn read_plain(raw: &str) -> Option<bool> {
    let mut bytes = raw.bytes();
    if bytes.next() != Some(b'/') {
        return None;
    }
    let mut has_capitals = false;
    let mut begins_segment = true;
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b'=' | b',' | b'+' | b':' | b'@' => {
                begins_segment = false;
            }
            b'A'..=b'Z' => {
                has_capitals = true;
                begins_segment = false;
            }
            b'/' if !begins_segment => begins_segment = true,
            b'.' if !begins_segment => {}
            _ => return None,
        }
    }
    Some(has_capitals)
}

/// Decodes what need not be encoded, and upper-cases the hex digits of the rest.
fn normalise_escapes(raw: &str) -> Result<String, AmbiguousRequest> {
    let mut text = String::with_capacity(raw.len());
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            text.push(char::from(check_raw(byte)?));
            decoded.push(byte);
            continue;
        }
        let value = hex_value(bytes.next())? << 4 | hex_value(bytes.next())?;
        decoded.push(value);
        match value {
            0..=0x1f | 0x7f => return Err(AmbiguousRequest::Control),
            b'\\' => return Err(AmbiguousRequest::Backslash),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(value));
            }
            _ => push_escape(&mut text, value),
        }
    }
    match std::str::from_utf8(&decoded) {
        Ok(_) => Ok(text),
        Err(_) => Err(AmbiguousRequest::NotUtf8),
    }
}

fn hex_value(digit: Option<u8>) -> Result<u8, AmbiguousRequest> {
    match digit {
        Some(digit @ b'0'..=b'9') => Ok(digit - b'0'),
        Some(digit @ b'a'..=b'f') => Ok(digit - b'a' + 10),
        Some(digit @ b'A'..=b'F') => Ok(digit - b'A' + 10),
        Some(_) | None => Err(AmbiguousRequest::Escape),
    }
}

fn push_escape(text: &mut String, value: u8) {
    text.push('%');
    for nibble in [value >> 4, value & 0xf] {
        let digit = if nibble < 10 {
            b'0' + nibble
        } else {
            b'A' + nibble - 10
        };
        text.push(char::from(digit));
    }
}

/// Bytes that a path may hold as they are: those of RFC 3986 `pchar`, the slash, and four that
/// browsers send unencoded although the RFC has them encoded.
fn check_raw(byte: u8) -> Result<u8, AmbiguousRequest> {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => Ok(byte),
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => Ok(byte),
        b':' | b'@' | b'/' | b'%' => Ok(byte),
        b'[' | b']' | b'^' | b'|' => Ok(byte),
        b'\\' => Err(AmbiguousRequest::Backslash),
        b'#' => Err(AmbiguousRequest::Fragment),
        0..=0x1f | 0x7f => Err(AmbiguousRequest::Control),
        0x80.. => Err(AmbiguousRequest::NotUtf8),
        b' ' | b'"' | b'<' | b'>' | b'?' | b'`' | b'{' | b'}' => Err(AmbiguousRequest::Character),
    }
}

#[derive(Default)]
struct Seen {
    empty_segments: bool,
    encoded_slash: bool,
    lax: bool,
}

/// How far the segment under the eye has been read.
#[derive(Clone, Copy)]
enum Reading {
    /// Nothing yet, or nothing but this many dots.
    Dots(usize),
    /// It is a name.
    Name,
}

/// Looks at every segment of a path whose escapes are normalised. `%2F` ends a piece that could be
/// a dot segment, as `/` does, and `%3B` begins parameters, as `;` does.
fn scan(text: &str) -> Result<Seen, AmbiguousRequest> {
    let mut bytes = text.bytes();
    if bytes.next() != Some(b'/') {
        return Err(AmbiguousRequest::TargetForm);
    }
    let mut seen = Seen::default();
    let mut reading = Reading::Dots(0);
    let mut has_parameters = false;
    let mut has_pieces = false;
    while let Some(byte) = bytes.next() {
        match check_raw(byte)? {
            b'/' => {
                let empty = ends_piece(reading, has_parameters)?;
                seen.empty_segments |= empty && !has_pieces;
                (reading, has_parameters, has_pieces) = (Reading::Dots(0), false, false);
            }
            b';' => {
                has_parameters = true;
                seen.lax = true;
            }
            b'%' => {
                seen.lax = true;
                match (bytes.next(), bytes.next()) {
                    (Some(b'2'), Some(b'F')) => {
                        ends_piece(reading, has_parameters)?;
                        seen.encoded_slash = true;
                        (reading, has_parameters, has_pieces) = (Reading::Dots(0), false, true);
                    }
                    (Some(b'3'), Some(b'B')) => has_parameters = true,
                    (Some(_), Some(_)) => reading = reading.after(b'%', has_parameters),
                    (Some(_) | None, None) | (None, Some(_)) => {
                        return Err(AmbiguousRequest::Escape);
                    }
                }
            }
            other => {
                seen.lax |= other.is_ascii_uppercase();
                reading = reading.after(other, has_parameters);
            }
        }
    }
    ends_piece(reading, has_parameters)?;
    Ok(seen)
}

impl Reading {
    /// What the piece is after one more byte; parameters are no part of it.
    const fn after(self, byte: u8, has_parameters: bool) -> Self {
        match self {
            reading if has_parameters => reading,
            Self::Dots(dots) if byte == b'.' => Self::Dots(dots + 1),
            Self::Dots(_) | Self::Name => Self::Name,
        }
    }
}

/// Whether the piece that ends here is empty. One that has nothing but parameters vanishes for
/// those who take them off, whatever follows it in its segment.
const fn ends_piece(reading: Reading, has_parameters: bool) -> Result<bool, AmbiguousRequest> {
    match reading {
        Reading::Dots(0) if has_parameters => Err(AmbiguousRequest::EmptySegment),
        Reading::Dots(0) => Ok(true),
        Reading::Dots(1 | 2) => Err(AmbiguousRequest::DotSegment),
        Reading::Dots(_) | Reading::Name => Ok(false),
    }
}

fn merge_slashes(text: &str) -> String {
    let mut merged = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '/' || !merged.ends_with('/') {
            merged.push(character);
        }
    }
    merged
}
