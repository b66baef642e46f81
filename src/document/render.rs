//! Problems as rustc prints them, and as JSON.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value as Json, json};

use super::{Place, Problem, Problems};

/// How problems are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// With ANSI styles, for terminals. A stream that is no terminal must strip them.
    Styled,
    /// Text alone.
    Plain,
}

struct Palette {
    error: Style,
    strong: Style,
    frame: Style,
    help: Style,
}

impl Palette {
    const fn new(rendering: Rendering) -> Self {
        let plain = Style::new();
        match rendering {
            Rendering::Plain => Self {
                error: plain,
                strong: plain,
                frame: plain,
                help: plain,
            },
            Rendering::Styled => Self {
                error: AnsiColor::Red.on_default().bold(),
                strong: plain.bold(),
                frame: AnsiColor::Blue.on_default().bold(),
                help: AnsiColor::Cyan.on_default().bold(),
            },
        }
    }
}

/// All problems as text, each with its excerpt, and a last line that counts them.
#[must_use]
pub fn to_text(problems: &Problems, rendering: Rendering) -> String {
    let palette = Palette::new(rendering);
    let mut text = String::new();
    for problem in problems {
        write_problem(&mut text, problem, &palette);
        text.push('\n');
    }
    let (error, strong) = (palette.error, palette.strong);
    let found = match problems.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    let shown = match problems.more() {
        0 => String::new(),
        more => format!(", {more} of them not shown"),
    };
    // Writing to a `String` can't fail.
    let _ok = writeln!(
        text,
        "{error}error{error:#}{strong}: {found} found{shown}{strong:#}"
    );
    text
}

fn write_problem(text: &mut String, problem: &Problem, palette: &Palette) {
    let (error, strong, help_style) = (palette.error, palette.strong, palette.help);
    let (code, message) = (problem.code, &problem.message);
    let _ok = writeln!(
        text,
        "{error}error[{code}]{error:#}{strong}: {message}{strong:#}"
    );
    let related_line = problem
        .related
        .as_ref()
        .map_or(0, |(place, _)| place.line());
    let margin = problem.line.max(related_line).to_string().len();
    let position = Position {
        file: &problem.file,
        line: problem.line,
        column: problem.column,
        width: problem.width,
        excerpt: problem.excerpt.as_deref(),
    };
    write_excerpt(text, &position, margin, palette, palette.error);
    if let Some((place, note)) = &problem.related {
        let _ok = writeln!(
            text,
            "{:margin$} {help_style}note{help_style:#}: {note}",
            ""
        );
        write_excerpt(text, &Position::of(place), margin, palette, palette.help);
    }
    if let Some(help) = &problem.help {
        let frame = palette.frame;
        let _ok = writeln!(
            text,
            "{:margin$} {frame}={frame:#} {help_style}help{help_style:#}: {help}",
            ""
        );
    }
}

struct Position<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    width: u32,
    excerpt: Option<&'a str>,
}

impl<'a> Position<'a> {
    fn of(place: &'a Place) -> Self {
        Self {
            file: place.file(),
            line: place.line(),
            column: place.column(),
            width: place.width(),
            excerpt: place.excerpt(),
        }
    }
}

fn write_excerpt(
    text: &mut String,
    position: &Position<'_>,
    margin: usize,
    palette: &Palette,
    caret: Style,
) {
    let frame = palette.frame;
    let Position {
        file, line, column, ..
    } = position;
    let Some(excerpt) = position.excerpt else {
        // A file as a whole, or a text of which only the place is told.
        let place = match (line, column) {
            (1, 1) => String::new(),
            (line, column) => format!(":{line}:{column}"),
        };
        let _ok = writeln!(text, "{:margin$}{frame}-->{frame:#} {file}{place}", "");
        return;
    };
    let (before, marked, shown) = cut(excerpt, position);
    let _ok = writeln!(
        text,
        "{:margin$}{frame}-->{frame:#} {file}:{line}:{column}",
        ""
    );
    let _ok = writeln!(text, "{:margin$} {frame}|{frame:#}", "");
    let _ok = writeln!(text, "{frame}{line:margin$} |{frame:#} {shown}");
    let carets = "^".repeat(marked);
    let _ok = writeln!(
        text,
        "{:margin$} {frame}|{frame:#} {:before$}{caret}{carets}{caret:#}",
        "", ""
    );
}

/// The part of a line that fits, where the mark begins in it and how wide it is.
fn cut(excerpt: &str, position: &Position<'_>) -> (usize, usize, String) {
    const MAX_SHOWN_CHARS: usize = 120;
    const KEPT_BEFORE_MARK: usize = 60;
    // Control characters would move the cursor; a tab would shift the mark.
    let chars: Vec<char> = excerpt
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let column = usize::try_from(position.column.saturating_sub(1)).unwrap_or(0);
    let column = column.min(chars.len());
    let skipped = match chars.len() > MAX_SHOWN_CHARS {
        true => column.saturating_sub(KEPT_BEFORE_MARK),
        false => 0,
    };
    let shown: String = chars.iter().skip(skipped).take(MAX_SHOWN_CHARS).collect();
    let shown_chars = chars.len().saturating_sub(skipped).min(MAX_SHOWN_CHARS);
    let before = column - skipped;
    let width = usize::try_from(position.width).unwrap_or(1);
    let marked = width.min(shown_chars.saturating_sub(before)).max(1);
    (before, marked, shown)
}

/// All problems as `{"problems":[{"file","line","column","code","message","help"}]}`.
#[must_use]
pub fn to_json(problems: &Problems) -> Json {
    let list: Vec<Json> = problems
        .iter()
        .map(|problem| {
            json!({
                "file": &*problem.file,
                "line": problem.line,
                "column": problem.column,
                "code": problem.code,
                "message": problem.message,
                "help": problem.help,
            })
        })
        .collect();
    json!({ "problems": list })
}
