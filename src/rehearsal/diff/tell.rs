//! Changes for people and for programs.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value as Json, json};

use super::changes::{Change, Changes, Direction, Judged};

const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = AnsiColor::BrightBlack.on_default();

/// A line for each class of requests, looser ones first, and a last line that counts; styled with
/// ANSI, which a stream that is no terminal must strip.
#[must_use]
pub fn changes_as_text(changes: &Changes) -> String {
    let mut text = String::new();
    for change in &changes.changes {
        write_change(&mut text, change);
    }
    let (looser, tighter) = (
        changes.count(Direction::Looser),
        changes.count(Direction::Tighter),
    );
    let style = if looser == 0 { GREEN } else { RED };
    let _ok = writeln!(
        text,
        "{style}{looser} looser, {tighter} tighter{style:#} of {} requests tried",
        changes.requests
    );
    if changes.pairs_left_out > 0 {
        let _ok = writeln!(
            text,
            "{YELLOW}note{YELLOW:#}: {} pairs of path patterns were not tried together",
            changes.pairs_left_out
        );
    }
    if changes.lines_left_out > 0 {
        let _ok = writeln!(
            text,
            "{YELLOW}note{YELLOW:#}: {} lines are no requests and were left out",
            changes.lines_left_out
        );
    }
    text
}

fn write_change(text: &mut String, change: &Change) {
    let style = match change.direction {
        Direction::Looser => RED,
        Direction::Tighter => GREEN,
        Direction::Neither => YELLOW,
    };
    let (word, request, session) = (change.direction.as_str(), &change.request, &change.session);
    let (before, after) = (said(&change.before), said(&change.after));
    let _ok = write!(
        text,
        "{style}{word:7}{style:#}  {request}  {DIM}[{session}]{DIM:#}  {before} -> {after}"
    );
    if let Some(note) = &change.note {
        let _ok = write!(text, "  {note}");
    }
    if change.alike > 0 {
        let _ok = write!(text, "  {DIM}and {} alike{DIM:#}", change.alike);
    }
    text.push('\n');
}

fn said(judged: &Judged) -> String {
    let decision = judged.decision;
    let reported = if judged.reported {
        ", only reported"
    } else {
        ""
    };
    match &judged.rule {
        Some(rule) => format!("{decision}{reported} ({rule})"),
        None => format!("{decision}{reported}"),
    }
}

/// `{"looser","tighter","requests","changes":[{"change","request","session","before","after"}]}`.
#[must_use]
pub fn changes_as_json(changes: &Changes) -> Json {
    let judged = |judged: &Judged| {
        json!({
            "decision": judged.decision,
            "rule": judged.rule,
            "reported": judged.reported,
        })
    };
    let list: Vec<Json> = changes
        .changes
        .iter()
        .map(|change| {
            json!({
                "change": change.direction.as_str(),
                "request": change.request,
                "session": change.session,
                "before": judged(&change.before),
                "after": judged(&change.after),
                "note": change.note,
                "alike": change.alike,
            })
        })
        .collect();
    json!({
        "looser": changes.count(Direction::Looser),
        "tighter": changes.count(Direction::Tighter),
        "requests": changes.requests,
        "pairs_left_out": changes.pairs_left_out,
        "lines_left_out": changes.lines_left_out,
        "changes": list,
    })
}
