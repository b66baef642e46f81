//! Oathkeeper's configuration file, as far as it concerns rules.

use super::address::Strategy;
use super::handlers::Handler;
use crate::cli::import::LeftOut;
use crate::document::Node;

/// Parts that have no bearing on rules.
const ELSEWHERE: [(&str, &str); 7] = [
    (
        "serve",
        "addresses, TLS and CORS are `proxy.listen` of stepgate.yaml and `cors` of rules",
    ),
    ("log", "`telemetry.log` of stepgate.yaml"),
    ("tracing", "`telemetry.otlp` of stepgate.yaml"),
    ("profiling", "it has no counterpart"),
    ("sqa", "nothing is reported to anybody"),
    ("version", ""),
    ("cloud", "it has no counterpart"),
];

/// A configuration file, or none.
#[derive(Default)]
pub(super) struct Settings {
    file: Option<Node>,
}

impl Settings {
    /// Whether a document is a configuration and no list of rules.
    pub(super) fn is_one(document: &Node) -> bool {
        let keys = [
            "access_rules",
            "authenticators",
            "authorizers",
            "mutators",
            "serve",
            "errors",
        ];
        document.find("match").is_none() && keys.iter().any(|key| document.find(key).is_some())
    }

    /// Takes a configuration over; a later one is laid over an earlier one.
    pub(super) fn add(&mut self, file: Node, left_out: &mut Vec<LeftOut>) {
        for entry in file.as_map().unwrap_or_default() {
            let known = [
                "access_rules",
                "authenticators",
                "authorizers",
                "mutators",
                "errors",
            ];
            let name = &*entry.key.text;
            if known.contains(&name) {
                continue;
            }
            let why = ELSEWHERE.iter().find(|(part, _)| *part == name);
            let why = why.map_or("it is no key that is known", |(_, why)| why);
            if !why.is_empty() {
                let place = &entry.key.place;
                left_out.push(LeftOut::at(
                    place,
                    None,
                    &format!("configuration {name}"),
                    why,
                ));
            }
        }
        self.file = Some(match self.file.take() {
            Some(earlier) => earlier.overlaid_with(file),
            None => file,
        });
    }

    pub(super) fn strategy(&self) -> Strategy {
        let written = self
            .file
            .as_ref()
            .and_then(|file| file.find("access_rules")?.find("matching_strategy"))
            .and_then(Node::as_scalar);
        match written {
            Some(scalar) if &*scalar.text == "glob" => Strategy::Glob,
            Some(_) | None => Strategy::Regexp,
        }
    }

    /// A handler as a rule names it, with what the configuration says of its kind.
    pub(super) fn handler<'a>(&self, kind: &str, node: &'a Node) -> Option<Handler<'a>> {
        let name = node.find("handler")?.as_scalar()?.text.to_string();
        let general = self.file.as_ref().and_then(|file| match kind {
            "errors" => file.find("errors")?.find("handlers")?.find(&name),
            kind => file.find(kind)?.find(&name),
        });
        let base = general.and_then(|general| general.find("config")).cloned();
        let own = node.find("config").cloned();
        let config = match (base, own) {
            (Some(base), Some(own)) => Some(base.overlaid_with(own)),
            (base, own) => own.or(base),
        };
        let enabled = general
            .and_then(|general| general.find("enabled")?.as_scalar())
            .is_some_and(|scalar| &*scalar.text == "true");
        let disabled = self.file.is_some() && kind != "errors" && !enabled;
        Some(Handler {
            name,
            node,
            config,
            disabled,
        })
    }
}
