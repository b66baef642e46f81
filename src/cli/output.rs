//! The one place that writes to standard output and standard error.
//!
//! Colour is stripped where the stream is no terminal or `NO_COLOR` asks for it. A reader that
//! left is no failure: nobody is there to be told.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};

use crate::document::{Problems, Rendering, to_text};

/// Writes to standard output.
pub(super) fn tell(text: &str) {
    let mut stdout = anstream::stdout();
    let _closed = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Writes to standard error.
pub(super) fn complain(text: &str) {
    let mut stderr = anstream::stderr();
    let _closed = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}

/// Tells problems on standard error, with their excerpts.
pub(super) fn problems(problems: &Problems) {
    complain(&to_text(problems, Rendering::Styled));
}

/// Tells why a command failed, with every cause.
pub(super) fn failure(error: &dyn Error) {
    let red: Style = AnsiColor::Red.on_default().bold();
    let mut text = format!("{red}error{red:#}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a `String` can't fail.
        let _ok = write!(text, ": {error}");
        cause = error.source();
    }
    text.push('\n');
    complain(&text);
}
