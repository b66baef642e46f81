//! What a case expects, and how that differs from what it gets.

use serde_json::{Map, Value as Json, json};

use super::explained::{Explained, Reply};
use crate::document::{Fields, FromNode, Node, Problem, Reading, nearest};

/// Decisions by name.
const DECISIONS: [&str; 10] = [
    "allow",
    "log_in",
    "step_up",
    "refresh",
    "enrol",
    "deny",
    "no_rule",
    "method_not_allowed",
    "bad_request",
    "unavailable",
];

/// What is expected; what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The decision by its name.
    pub decision: Option<String>,
    /// The rule; `Some(None)`: none.
    pub rule: Option<Option<String>>,
    /// Whether a rule that only reports let it pass.
    pub reported: Option<bool>,
    /// What a browser gets.
    pub browser: ExpectedReply,
    /// What an API client gets.
    pub api: ExpectedReply,
}

/// What a client is expected to get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedReply {
    /// The status.
    pub status: Option<u16>,
    /// `Location`; a `*` at its end stands for anything.
    pub location: Option<String>,
    /// The error's id.
    pub id: Option<String>,
}

impl Expectation {
    /// What was expected and what was got, by the same names, where the two differ or not.
    #[must_use]
    pub fn compare(&self, got: &Explained) -> Comparison {
        let mut comparison = Comparison::default();
        comparison.add(
            "decision",
            self.decision.as_deref().map(Json::from),
            got.decision.as_str().into(),
        );
        let rule = got.rule.as_ref().map(|rule| rule.id.as_str());
        let expected = self.rule.as_ref().map(|rule| json!(rule));
        comparison.add("rule", expected, json!(rule));
        if self.reported.is_some() || got.reported {
            // A rule that does not enforce must not pass for one that does.
            let expected = self
                .reported
                .or_else(|| self.decision.is_some().then_some(false));
            comparison.add("reported", expected.map(Json::from), got.reported.into());
        }
        for (name, expected, got) in [
            ("browser", &self.browser, &got.browser),
            ("api", &self.api, &got.api),
        ] {
            expected.compare(name, got, &mut comparison);
        }
        comparison
    }
}

impl ExpectedReply {
    fn compare(&self, name: &str, got: &Reply, comparison: &mut Comparison) {
        if let Some(status) = self.status {
            comparison.add(
                &format!("{name}.status"),
                Some(status.into()),
                json!(got.status),
            );
        }
        if let Some(location) = &self.location {
            let found = got.location.as_deref();
            let begins = location.strip_suffix('*').zip(found);
            let expected = match begins {
                Some((begin, found)) if found.starts_with(begin) => found,
                Some(_) | None => location,
            };
            comparison.add(
                &format!("{name}.location"),
                Some(expected.into()),
                json!(found),
            );
        }
        if let Some(id) = &self.id {
            comparison.add(
                &format!("{name}.id"),
                Some(id.as_str().into()),
                json!(got.id),
            );
        }
    }
}

/// Expected and got, by the same names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What was expected.
    pub expected: Map<String, Json>,
    /// What was got.
    pub got: Map<String, Json>,
    /// The names that differ.
    pub differ: Vec<String>,
}

impl Comparison {
    fn add(&mut self, name: &str, expected: Option<Json>, got: Json) {
        if let Some(expected) = expected {
            if expected != got {
                self.differ.push(name.to_owned());
            }
            self.expected.insert(name.to_owned(), expected);
        }
        self.got.insert(name.to_owned(), got);
    }
}

/// A decision alone, or a section.
impl FromNode for Expectation {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if node.as_scalar().is_some() {
            let decision = Decision::from_node(node, reading)?;
            return Some(Self {
                decision: Some(decision.0),
                ..Self::default()
            });
        }
        let mut fields = Fields::open(node, reading)?;
        let decision: Option<Decision> = fields.get("decision");
        let expectation = Self {
            decision: decision.map(|decision| decision.0),
            rule: fields.get("rule"),
            reported: fields.get("reported"),
            browser: fields.get("browser").unwrap_or_default(),
            api: fields.get("api").unwrap_or_default(),
        };
        fields.close();
        if expectation == Self::default() {
            let message = "a case that expects nothing can't fail";
            let problem = Problem::at(&node.place, "missing_key", message);
            reading.problem(problem.help("add `decision` or `rule`"));
            return None;
        }
        Some(expectation)
    }

    fn schema() -> Json {
        json!({ "type": ["string", "object"] })
    }
}

/// A status alone, or a section.
impl FromNode for ExpectedReply {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if node.as_scalar().is_some() {
            let status = u16::from_node(node, reading)?;
            return Some(Self {
                status: Some(status),
                ..Self::default()
            });
        }
        let mut fields = Fields::open(node, reading)?;
        let reply = Self {
            status: fields.get("status"),
            location: fields.get("location"),
            id: fields.get("id"),
        };
        fields.close();
        Some(reply)
    }

    fn schema() -> Json {
        json!({ "type": ["integer", "object"] })
    }
}

struct Decision(String);

impl FromNode for Decision {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        if DECISIONS.contains(&text.as_str()) {
            return Some(Self(text));
        }
        let message = format!(
            "`{text}` is no decision; there are {}",
            DECISIONS.join(", ")
        );
        let near = nearest(&text, DECISIONS).map(|near| format!("did you mean `{near}`?"));
        reading.problem(Problem::at(&node.place, "invalid_value", message).maybe_help(near));
        None
    }

    fn schema() -> Json {
        json!({ "enum": DECISIONS })
    }
}
