//! Named sets of networks.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde_json::{Value as Json, json};

use crate::document::{Fields, FromNode, Node, OneOrMany, Problem, Reading};
use crate::policy::Networks;

/// `networks`, of `stepgate.yaml` or of a rule file: sets by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkSets(BTreeMap<Box<str>, Networks>);

impl NetworkSets {
    /// These sets.
    #[must_use]
    pub fn of<'a, S: IntoIterator<Item = IpNet>>(
        sets: impl IntoIterator<Item = (&'a str, S)>,
    ) -> Self {
        let sets = sets.into_iter();
        Self(
            sets.map(|(name, networks)| (name.into(), Networks::of(networks)))
                .collect(),
        )
    }

    /// The set of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Networks> {
        self.0.get(name)
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }
}

impl FromNode for NetworkSets {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let before = reading.problems.len();
        let mut sets = BTreeMap::new();
        for (name, networks) in Fields::open(node, reading)?.named::<OneOrMany<IpNet>>() {
            let begins_well = name.text.starts_with(|c: char| c.is_ascii_alphabetic());
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if !begins_well || !name.text.chars().all(allowed) {
                let message = format!("`{}` can't be the name of a set of networks", name.text);
                let help = "begin with a letter and go on with letters, digits and `-_.`";
                let problem = Problem::at(&name.place, "invalid_value", message);
                reading.problem(problem.help(help));
            }
            if networks.0.is_empty() {
                let message = "an empty set holds nobody";
                reading.problem(Problem::at(&name.place, "invalid_value", message));
            }
            sets.insert(name.text.clone(), Networks::of(networks.0));
        }
        (reading.problems.len() == before).then_some(Self(sets))
    }

    fn schema() -> Json {
        json!({
            "type": "object",
            "additionalProperties": OneOrMany::<IpNet>::schema(),
        })
    }
}
