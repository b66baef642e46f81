//! Checking a log that was written.

use std::io::{self, BufRead};

use super::chain::{self, Chain};

/// What was found in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Lines in the chain.
    pub lines: u64,
    /// The number of the last line.
    pub seq: u64,
    /// The hash of the last line: keep it elsewhere to notice if the end is cut off.
    pub hash: String,
    /// Lines that a dying process did not finish; the line after each says so.
    pub cut_off: u64,
    /// Events that the log says are missing.
    pub lost: u64,
    /// What is wrong; empty for a whole chain.
    pub flaws: Vec<Flaw>,
}

/// Something wrong in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The number of the line, from 1, counted over all of the files.
    pub line: u64,
    /// What it is.
    pub kind: FlawKind,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlawKind {
    /// Its content is not what was hashed when it was written.
    #[error("the line was changed, or is no line of an audit log")]
    Changed,
    /// It does not follow the line before it.
    #[error("lines before this one were removed, put in or moved")]
    Broken,
    /// The line that was once the last is not there.
    #[error(
        "the line with the expected hash is missing: the end was cut off, or it is another log"
    )]
    CutOff,
}

/// Flaws that are told one by one.
const MAX_FLAWS: usize = 100;

/// Checks the lines of one log, the files of which come oldest first. A log whose older files are
/// gone begins where its first line says. `expected` is a hash that was the newest once.
///
/// # Errors
/// It can't be read.
pub fn verify(log: impl BufRead, expected: Option<&str>) -> io::Result<Verified> {
    let mut verified = Verified {
        lines: 0,
        seq: 0,
        hash: Chain::default().hash,
        cut_off: 0,
        lost: 0,
        flaws: Vec::new(),
    };
    let mut chain: Option<Chain> = None;
    let mut doubtful = None;
    let mut missing = expected.is_some();
    for (number, line) in (1_u64..).zip(log.split(b'\n')) {
        let line = String::from_utf8_lossy(&line?).into_owned();
        let Some((link, next)) = chain::read(&line) else {
            // Not wrong yet: it may be half a line, which the next one then tells.
            verified.flaw(doubtful.replace(number), FlawKind::Changed);
            continue;
        };
        let follows = match &chain {
            Some(chain) => chain.goes_on_with(&link),
            None => link.seq != 1 || Chain::default().goes_on_with(&link),
        };
        match doubtful.take() {
            Some(_) if link.event == "recovered" && follows => verified.cut_off += 1,
            Some(doubtful) => verified.flaw(Some(doubtful), FlawKind::Changed),
            None if !follows => verified.flaw(Some(number), FlawKind::Broken),
            None => {}
        }
        if link.event == "lost" {
            verified.lost += count_of(&line);
        }
        verified.lines += 1;
        verified.seq = next.seq;
        verified.hash.clone_from(&next.hash);
        missing &= expected != Some(next.hash.as_str());
        chain = Some(next);
    }
    verified.flaw(doubtful, FlawKind::Changed);
    if missing {
        verified.flaw(Some(verified.lines + 1), FlawKind::CutOff);
    }
    Ok(verified)
}

fn count_of(line: &str) -> u64 {
    let value: Option<serde_json::Value> = serde_json::from_str(line).ok();
    value
        .and_then(|value| value.get("count")?.as_u64())
        .unwrap_or_default()
}

impl Verified {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.flaws.is_empty()
    }

    fn flaw(&mut self, line: Option<u64>, kind: FlawKind) {
        if let Some(line) = line
            && self.flaws.len() < MAX_FLAWS
        {
            self.flaws.push(Flaw { line, kind });
        }
    }
}
