//! One rule file: what is written to what is meant.

mod handling;
mod matching;
mod outage;
mod requirement;
mod upstreams;

use std::sync::Arc;

use serde_json::json;

use self::requirement::requirement_of;
use self::upstreams::Names;
use super::Context;
use super::raw::{RawDefaults, RawRule};
use crate::document::{Fields, FromNode, Node, Place, Problem, Reading};
use crate::policy::{Location, RuleId, RuleParts, Upstream};

/// What the files mean, as far as they can be read.
#[derive(Default)]
pub(super) struct Compiled {
    pub(super) rules: Vec<RuleParts>,
    /// Of each rule, in the same order, where it is written.
    pub(super) places: Vec<RulePlaces>,
    pub(super) upstreams: Vec<Upstream>,
}

/// Where the parts of a rule are written.
pub(super) struct RulePlaces {
    pub(super) id: Place,
    pub(super) hosts: Vec<Place>,
    pub(super) paths: Vec<Place>,
}

impl Compiled {
    /// Adds a file.
    pub(super) fn add_file(&mut self, file: &Node, context: &Context, reading: &mut Reading) {
        let Some(mut fields) = Fields::open(file, reading) else {
            return;
        };
        let upstreams = fields.raw("upstreams", json!({ "type": "object" }));
        let defaults: RawDefaults = fields.get("defaults").unwrap_or_default();
        let rules = fields.raw("rules", json!({ "type": "array" }));
        fields.close();
        let names = match upstreams {
            Some(node) => self.add_upstreams(node, context, reading),
            None => Names::new(),
        };
        let Some(rules) = rules.filter(|node| !node.is_null()) else {
            return;
        };
        let Some(rules) = rules.as_list() else {
            let message = format!("expected a list, found {}", rules.described());
            reading.problem(Problem::at(&rules.place, "wrong_type", message));
            return;
        };
        for node in rules {
            let Some(rule) = RawRule::from_node(node, reading) else {
                continue;
            };
            self.add_rule(rule, &defaults, &names, context, reading);
        }
    }

    fn add_rule(
        &mut self,
        raw: RawRule,
        defaults: &RawDefaults,
        names: &Names,
        context: &Context,
        reading: &mut Reading,
    ) {
        let target = handling::target_of(&raw, defaults, names, reading);
        let requirement = requirement_of(&raw, defaults, context, reading);
        matching::check_slashes(&raw, reading);
        let switches = outage::switches_of(&raw, context, reading);
        let handling = handling::handling_of(&raw.handling, &raw.matching, context, reading);
        let (Some(target), Some(requirement)) = (target, requirement) else {
            return;
        };
        let id = &raw.id;
        let (matcher, places) = matching::matcher_of(&id.place, raw.matching, raw.priority);
        self.places.push(places);
        self.rules.push(RuleParts {
            id: RuleId::new(&id.value),
            location: Location {
                file: Arc::clone(id.place.file()),
                line: id.place.line(),
                column: id.place.column(),
            },
            matcher,
            requirement,
            target,
            handling,
            reason: raw.reason.map(Arc::from),
            switches,
        });
    }
}
