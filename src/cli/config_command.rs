//! `config show` and `config schema`.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value as Json, json};

use super::arguments::ShowArguments;
use super::{Ending, origin, output};
use crate::config::{self, Environment};
use crate::document::{Origin, Setting};

pub(super) fn show(arguments: ShowArguments, environment: Environment) -> Ending {
    let loaded = origin(arguments.config, environment).load();
    if !loaded.problems.is_empty() {
        output::problems(&loaded.problems);
        return Ending::Invalid;
    }
    output::tell(&match arguments.format.is_json() {
        true => as_json(&loaded.settings),
        false => as_text(&loaded.settings),
    });
    Ending::Well
}

fn as_text(settings: &[Setting]) -> String {
    let dim: Style = AnsiColor::BrightBlack.on_default();
    let mut text = String::new();
    for setting in settings {
        let value = match setting.value.as_str() {
            Some(text) => text.to_owned(),
            None => setting.value.to_string(),
        };
        let line = format!("{}: {value}", setting.path);
        let origin = written(&setting.origin);
        // Writing to a `String` can't fail.
        let _ok = writeln!(text, "{line:<60} {dim}# {origin}{dim:#}");
    }
    text
}

fn as_json(settings: &[Setting]) -> String {
    let list: Vec<Json> = settings
        .iter()
        .map(|setting| {
            json!({
                "key": setting.path,
                "value": setting.value,
                "origin": written(&setting.origin),
            })
        })
        .collect();
    format!("{:#}\n", json!({ "settings": list }))
}

fn written(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        // A variable or flag has no lines.
        Origin::Written(place) if place.excerpt().is_none() => place.file().to_string(),
        Origin::Written(place) => format!("{}:{}", place.file(), place.line()),
    }
}

pub(super) fn schema() -> Ending {
    output::tell(&format!("{:#}\n", config::schema()));
    Ending::Well
}
