//! The chain: where it stands, and the line that comes next.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use serde::Deserialize;

use super::entry::{Entry, Line};

/// What stands between a line's content and its hash. Nothing before it can look the same: in
/// JSON a quote inside of a text is escaped.
const SEAL: &str = ",\"hash\":\"";
const SEAL_END: &str = "\"}";
/// Hexadecimal digits of a hash.
const HASH_DIGITS: usize = 64;

/// Where a chain stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// The number of the last line; 0 before the first.
    pub(super) seq: u64,
    /// Its hash in hexadecimal.
    pub(super) hash: String,
}

impl Default for Chain {
    /// Before the first line.
    fn default() -> Self {
        Self {
            seq: 0,
            hash: "0".repeat(HASH_DIGITS),
        }
    }
}

/// What a line says of its place in the chain.
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    pub(super) seq: u64,
    pub(super) event: String,
    pub(super) prev: String,
}

impl Chain {
    /// Appends `entry` as the next line, line end included.
    pub(super) fn append(&mut self, entry: &Entry, time: Timestamp, lines: &mut Vec<u8>) {
        let start = lines.len();
        let line = Line {
            seq: self.seq + 1,
            time,
            entry,
            prev: &self.hash,
        };
        if serde_json::to_writer(&mut *lines, &line).is_err() {
            // Nothing in a line can fail to serialise; half a line would break the chain.
            lines.truncate(start);
            return;
        }
        // The closing brace comes behind the hash.
        lines.pop();
        let hash = hash_of(lines.get(start..).unwrap_or_default());
        lines.extend_from_slice(SEAL.as_bytes());
        lines.extend_from_slice(hash.as_bytes());
        lines.extend_from_slice(SEAL_END.as_bytes());
        lines.push(b'\n');
        self.seq += 1;
        self.hash = hash;
    }

    /// Whether a line that says `link` of itself comes next.
    pub(super) fn goes_on_with(&self, link: &Link) -> bool {
        link.seq == self.seq + 1 && link.prev == self.hash
    }
}

/// Reads a line. `None`: it is no whole line of a log, or its content is not what was hashed.
pub(super) fn read(line: &str) -> Option<(Link, Chain)> {
    let (content, sealed) = line.rsplit_once(SEAL)?;
    let hash = sealed.strip_suffix(SEAL_END)?;
    if hash != hash_of(content.as_bytes()) {
        return None;
    }
    let link: Link = serde_json::from_str(line).ok()?;
    let chain = Chain {
        seq: link.seq,
        hash: hash.to_owned(),
    };
    Some((link, chain))
}

fn hash_of(content: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(HASH_DIGITS);
    for byte in digest(&SHA256, content).as_ref() {
        // Writing to a `String` can't fail.
        let _ok = write!(text, "{byte:02x}");
    }
    text
}
