//! An explanation for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::explained::{Explained, Reply};
use super::places::Places;
use crate::authz::Decided;

/// Writes an explanation as text with ANSI styles; a stream that is no terminal must strip them.
/// `places` knows where rules write what they ask for.
#[must_use]
pub fn to_text(explained: &Explained, places: &mut Places) -> String {
    let mut text = String::new();
    let style = match explained.decision {
        Decided::Allow => GREEN,
        Decided::LogIn | Decided::StepUp | Decided::Refresh | Decided::Enrol => YELLOW,
        Decided::Deny
        | Decided::NoRule
        | Decided::MethodNotAllowed
        | Decided::BadRequest
        | Decided::Unavailable
        | Decided::UntrustedPeer => RED,
    };
    let decision = explained.decision.as_str();
    let _ok = write!(text, "{style}{decision}{style:#}");
    if let Some(rule) = &explained.rule {
        let (id, location) = (&rule.id, &rule.location);
        let _ok = write!(text, " by rule {BOLD}{id}{BOLD:#} {DIM}({location}){DIM:#}");
    }
    if explained.reported {
        text.push_str(", which only reports: the request is forwarded");
    }
    text.push('\n');
    write_considered(&mut text, explained);
    write_requirements(&mut text, explained, places);
    text.push_str("\nanswers\n");
    write_reply(&mut text, "browser", &explained.browser);
    write_reply(&mut text, "API client", &explained.api);
    text
}

const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = AnsiColor::BrightBlack.on_default();
const BOLD: Style = Style::new().bold();

fn mark(holds: bool) -> (Style, &'static str) {
    match holds {
        true => (GREEN, "+"),
        false => (RED, "-"),
    }
}

fn write_considered(text: &mut String, explained: &Explained) {
    text.push_str("\nrules\n");
    if explained.considered.is_empty() {
        text.push_str("  none was looked at\n");
    }
    let width = widest(explained.considered.iter().map(|one| one.rule.id.as_str()));
    for one in &explained.considered {
        let (style, sign) = mark(one.matched);
        let (id, location, why) = (&one.rule.id, &one.rule.location, &one.why);
        let _ok = writeln!(
            text,
            "  {style}{sign}{style:#} {id:width$}  {why} {DIM}({location}){DIM:#}"
        );
    }
}

fn write_requirements(text: &mut String, explained: &Explained, places: &mut Places) {
    if explained.requirements.is_empty() {
        return;
    }
    text.push_str("\nrequirements\n");
    let width = widest(explained.requirements.iter().map(|one| one.name.as_str()));
    for one in &explained.requirements {
        let (style, sign) = mark(one.met);
        let (name, why) = (&one.name, &one.why);
        let _ok = write!(text, "  {style}{sign}{style:#} {name:width$}  {why}");
        if let Some(place) = places.find(&one.rule, name).filter(|_| !one.met) {
            let _ok = write!(text, " {DIM}({place}){DIM:#}");
        }
        text.push('\n');
    }
}

fn write_reply(text: &mut String, client: &str, reply: &Reply) {
    let _ok = write!(text, "  {client:10}  ");
    match reply.status {
        None => text.push_str("forwarded to the application"),
        Some(status) => {
            let _ok = write!(text, "{status}");
        }
    }
    if let Some(id) = reply.id.filter(|_| reply.location.is_none()) {
        let _ok = write!(text, " {id}");
    }
    if let Some(location) = &reply.location {
        let _ok = write!(text, " -> {location}");
    }
    text.push('\n');
}

/// The widest of a column, up to a width that still leaves room beside it.
fn widest<'a>(cells: impl Iterator<Item = &'a str>) -> usize {
    const MAX_WIDTH: usize = 40;
    let widths = cells.map(|cell| cell.chars().count());
    widths.max().unwrap_or_default().min(MAX_WIDTH)
}
