//! `match` of a rule as it is written.

use http::Method;
use serde_json::{Value as Json, json};

use super::conditions::RawConditions;
use crate::document::{Fields, FromNode, Located, Node, OneOrMany, Place, Problem, Reading};
use crate::policy::{HostPattern, PathPattern, PathRegex, PathRegexError, PatternError};

/// `match` of a rule.
pub(in crate::rules) struct RawMatch {
    /// Empty: any host.
    pub(in crate::rules) hosts: Vec<Located<HostPattern>>,
    pub(in crate::rules) paths: Vec<Located<PathPattern>>,
    pub(in crate::rules) path_regexes: Vec<Located<PathRegex>>,
    pub(in crate::rules) methods: Option<Vec<Located<Method>>>,
    pub(in crate::rules) conditions: RawConditions,
}

/// Every key of `match`.
const LISTS: [&str; 5] = ["host", "path", "path_regex", "methods", "networks"];

impl FromNode for RawMatch {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let hosts: Option<OneOrMany<_>> = fields.get("host");
        let paths: Option<OneOrMany<_>> = fields.get("path");
        let path_regexes: Option<OneOrMany<_>> = fields.get("path_regex");
        let methods = fields.get("methods");
        let conditions = RawConditions::read(&mut fields);
        for name in LISTS {
            let empty = fields.section().find(name).and_then(Node::as_list);
            if empty.is_some_and(<[Node]>::is_empty) {
                let message = format!("`{name}` is an empty list, which nothing matches");
                fields.problem_at(name, "invalid_value", message, None);
            }
        }
        if !fields.has("path") && !fields.has("path_regex") {
            let message = "`path` is missing";
            let help = "write `path: /**` for every path";
            fields.problem_at("path", "missing_key", message, Some(help));
        }
        // A wrong host must not widen the rule to any host, nor a wrong method to every method.
        let is_whole = (hosts.is_some() || !fields.has("host"))
            && (paths.is_some() || !fields.has("path"))
            && (path_regexes.is_some() || !fields.has("path_regex"))
            && (paths.is_some() || path_regexes.is_some())
            && (methods.is_some() || !fields.has("methods"));
        fields.close();
        let conditions = conditions?;
        is_whole.then_some(())?;
        Some(Self {
            hosts: listed(hosts),
            paths: listed(paths),
            path_regexes: listed(path_regexes),
            methods,
            conditions,
        })
    }
}

fn listed<T>(values: Option<OneOrMany<T>>) -> Vec<T> {
    values.map(|values| values.0).unwrap_or_default()
}

impl FromNode for HostPattern {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let help = "write it without scheme, port and path; leave `host` out for any host";
        told(
            Self::parse(&text),
            &node.place,
            Some(help.to_owned()),
            reading,
        )
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

impl FromNode for PathPattern {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let pattern = Self::parse(&text);
        let help = match &pattern {
            Err(PatternError::NotCanonical(canonical)) => Some(format!("write `{canonical}`")),
            Err(PatternError::NoSlash) => Some(format!("write `/{text}`")),
            Ok(_)
            | Err(
                PatternError::Host
                | PatternError::RestNotLast
                | PatternError::PartialSegment
                | PatternError::Ambiguous(_),
            ) => None,
        };
        told(pattern, &node.place, help, reading)
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^/" })
    }
}

impl FromNode for PathRegex {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        match Self::parse(&text) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let problem = Problem::at(&node.place, "invalid_value", error.to_string());
                reading.problem(problem.maybe_help(help_with(&error, &text)));
                None
            }
        }
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

fn help_with(error: &PathRegexError, text: &str) -> Option<String> {
    let help = match error {
        PathRegexError::TooLong => "write several expressions as a list",
        PathRegexError::TooLarge => {
            "every `{n}` repeats what stands before it; use `+` or `*`, or smaller numbers"
        }
        PathRegexError::NotAscii => "write the character as paths have it, such as `%C3%A4` for ä",
        PathRegexError::NotLinear(_) => {
            "expressions are matched in linear time, so there is no look-around and no \
             back-reference: write a second rule for the exception"
        }
        PathRegexError::Syntax(_) => return None,
        PathRegexError::NoSlash => return Some(format!("write `/{text}`")),
        PathRegexError::NotCanonical(_) => {
            "write the path as it is matched: no `//`, no dot segments, letters unescaped, hex \
             digits in capitals"
        }
    };
    Some(help.to_owned())
}

fn told<T>(
    parsed: Result<T, PatternError>,
    place: &Place,
    help: Option<String>,
    reading: &mut Reading,
) -> Option<T> {
    match parsed {
        Ok(value) => Some(value),
        Err(error) => {
            let problem = Problem::at(place, "invalid_value", error.to_string());
            reading.problem(problem.maybe_help(help));
            None
        }
    }
}

/// Methods are case-sensitive, so `get` would be another method than `GET` and match nothing.
impl FromNode for Method {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let upper = text.to_ascii_uppercase();
        let Ok(method) = Self::from_bytes(text.as_bytes()) else {
            let message = "this is no HTTP method";
            reading.problem(Problem::at(&node.place, "invalid_value", message));
            return None;
        };
        let is_custom = |name: &str| !matches!(Self::from_bytes(name.as_bytes()), Ok(known) if is_standard(&known));
        if is_custom(&text) && !is_custom(&upper) {
            let message = format!("methods are case-sensitive, and `{text}` is not `{upper}`");
            let help = format!("write `{upper}`");
            reading.problem(Problem::at(&node.place, "invalid_value", message).help(help));
            return None;
        }
        Some(method)
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

fn is_standard(method: &Method) -> bool {
    [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ]
    .contains(method)
}
