//! How a run of cases is told: to people, to programs, to build servers.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde_json::{Value as Json, json};

use super::trial::{Outcome, Ran};

const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = AnsiColor::BrightBlack.on_default();

/// `{"passed","failed","cases":[{"name","ok","expected","got"}]}`.
#[must_use]
pub fn report_as_json(ran: &Ran) -> Json {
    let cases: Vec<Json> = ran
        .outcomes
        .iter()
        .map(|outcome| {
            json!({
                "name": outcome.name,
                "ok": outcome.is_ok(),
                "expected": outcome.comparison.expected,
                "got": outcome.comparison.got,
                "file": &**outcome.place.file(),
                "line": outcome.place.line(),
            })
        })
        .collect();
    json!({ "passed": ran.passed(), "failed": ran.failed(), "cases": cases })
}

/// Each failure with what was expected, what was got and why, and a last line that counts; styled
/// with ANSI, which a stream that is no terminal must strip.
#[must_use]
pub fn report_as_text(ran: &Ran) -> String {
    let mut text = String::new();
    for outcome in ran.outcomes.iter().filter(|outcome| !outcome.is_ok()) {
        let (name, place) = (&outcome.name, &outcome.place);
        let _ok = writeln!(text, "{RED}failed{RED:#} {name} {DIM}({place}){DIM:#}");
        text.push_str(&difference(outcome));
        text.push('\n');
    }
    let (passed, failed) = (ran.passed(), ran.failed());
    let style = if failed == 0 { GREEN } else { RED };
    let _ok = writeln!(text, "{style}{passed} passed, {failed} failed{style:#}");
    text
}

/// What differs, a line each, and why it came so.
fn difference(outcome: &Outcome) -> String {
    let mut text = String::new();
    let comparison = &outcome.comparison;
    for name in &comparison.differ {
        let shown = |values: &serde_json::Map<String, Json>| match values.get(name) {
            Some(Json::String(text)) => text.clone(),
            Some(Json::Null) => "none".to_owned(),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        let (expected, got) = (shown(&comparison.expected), shown(&comparison.got));
        let _ok = writeln!(text, "  {name}: expected {expected}, got {got}");
    }
    if let Some(rule) = &outcome.explained.rule {
        let _ok = writeln!(text, "  rule {} at {}", rule.id, rule.location);
    }
    for one in outcome
        .explained
        .considered
        .iter()
        .filter(|one| !one.matched)
    {
        let _ok = writeln!(text, "  not {}: {}", one.rule.id, one.why);
    }
    for one in outcome.explained.requirements.iter().filter(|one| !one.met) {
        let _ok = writeln!(text, "  {}: {}", one.name, one.why);
    }
    text
}

/// JUnit's XML: a suite a file, a test case a case.
#[must_use]
pub fn report_as_junit(ran: &Ran) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (total, failed) = (ran.outcomes.len(), ran.failed());
    let time = seconds(ran.took);
    let _ok = writeln!(
        text,
        "<testsuites name=\"stepgate test\" tests=\"{total}\" failures=\"{failed}\" \
         errors=\"0\" time=\"{time}\">"
    );
    let files = ran
        .outcomes
        .chunk_by(|a, b| a.place.file() == b.place.file());
    for suite in files {
        write_suite(&mut text, suite);
    }
    text.push_str("</testsuites>\n");
    text
}

fn write_suite(text: &mut String, suite: &[Outcome]) {
    let file = suite.first().map_or("", |outcome| outcome.place.file());
    let file = escaped(file);
    let failed = suite.iter().filter(|outcome| !outcome.is_ok()).count();
    let time = seconds(suite.iter().map(|outcome| outcome.took).sum());
    let _ok = writeln!(
        text,
        "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" \
         skipped=\"0\" time=\"{time}\">",
        suite.len()
    );
    for outcome in suite {
        let name = escaped(&outcome.name);
        let (line, time) = (outcome.place.line(), seconds(outcome.took));
        let _ok = write!(
            text,
            "    <testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\" line=\"{line}\" \
             time=\"{time}\""
        );
        if outcome.is_ok() {
            text.push_str("/>\n");
            continue;
        }
        let difference = difference(outcome);
        let message = escaped(difference.lines().next().unwrap_or_default().trim());
        let difference = escaped(&difference);
        let _ok = write!(
            text,
            ">\n      <failure message=\"{message}\" type=\"decision\">{difference}</failure>\n    \
             </testcase>\n"
        );
    }
    text.push_str("  </testsuite>\n");
}

fn seconds(duration: Duration) -> String {
    format!("{:.6}", duration.as_secs_f64())
}

/// Text for XML; controls that XML has no way to write become question marks.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}
