//! One access rule of Oathkeeper, in our words.

use url::Url;

use super::address::translate;
use super::handlers::{self, Work};
use super::ours::OurRule;
use super::settings::Settings;
use crate::cli::import::LeftOut;
use crate::document::Node;
use crate::policy::{CanonicalPath, PathPattern, PathRegex};

const KEYS: [&str; 9] = [
    "id",
    "version",
    "description",
    "match",
    "upstream",
    "authenticators",
    "authorizer",
    "mutators",
    "errors",
];

/// Where applications are, by name.
#[derive(Default)]
pub(super) struct Upstreams(pub(super) Vec<(String, String)>);

impl Upstreams {
    /// The name for an origin.
    fn name(&mut self, origin: &str) -> String {
        if let Some((name, _)) = self.0.iter().find(|(_, known)| known == origin) {
            return name.clone();
        }
        let bare = origin.split("://").nth(1).unwrap_or(origin);
        let name: String = bare
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '-'
                }
            })
            .collect();
        let taken = self.0.iter().any(|(other, _)| *other == name);
        let name = match taken {
            true => format!("{name}-{}", self.0.len()),
            false => name,
        };
        self.0.push((name.clone(), origin.to_owned()));
        name
    }
}

/// Translates a rule; `None`: it can't even be named.
pub(super) fn translate_rule(
    node: &Node,
    settings: &Settings,
    upstreams: &mut Upstreams,
    left_out: &mut Vec<LeftOut>,
) -> Option<OurRule> {
    let text = |key: &str| node.find(key)?.as_scalar().map(|scalar| &*scalar.text);
    let Some(id) = text("id").filter(|id| !id.is_empty()) else {
        left_out.push(LeftOut::at(&node.place, None, "rule", "it has no id"));
        return None;
    };
    let mut rule = OurRule {
        id: id_of(id),
        ..OurRule::default()
    };
    rule.comments.extend(
        text("description")
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
    );
    let mut work = Work {
        rule: &mut rule,
        left_out,
        id,
    };
    for entry in node.as_map().unwrap_or_default() {
        let name = &*entry.key.text;
        if !KEYS.contains(&name) {
            work.leave_out_guard(&entry.value, name, "it is no key that is known");
        }
    }
    add_match(node, settings, &mut work);
    let listed = |kind: &str| -> Vec<_> {
        let nodes = node.find(kind).and_then(Node::as_list).unwrap_or_default();
        nodes
            .iter()
            .filter_map(|node| settings.handler(kind, node))
            .collect()
    };
    let scope = handlers::authenticators(&listed("authenticators"), &mut work);
    let authorizer = node
        .find("authorizer")
        .and_then(|node| settings.handler("authorizers", node));
    match authorizer {
        Some(handler) => handlers::authorizer(&handler, &mut work),
        None => work.leave_out_guard(node, "authorizer", "there is none"),
    }
    for handler in listed("mutators") {
        handlers::mutator(&handler, &scope, &mut work);
    }
    for handler in listed("errors") {
        handlers::error(&handler, &mut work);
    }
    add_upstream(node, upstreams, &mut work);
    Some(rule)
}

/// Ids here are letters, digits and a few signs.
fn id_of(id: &str) -> String {
    id.chars()
        .take(128)
        .map(|letter| match letter {
            letter if letter.is_ascii_alphanumeric() || "-_.:/".contains(letter) => letter,
            _ => '-',
        })
        .collect()
}

fn add_match(node: &Node, settings: &Settings, work: &mut Work<'_>) {
    // Where nothing can be said of the requests, the widest pattern refuses them all.
    work.rule.paths = vec!["/**".to_owned()];
    let Some(matching) = node.find("match") else {
        return work.leave_out_guard(node, "match", "there is none");
    };
    let Some(url) = matching.find("url").and_then(Node::as_scalar) else {
        let why = "only rules with a `url` have a counterpart";
        return work.leave_out_guard(matching, "match", why);
    };
    match translate(&url.text, settings.strategy()) {
        Ok(address) => {
            work.rule.hosts = address.hosts;
            work.rule.paths = address.paths;
            work.rule.path_regex = address.path_regex;
            work.rule.conditions = address.conditions;
        }
        Err(why) => {
            work.leave_out_guard(matching, "match.url", &why);
            work.rule
                .comments
                .push(format!("It was about {}", url.text));
        }
    }
    let methods = matching
        .find("methods")
        .and_then(Node::as_list)
        .unwrap_or_default();
    for method in methods.iter().filter_map(Node::as_scalar) {
        let name = method.text.to_ascii_uppercase();
        if name != "CONNECT" && name != "TRACE" && !work.rule.methods.contains(&name) {
            work.rule.methods.push(name);
        }
    }
    if work.rule.methods.is_empty() {
        work.rule.deny("it is about no method");
    }
}

fn add_upstream(node: &Node, upstreams: &mut Upstreams, work: &mut Work<'_>) {
    let upstream = node.find("upstream").filter(|upstream| !upstream.is_null());
    let text = |key: &str| {
        let scalar = upstream?.find(key)?.as_scalar()?;
        Some(&*scalar.text).filter(|text| !text.is_empty())
    };
    let place = upstream.unwrap_or(node);
    let Some(url) = text("url") else {
        let why = "no application is named, so requests that are let in are answered with 204";
        return work.leave_out(place, "upstream", why);
    };
    let parsed = Url::parse(url).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
    });
    let Some(parsed) = parsed else {
        return work.leave_out_guard(place, "upstream", "its `url` is no plain http or https URL");
    };
    work.rule.upstream = Some(upstreams.name(&parsed.origin().ascii_serialization()));
    work.rule.host_of_upstream = text("preserve_host") != Some("true");
    let base = parsed.path().trim_end_matches('/');
    if !base.is_empty() {
        match CanonicalPath::parse(base) {
            Ok(path) if path.as_str() == base => work.rule.add_prefix = Some(base.to_owned()),
            Ok(_) | Err(_) => {
                work.leave_out_guard(place, "upstream", "its path is not in canonical form");
            }
        }
    }
    if let Some(strip) = text("strip_path") {
        let prefix = format!("/{}", strip.trim_matches('/'));
        let canonical = CanonicalPath::parse(&prefix)
            .ok()
            .filter(|_| prefix.len() > 1);
        let covers = canonical.is_some_and(|prefix| covers(work.rule, &prefix));
        match covers {
            true => work.rule.strip_prefix = Some(prefix),
            false => work.leave_out_guard(
                place,
                "upstream.strip_path",
                "some paths of the rule don't begin with it",
            ),
        }
    }
}

/// Whether every path of the rule begins with the prefix.
fn covers(rule: &OurRule, prefix: &CanonicalPath) -> bool {
    if let Some(regex) = &rule.path_regex {
        return PathRegex::parse(regex).is_ok_and(|regex| regex.is_below(prefix));
    }
    let mut patterns = rule.paths.iter().map(|path| PathPattern::parse(path));
    patterns.all(|pattern| pattern.is_ok_and(|pattern| pattern.is_below(prefix)))
}
