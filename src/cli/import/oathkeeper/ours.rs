//! A rule as we write it.

use std::fmt::Write as _;

use super::template::Value;
use crate::cli::import::yaml::{comment, list, quoted, scalar};

/// A rule in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct OurRule {
    pub(super) id: String,
    pub(super) comments: Vec<String>,
    pub(super) hosts: Vec<String>,
    pub(super) paths: Vec<String>,
    /// In place of `paths`.
    pub(super) path_regex: Option<String>,
    pub(super) methods: Vec<String>,
    pub(super) required_aal: &'static str,
    pub(super) identify: bool,
    pub(super) conditions: Vec<String>,
    /// Why nobody gets in.
    pub(super) denied: Vec<String>,
    /// `None`: no application was named.
    pub(super) upstream: Option<String>,
    pub(super) strip_prefix: Option<String>,
    pub(super) add_prefix: Option<String>,
    pub(super) host_of_upstream: bool,
    pub(super) headers: Vec<(String, Value)>,
}

impl OurRule {
    /// Lets nobody in, because `why`.
    pub(super) fn deny(&mut self, why: impl Into<String>) {
        self.denied.push(why.into());
    }

    /// The rule as an entry of `rules`.
    pub(super) fn write(&self) -> String {
        let mut text = String::new();
        for line in &self.comments {
            text.push_str(&comment("  ", line));
        }
        for why in &self.denied {
            text.push_str(&comment("  ", &format!("Lets nobody in: {why}")));
        }
        let _ok = writeln!(text, "  - id: {}", scalar(&self.id));
        let _ok = writeln!(text, "    match:");
        if !self.hosts.is_empty() {
            let _ok = writeln!(
                text,
                "      host: {}",
                list(self.hosts.iter().map(|it| &**it))
            );
        }
        let _ok = match &self.path_regex {
            Some(regex) => writeln!(text, "      path_regex: {}", quoted(regex)),
            None => {
                let paths = list(self.paths.iter().map(|it| &**it));
                writeln!(text, "      path: {paths}")
            }
        };
        if !self.methods.is_empty() {
            let methods = list(self.methods.iter().map(|it| &**it));
            let _ok = writeln!(text, "      methods: {methods}");
        }
        let level = match (self.denied.is_empty(), self.required_aal) {
            (true, level) => level,
            (false, _) => "aal1",
        };
        let _ok = writeln!(text, "    required_aal: {level}");
        if self.identify && self.denied.is_empty() {
            text.push_str("    identify: true\n");
        }
        if !self.denied.is_empty() {
            text.push_str("    condition: \"false\"\n");
        } else if !self.conditions.is_empty() {
            let _ok = writeln!(text, "    condition: {}", quoted(&joined(&self.conditions)));
        }
        self.write_handling(&mut text);
        text
    }

    fn write_handling(&self, text: &mut String) {
        let Some(upstream) = &self.upstream else {
            text.push_str("    respond: { status: 204 }\n");
            return;
        };
        let _ok = writeln!(text, "    upstream: {}", scalar(upstream));
        let mut rewrite = Vec::new();
        if let Some(prefix) = &self.strip_prefix {
            rewrite.push(format!("strip_prefix: {}", scalar(prefix)));
        }
        if let Some(prefix) = &self.add_prefix {
            rewrite.push(format!("add_prefix: {}", scalar(prefix)));
        }
        if self.host_of_upstream {
            rewrite.push("host: upstream".to_owned());
        }
        if !rewrite.is_empty() {
            let _ok = writeln!(text, "    rewrite: {{ {} }}", rewrite.join(", "));
        }
        if !self.headers.is_empty() {
            text.push_str("    request_headers:\n      set:\n");
        }
        for (name, value) in &self.headers {
            let value = match value {
                Value::Text(value) => quoted(value),
                Value::Expression(expression) => format!("{{ cel: {} }}", quoted(expression)),
            };
            let _ok = writeln!(text, "        {}: {value}", scalar(name));
        }
    }
}

fn joined(conditions: &[String]) -> String {
    match conditions {
        [only] => only.clone(),
        several => several
            .iter()
            .map(|condition| match condition.contains(" || ") {
                true => format!("({condition})"),
                false => condition.clone(),
            })
            .collect::<Vec<_>>()
            .join(" && "),
    }
}
