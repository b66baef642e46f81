//! One rule file: what is written to what is meant.

mod condition;
mod conditions;
mod contradictions;
mod handling;
mod keeping;
mod limits;
mod matching;
mod outage;
mod requirement;
mod tightening;
mod upstreams;

use std::sync::Arc;

use serde_json::json;

use self::conditions::{Surroundings, conditions_of};
use self::requirement::{Common, requirement_of};
use self::upstreams::Names;
use super::raw::{RawDefaults, RawRule};
use super::{Context, NetworkSets};
use crate::document::{Entry, Fields, Node, Place, Problem, Reading};
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
    pub(super) path_regexes: Vec<Place>,
}

impl Compiled {
    /// Adds a file.
    pub(super) fn add_file(&mut self, file: &Node, context: &Context, reading: &mut Reading) {
        let Some(mut fields) = Fields::open(file, reading) else {
            return;
        };
        let upstreams = fields.raw("upstreams", json!({ "type": "object" }));
        let defaults: RawDefaults = fields.get("defaults").unwrap_or_default();
        let networks = networks_of(&mut fields, context);
        let sets = fields.get("requirements").unwrap_or_default();
        let rules = fields.raw("rules", json!({ "type": "array" }));
        fields.close();
        let common = Common::of(sets, &defaults, reading);
        let around = Surroundings {
            context,
            networks: &networks,
            common: &common,
        };
        let mut names = match upstreams {
            Some(node) => self.add_upstreams(node, context, reading),
            None => Names::new(),
        };
        if !context.needs_upstreams {
            self.stay_here(&mut names);
        }
        let Some(rules) = rules.filter(|node| !node.is_null()) else {
            return;
        };
        let Some(rules) = rules.as_list() else {
            let message = format!("expected a list, found {}", rules.described());
            reading.problem(Problem::at(&rules.place, "wrong_type", message));
            return;
        };
        for node in rules {
            let Some(rule) = RawRule::read(node, &defaults, reading) else {
                continue;
            };
            self.add_rule(rule, &defaults, &names, around, reading);
        }
    }

    fn add_rule(
        &mut self,
        raw: RawRule,
        defaults: &RawDefaults,
        names: &Names,
        around: Surroundings<'_>,
        reading: &mut Reading,
    ) {
        let context = around.context;
        let target = handling::target_of(&raw, defaults, names, reading);
        let requirement = requirement_of(&raw, around.common, context, reading);
        matching::check_slashes(&raw, reading);
        let switches = outage::switches_of(&raw, context, reading);
        let handling = handling::handling_of(&raw.handling, &raw.matching, context, reading);
        if let Some(requirement) = &requirement {
            keeping::check(&raw, requirement, reading);
        }
        let mut raw = raw;
        let conditions = std::mem::take(&mut raw.matching.conditions);
        let conditions = conditions_of(conditions, &raw.switches, around, reading);
        let (Some(target), Some(requirement), Some(conditions)) = (target, requirement, conditions)
        else {
            return;
        };
        let limits = limits::limits_of(&raw, &requirement, reading);
        let id = &raw.id;
        let (matcher, places) =
            matching::matcher_of(&id.place, raw.matching, raw.priority, conditions);
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
            limits,
            switches,
        });
    }
}

/// The file's own sets of networks. A name means one thing: what `stepgate.yaml` names can't be
/// named anew.
fn networks_of(fields: &mut Fields<'_, '_>, context: &Context) -> NetworkSets {
    let networks: NetworkSets = fields.get("networks").unwrap_or_default();
    let taken = |entry: &&Entry| context.networks.find(&entry.key.text).is_some();
    let section = fields.section().find("networks").and_then(Node::as_map);
    for entry in section.unwrap_or_default().iter().filter(taken) {
        let message = format!(
            "stepgate.yaml has networks named `{}` already",
            entry.key.text
        );
        let problem = Problem::at(&entry.key.place, "duplicate_name", message);
        fields
            .reading()
            .problem(problem.help("choose another name"));
    }
    networks
}
