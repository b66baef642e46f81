//! Access rules and configuration of Ory Oathkeeper.

mod address;
mod glob;
mod handlers;
mod ours;
mod regex_text;
mod rule;
mod settings;
mod template;

use std::fmt::Write as _;
use std::path::PathBuf;

use self::ours::OurRule;
use self::rule::{Upstreams, translate_rule};
use self::settings::Settings;
use super::yaml::{comment, scalar};
use super::{Imported, LeftOut, read};
use crate::document::{Node, Problems, Value};
use crate::rules::{Context, compile};

const HEAD: &str = "# Made from access rules of Ory Oathkeeper. Read it before you use it:\n\
# GET includes HEAD; the more specific rule wins where two match; refusals are answered by the\n\
# kind of client; what has no counterpart was told on standard error.\n";

pub(super) fn import(files: &[PathBuf]) -> Result<Imported, Problems> {
    let mut problems = Problems::new();
    let mut left_out = Vec::new();
    let mut settings = Settings::default();
    let mut rules = Vec::new();
    for file in files {
        let Some(document) = read(file, &mut problems) else {
            continue;
        };
        if Settings::is_one(&document) {
            settings.add(document, &mut left_out);
            continue;
        }
        match document.value {
            Value::List(nodes) => rules.extend(nodes),
            Value::Map(_) => rules.push(document),
            Value::Null | Value::Scalar(_) => {
                let why = "the file holds neither rules nor a configuration";
                left_out.push(LeftOut::at(&document.place, None, "file", why));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut upstreams = Upstreams::default();
    let mut ours: Vec<(OurRule, Node)> = Vec::new();
    for node in rules {
        if let Some(rule) = translate_rule(&node, &settings, &mut upstreams, &mut left_out) {
            ours.push((rule, node));
        }
    }
    name_apart(&mut ours);
    let text = settle(&mut ours, &upstreams, &mut left_out);
    Ok(Imported { text, left_out })
}

/// Two rules that became one name get numbers.
fn name_apart(rules: &mut [(OurRule, Node)]) {
    let mut seen: Vec<String> = Vec::new();
    for (number, (rule, _)) in rules.iter_mut().enumerate() {
        if seen.contains(&rule.id) {
            rule.id = format!(
                "{}-{}",
                rule.id.chars().take(120).collect::<String>(),
                number + 1
            );
        }
        seen.push(rule.id.clone());
    }
}

/// Takes out, one after the other, what keeps the rules from being whole: where two rules of ours
/// can't stand beside each other, nobody gets in by the one that stays.
fn settle(
    rules: &mut Vec<(OurRule, Node)>,
    upstreams: &Upstreams,
    left_out: &mut Vec<LeftOut>,
) -> String {
    loop {
        let (text, begins) = write(rules, upstreams);
        let Err(problems) = compile("imported.yaml", &text, &Context::default()) else {
            return text;
        };
        let Some(problem) = problems.iter().next() else {
            return text;
        };
        let at = |line: u32| begins.iter().rposition(|begin| *begin <= line);
        let Some(index) = at(problem.line).filter(|index| *index < rules.len()) else {
            return text;
        };
        let (rule, node) = rules.remove(index);
        let why = format!("{}; the rule was left out", problem.message);
        left_out.push(LeftOut::at(&node.place, Some(&rule.id), "rule", why));
        let other = problem.related.as_ref().map(|(place, _)| place.line());
        let other = other.and_then(at).filter(|other| *other != index);
        let other = other.map(|other| if other > index { other - 1 } else { other });
        if problem.code == "ambiguous_rules"
            && let Some((kept, _)) = other.and_then(|other| rules.get_mut(other))
        {
            kept.deny(format!("rule {} was about the same requests", rule.id));
        }
    }
}

/// The file, and the line on which each rule begins.
fn write(rules: &[(OurRule, Node)], upstreams: &Upstreams) -> (String, Vec<u32>) {
    let mut text = HEAD.to_owned();
    text.push_str("upstreams:");
    text.push_str(if upstreams.0.is_empty() {
        " {}\n"
    } else {
        "\n"
    });
    for (name, url) in &upstreams.0 {
        let _ok = writeln!(text, "  {}: {{ url: {} }}", scalar(name), scalar(url));
    }
    text.push_str(if rules.is_empty() {
        "rules: []\n"
    } else {
        "rules:\n"
    });
    let mut begins = Vec::with_capacity(rules.len());
    for (rule, node) in rules {
        let line = text.lines().count() + 1;
        begins.push(u32::try_from(line).unwrap_or(u32::MAX));
        let from = format!("From {}:{}.", node.place.file(), node.place.line());
        text.push_str(&comment("  ", &from));
        text.push_str(&rule.write());
    }
    (text, begins)
}
