//! `audit verify`: is the log as it was written?

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use serde_json::json;

use super::arguments::VerifyArguments;
use super::{Ending, output};
use crate::audit::{Verified, verify};

pub(super) fn verify_log(arguments: &VerifyArguments) -> Ending {
    let expected = arguments.expect.as_deref();
    let verified = open(&arguments.files).and_then(|log| verify(BufReader::new(log), expected));
    let verified = match verified {
        Ok(verified) => verified,
        Err(error) => {
            output::failure(&error);
            return Ending::Failed;
        }
    };
    let is_whole = verified.is_whole();
    if arguments.format.is_json() {
        output::tell(&format!("{:#}\n", as_json(&verified)));
    } else {
        output::tell(&as_text(&verified));
    }
    match is_whole {
        true => Ending::Well,
        false => Ending::Failed,
    }
}

/// The files one behind the other.
fn open(files: &[PathBuf]) -> io::Result<Box<dyn Read>> {
    let mut log: Box<dyn Read> = Box::new(io::empty());
    for path in files {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        log = Box::new(log.chain(File::open(path).map_err(named)?));
    }
    Ok(log)
}

fn as_json(verified: &Verified) -> serde_json::Value {
    let flaws = verified.flaws.iter();
    let flaws: Vec<_> = flaws
        .map(|flaw| json!({ "line": flaw.line, "message": flaw.kind.to_string() }))
        .collect();
    json!({
        "whole": verified.is_whole(),
        "lines": verified.lines,
        "seq": verified.seq,
        "hash": verified.hash,
        "cut_off": verified.cut_off,
        "lost": verified.lost,
        "flaws": flaws,
    })
}

fn as_text(verified: &Verified) -> String {
    let mut text = String::new();
    // Writing to a `String` can't fail.
    for flaw in &verified.flaws {
        let _ok = writeln!(text, "line {}: {}", flaw.line, flaw.kind);
    }
    if verified.cut_off > 0 {
        let count = verified.cut_off;
        let _ok = writeln!(
            text,
            "{count} unfinished lines: the process died while it wrote"
        );
    }
    if verified.lost > 0 {
        let count = verified.lost;
        let _ok = writeln!(
            text,
            "{count} events could not be written, as the log itself says"
        );
    }
    let word = match verified.is_whole() {
        true => "whole",
        false => "NOT whole",
    };
    let _ok = writeln!(
        text,
        "{word}: {} lines, the last is number {} with hash {}",
        verified.lines, verified.seq, verified.hash
    );
    text
}
