//! `rewrite`: written to meant.

use http::HeaderValue;

use super::super::super::raw::{RawMatch, RawRewrite};
use crate::document::{Located, Problem, Reading};
use crate::policy::{CanonicalPath, Host, HostRewrite, PathReplacement, Rewrite};

pub(super) fn rewrite_of(
    raw: &RawRewrite,
    matching: &RawMatch,
    reading: &mut Reading,
) -> Option<Rewrite> {
    let strip_prefix = raw
        .strip_prefix
        .as_ref()
        .and_then(|written| prefix_of("strip_prefix", written, reading));
    if let (Some(prefix), Some(written)) = (&strip_prefix, &raw.strip_prefix) {
        check_covered(prefix, written, matching, reading);
    }
    let add_prefix = raw
        .add_prefix
        .as_ref()
        .and_then(|written| prefix_of("add_prefix", written, reading));
    let replacement = raw
        .path_regex
        .as_ref()
        .and_then(|written| replacement_of(written, reading));
    let host = raw.host.as_ref().and_then(|host| host_of(host, reading));
    let rewrite = Rewrite {
        strip_prefix: strip_prefix.map(|prefix| prefix.as_str().into()),
        replacement,
        add_prefix: add_prefix.map(|prefix| prefix.as_str().into()),
        remove_query: parameters_of(&raw.remove_query, reading),
        host: host.unwrap_or_default(),
    };
    let does_something = rewrite.changes_path()
        || !rewrite.remove_query.is_empty()
        || rewrite.host != HostRewrite::Preserve;
    does_something.then_some(rewrite)
}

/// Names of query parameters, as applications read them.
fn parameters_of(written: &[Located<String>], reading: &mut Reading) -> Box<[Box<str>]> {
    for name in written.iter().filter(|name| name.value.is_empty()) {
        let message = "`remove_query` is a list of names of parameters";
        let help = "write a name, as it stands before the `=`";
        reading.problem(Problem::at(&name.place, "invalid_value", message).help(help));
    }
    written.iter().map(|name| (*name.value).into()).collect()
}

/// A prefix: `/` and names, in the spelling in which paths are matched and sent.
fn prefix_of(
    name: &str,
    written: &Located<String>,
    reading: &mut Reading,
) -> Option<CanonicalPath> {
    let text = &*written.value;
    let mut wrong = |message: String, help: Option<String>| {
        let problem = Problem::at(&written.place, "invalid_value", message);
        reading.problem(problem.maybe_help(help));
        None
    };
    if !text.starts_with('/') {
        let help = format!("write `/{text}`");
        return wrong(format!("`{name}` begins with `/`"), Some(help));
    }
    if text.ends_with('/') {
        let message = format!("`{name}` is one or more whole segments, such as /desk");
        return wrong(message, Some("leave out the `/` at the end".to_owned()));
    }
    match CanonicalPath::parse(text) {
        Ok(path) if path.as_str() == text => Some(path),
        Ok(path) => {
            let help = format!("write `{}`", path.as_str());
            wrong(
                "paths are matched and sent in canonical form".to_owned(),
                Some(help),
            )
        }
        Err(reason) => wrong(format!("no path can begin like this: {reason}"), None),
    }
}

/// A prefix that some of the rule's paths don't have could not be taken off them.
fn check_covered(
    prefix: &CanonicalPath,
    written: &Located<String>,
    matching: &RawMatch,
    reading: &mut Reading,
) {
    let patterns = matching.paths.iter();
    let patterns = patterns.map(|path| (path.value.is_below(prefix), &path.place));
    let regexes = matching.path_regexes.iter();
    let regexes = regexes.map(|regex| (regex.value.is_below(prefix), &regex.place));
    let outside = patterns.chain(regexes).find(|(is_below, _)| !is_below);
    if let Some((_, place)) = outside {
        let message = "this rule is also about paths that don't begin with the prefix".to_owned();
        let help = format!(
            "give the rule paths below {0} only, such as {0}/**",
            prefix.as_str()
        );
        let problem = Problem::at(&written.place, "contradiction", message).help(help);
        reading.problem(problem.related(place, "this path may not have the prefix"));
    }
}

fn replacement_of(
    written: &Located<Vec<Located<String>>>,
    reading: &mut Reading,
) -> Option<PathReplacement> {
    let [pattern, replacement] = &*written.value else {
        let message = "`path_regex` is a list of two: an expression and its replacement";
        let help = "write it as [\"/old/(.*)\", \"/new/$1\"]";
        reading.problem(Problem::at(&written.place, "invalid_value", message).help(help));
        return None;
    };
    match PathReplacement::compile(&pattern.value, &replacement.value) {
        Ok(compiled) => Some(compiled),
        Err(error) => {
            let place = match error.is_about_pattern() {
                true => &pattern.place,
                false => &replacement.place,
            };
            reading.problem(Problem::at(place, "invalid_value", error.to_string()));
            None
        }
    }
}

fn host_of(written: &Located<String>, reading: &mut Reading) -> Option<HostRewrite> {
    match &*written.value {
        "preserve" => return Some(HostRewrite::Preserve),
        "upstream" => return Some(HostRewrite::Upstream),
        _ => {}
    }
    let parsed = Host::parse_authority(&written.value, crate::policy::Scheme::Http)
        .ok()
        .and_then(|(host, port)| {
            let authority = match port {
                Some(port) => format!("{}:{port}", host.as_str()),
                None => host.as_str().to_owned(),
            };
            HeaderValue::from_str(&authority).ok()
        });
    if parsed.is_none() {
        let message = "this is no host name";
        let help = "write preserve (the client's), upstream (the endpoint's) or a name";
        reading.problem(Problem::at(&written.place, "invalid_value", message).help(help));
    }
    parsed.map(HostRewrite::Name)
}
