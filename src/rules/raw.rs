//! A rule as it is written.

use std::time::Duration;

use http::Method;
use serde_json::{Value as Json, json};

use crate::document::{
    Choice, Fields, FromNode, Located, Node, OneOrMany, Place, Problem, Reading,
};
use crate::policy::{Enrolment, HostPattern, PathPattern, PatternError, RequiredAal, Switches};

/// Longest id, in bytes: it stands in every log line and metric of its rule.
const MAX_ID_BYTES: usize = 128;

/// `defaults` of a file.
#[derive(Default)]
pub(super) struct RawDefaults {
    pub(super) upstream: Option<Located<String>>,
    pub(super) required_aal: Option<RequiredAal>,
    pub(super) max_age: Option<Duration>,
}

/// One entry of `rules`.
pub(super) struct RawRule {
    pub(super) id: Located<String>,
    pub(super) matching: RawMatch,
    pub(super) required_aal: Given<RequiredAal>,
    pub(super) max_age: Option<Located<Duration>>,
    pub(super) upstream: Option<Located<String>>,
    pub(super) priority: i32,
    pub(super) reason: Option<String>,
    pub(super) enrolment: Option<Located<Enrolment>>,
    pub(super) switches: Switches,
}

/// A key's value, if it is there and can be read.
pub(super) enum Given<T> {
    Absent,
    /// What is wrong with it was told.
    Wrong,
    Value(T),
}

/// `match` of a rule.
pub(super) struct RawMatch {
    /// Empty: any host.
    pub(super) hosts: Vec<Located<HostPattern>>,
    pub(super) paths: Vec<Located<PathPattern>>,
    pub(super) methods: Option<Vec<Located<Method>>>,
}

impl FromNode for RawDefaults {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let defaults = Self {
            upstream: fields.get("upstream"),
            required_aal: fields.get("required_aal"),
            max_age: fields.get("max_age"),
        };
        fields.close();
        Some(defaults)
    }
}

impl FromNode for RawRule {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let id: Option<Located<String>> = fields.required("id");
        let matching = fields.required("match");
        let required_aal = given(&mut fields, "required_aal");
        let max_age = fields.get("max_age");
        let upstream = fields.get("upstream");
        let priority = fields.or("priority", 0);
        let reason = fields.get("reason");
        let enrolment = fields.get("enrol");
        let switches = read_switches(&mut fields);
        fields.close();
        if let Some(id) = &id {
            check_id(id, reading);
        }
        Some(Self {
            id: id?,
            matching: matching?,
            required_aal,
            max_age,
            upstream,
            priority,
            reason,
            enrolment,
            switches,
        })
    }
}

fn given<T: FromNode>(fields: &mut Fields<'_, '_>, name: &'static str) -> Given<T> {
    let is_there = fields
        .section()
        .find(name)
        .is_some_and(|node| !node.is_null());
    match fields.get(name) {
        Some(value) => Given::Value(value),
        None if is_there => Given::Wrong,
        None => Given::Absent,
    }
}

fn read_switches(fields: &mut Fields<'_, '_>) -> Switches {
    let off = Switches::default();
    Switches {
        fall_through: fields.or("fall_through", off.fall_through),
        strict_paths: fields.or("strict_paths", off.strict_paths),
        merge_slashes: fields.or("merge_slashes", off.merge_slashes),
        allow_encoded_slash: fields.or("allow_encoded_slash", off.allow_encoded_slash),
        allow_method_override: fields.or("allow_method_override", off.allow_method_override),
        allow_service_worker: fields.or("allow_service_worker", off.allow_service_worker),
        identify: fields.or("identify", off.identify),
    }
}

fn check_id(id: &Located<String>, reading: &mut Reading) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/');
    let has_length = (1..=MAX_ID_BYTES).contains(&id.value.len());
    if !has_length || !id.value.chars().all(allowed) {
        let message = "an id is 1 to 128 letters, digits and `-_.:/`";
        reading.problem(Problem::at(&id.place, "invalid_value", message));
    }
}

impl FromNode for RawMatch {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let hosts: Option<OneOrMany<_>> = fields.get("host");
        let paths: Option<OneOrMany<_>> = fields.get("path");
        let methods = fields.get("methods");
        for name in ["host", "path", "methods"] {
            let empty = fields.section().find(name).and_then(Node::as_list);
            if empty.is_some_and(<[Node]>::is_empty) {
                let message = format!("`{name}` is an empty list, which nothing matches");
                fields.problem_at(name, "invalid_value", message, None);
            }
        }
        if !fields.has("path") {
            let message = "`path` is missing";
            let help = "write `path: /**` for every path";
            fields.problem_at("path", "missing_key", message, Some(help));
        }
        let hosts_are_whole = hosts.is_some() || !fields.has("host");
        let methods_are_whole = methods.is_some() || !fields.has("methods");
        fields.close();
        // A wrong host must not widen the rule to any host, nor a wrong method to every method.
        (hosts_are_whole && methods_are_whole).then_some(())?;
        Some(Self {
            hosts: hosts.map(|hosts| hosts.0).unwrap_or_default(),
            paths: paths?.0,
            methods,
        })
    }
}

impl Choice for RequiredAal {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("none", Self::None),
        ("aal1", Self::Aal1),
        ("aal2", Self::Aal2),
        ("highest_available", Self::HighestAvailable),
    ];
}

impl Choice for Enrolment {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("allow", Self::Allowed), ("deny", Self::Denied)];
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
