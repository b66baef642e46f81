//! A rule as it is written.

mod conditions;
mod handling;
mod limits;
mod matching;
mod requirement;
mod switches;
mod told;

use std::time::Duration;

pub(super) use self::conditions::{RawConditions, RawNetwork};
pub(super) use self::handling::{
    RawCors, RawFieldSource, RawHandling, RawHeaders, RawRedirect, RawRespond, RawRewrite,
};
pub(super) use self::matching::RawMatch;
pub(super) use self::requirement::{Given, RawAges, RawMethods, RawRequirement, RawSets};
use crate::document::{Fields, FromNode, Located, Node, Problem, Reading};
use crate::policy::{Limits, Switches};

/// Longest id, in bytes: it stands in every log line and metric of its rule.
const MAX_ID_BYTES: usize = 128;

/// `defaults` of a file: what its rules say unless they say otherwise.
pub(super) struct RawDefaults {
    pub(super) upstream: Option<Located<String>>,
    pub(super) requirement: RawRequirement,
    pub(super) require: Option<Located<String>>,
    pub(super) switches: Switches,
}

/// One entry of `rules`.
pub(super) struct RawRule {
    pub(super) id: Located<String>,
    pub(super) matching: RawMatch,
    pub(super) requirement: RawRequirement,
    /// The named set that holds besides.
    pub(super) require: Option<Located<String>>,
    pub(super) handling: RawHandling,
    pub(super) upstream: Option<Located<String>>,
    pub(super) priority: i32,
    pub(super) reason: Option<String>,
    pub(super) switches: Switches,
    pub(super) serve_stale_when_down: Option<Located<Duration>>,
    pub(super) limits: Option<Located<Limits>>,
}

impl FromNode for RawDefaults {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let defaults = Self {
            upstream: fields.get("upstream"),
            requirement: RawRequirement::read(&mut fields),
            require: fields.get("require"),
            switches: switches::read(&mut fields, Switches::default()),
        };
        fields.close();
        Some(defaults)
    }
}

impl Default for RawDefaults {
    fn default() -> Self {
        Self {
            upstream: None,
            requirement: RawRequirement::nothing(),
            require: None,
            switches: Switches::default(),
        }
    }
}

impl RawRule {
    /// Reads a rule of a file with these defaults.
    pub(super) fn read(node: &Node, defaults: &RawDefaults, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let id: Option<Located<String>> = fields.required("id");
        let matching = fields.required("match");
        let requirement = RawRequirement::read(&mut fields);
        let require = fields.get("require");
        let handling = RawHandling::read(&mut fields);
        let upstream = fields.get("upstream");
        let priority = fields.or("priority", 0);
        let reason = fields.get("reason");
        let switches = switches::read(&mut fields, defaults.switches);
        let serve_stale_when_down = fields.get("serve_stale_when_down");
        let limits = fields.get("limits");
        fields.close();
        if let Some(id) = &id {
            check_id(id, reading);
        }
        Some(Self {
            id: id?,
            matching: matching?,
            requirement,
            require,
            handling,
            upstream,
            priority,
            reason,
            switches,
            serve_stale_when_down,
            limits,
        })
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
