//! What became of a request that nobody sent, and why.

use serde_json::{Map, Value as Json, json};

use crate::authz::Decided;
use crate::policy::Location;

/// The decision on a request, with all that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// What becomes of the request.
    pub decision: Decided,
    /// The rule only reports: the request is forwarded all the same.
    pub reported: bool,
    /// The rule that judged it.
    pub rule: Option<Named>,
    /// The rules that were looked at, in order.
    pub considered: Vec<Considered>,
    /// What was asked for, and whether it is there.
    pub requirements: Vec<Checked>,
    /// What a browser gets.
    pub browser: Reply,
    /// What an API client gets.
    pub api: Reply,
}

/// A rule by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The operator's name for it.
    pub id: String,
    /// Where it is written.
    pub location: Location,
}

/// A rule that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// The rule.
    pub rule: Named,
    /// Whether it judges the request.
    pub matched: bool,
    /// Why, or why not.
    pub why: String,
}

/// A requirement that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The rule that asks for it.
    pub rule: Named,
    /// The key in the rule file.
    pub name: String,
    /// Whether it holds.
    pub met: bool,
    /// Why, or why not.
    pub why: String,
}

/// What a client gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status; `None`: the application answers.
    pub status: Option<u16>,
    /// `Location`.
    pub location: Option<String>,
    /// The error's id.
    pub id: Option<&'static str>,
}

impl Explained {
    /// The whole as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let considered: Vec<Json> = self
            .considered
            .iter()
            .map(|one| json!({"rule": one.rule.id, "matched": one.matched, "why": one.why}))
            .collect();
        let requirements: Vec<Json> = self
            .requirements
            .iter()
            .map(|one| json!({"name": one.name, "met": one.met, "why": one.why}))
            .collect();
        let mut whole = Map::new();
        let mut put = |name: &str, value: Json| {
            whole.insert(name.to_owned(), value);
        };
        put("decision", self.decision.as_str().into());
        put("rule", json!(self.rule.as_ref().map(|rule| &rule.id)));
        if self.reported {
            put("reported", true.into());
        }
        put("considered", considered.into());
        put("requirements", requirements.into());
        let browser = &self.browser;
        put(
            "browser",
            json!({"status": browser.status, "location": browser.location}),
        );
        put("api", json!({"status": self.api.status, "id": self.api.id}));
        Json::Object(whole)
    }

    /// The requirement that the decision rests on.
    #[must_use]
    pub fn missed(&self) -> Option<&Checked> {
        self.requirements.iter().find(|checked| !checked.met)
    }
}
