//! The golden file: one attack a line, with what must and what must never come of it.

use std::fs;

use serde::Deserialize;

/// One attack.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    /// The rules it is played against: see [`super::context`].
    pub(crate) context: String,
    /// The bytes of an HTTP/1 exchange, code points standing for bytes.
    #[serde(default)]
    raw: Vec<Piece>,
    /// The header list of an HTTP/2 request.
    #[serde(default)]
    pub(crate) h2: Vec<(String, String)>,
    /// The body of the HTTP/2 request.
    pub(crate) data: Option<String>,
    /// The name of an HTTP/2 flood.
    pub(crate) flood: Option<String>,
    /// How many frames the flood has.
    pub(crate) count: Option<usize>,
    expected: String,
    #[serde(default)]
    also_ok: Vec<String>,
    #[serde(default)]
    pub(crate) forbidden: Vec<String>,
    /// The canonical target.
    pub(crate) normalised: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Repeated(String, usize),
}

impl Case {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let pieces = self.raw.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Repeated(text, times) => text.repeat(*times),
        });
        latin1(&pieces.collect::<String>())
    }

    /// The outcomes that count as right.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.expected)
            .chain(&self.also_ok)
            .map(String::as_str)
    }
}

/// Code points 0 to 255 as bytes.
pub(crate) fn latin1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|code| u8::try_from(u32::from(code)).unwrap())
        .collect()
}

/// All cases, in the order of the file.
pub(crate) fn load() -> Vec<Case> {
    let text = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/golden/vectors.jsonl"
    ))
    .unwrap();
    let cases: Vec<Case> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(cases.len() > 200, "the golden file is not whole");
    cases
}
