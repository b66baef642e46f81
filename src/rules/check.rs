//! What is wrong between rules, and between rules and the rest of the configuration.

use std::collections::HashMap;

use super::Context;
use super::compile::{Compiled, RulePlaces};
use crate::document::{Place, Problem, Problems};
use crate::policy::{
    CanonicalPath, Conflict, ConflictKind, Host, HostPattern, RequiredAal, RuleId, RuleIndex,
    RuleParts, RuleSet,
};

/// Paths of Stepgate's own pages, on every host.
const OWN_PATH: &str = "/.well-known/stepgate";

/// Makes the rules a set, or tells everything that keeps them from being one.
pub(super) fn into_set(
    compiled: Compiled,
    context: &Context,
    problems: &mut Problems,
) -> Option<RuleSet> {
    let Compiled {
        rules,
        places,
        upstreams,
    } = compiled;
    let ids: Vec<RuleId> = rules.iter().map(|rule| rule.id.clone()).collect();
    let named = Named {
        ids: &ids,
        places: &places,
    };
    named.tell_duplicates(problems);
    let reserved = reserved_paths(context);
    for (rule, places) in rules.iter().zip(&places) {
        check_reserved(rule, places, &reserved, problems);
        check_reach(rule, places, context, problems);
    }
    match RuleSet::build(rules, upstreams) {
        Ok(set) => problems.is_empty().then_some(set),
        Err(conflicts) => {
            for conflict in conflicts {
                named.tell_conflict(&conflict, problems);
            }
            None
        }
    }
}

struct Named<'a> {
    ids: &'a [RuleId],
    places: &'a [RulePlaces],
}

impl Named<'_> {
    fn tell_duplicates(&self, problems: &mut Problems) {
        let mut first: HashMap<&RuleId, &Place> = HashMap::new();
        for (id, places) in self.ids.iter().zip(self.places) {
            if let Some(other) = first.get(id) {
                let message = format!("two rules have the id `{id}`");
                let problem = Problem::at(&places.id, "duplicate_id", message);
                problems.add(problem.related(other, "the first is here"));
            } else {
                first.insert(id, &places.id);
            }
        }
    }

    fn tell_conflict(&self, conflict: &Conflict, problems: &mut Problems) {
        let (Some((rule, place)), Some((other, other_place))) =
            (self.named(conflict.rule), self.named(conflict.other))
        else {
            return;
        };
        let (code, message, help) = match conflict.kind {
            ConflictKind::Ambiguous => (
                "ambiguous_rules",
                format!(
                    "rules `{rule}` and `{other}` can both match one request, and neither comes \
                     first ({other_place})"
                ),
                "give one of them a `priority`, or make its pattern, methods or conditions differ",
            ),
            ConflictKind::Dead => (
                "dead_rule",
                format!(
                    "rule `{rule}` can never win: `{other}` comes first and matches everything it \
                     matches ({other_place})"
                ),
                "remove the rule, or give it a higher `priority`",
            ),
            ConflictKind::Unsearchable => (
                "invalid_value",
                format!("the regular expressions of rule `{rule}` and its like are too many"),
                "write fewer of them, or let them begin with different segments",
            ),
            ConflictKind::Shielded => (
                "dead_rule",
                format!(
                    "public rule `{rule}` can never win: `{other}` comes first and shields every \
                     path it matches ({other_place})"
                ),
                "give it a higher `priority`, or the other `fall_through: true`",
            ),
        };
        let problem = Problem::at(place, code, message).help(help);
        let note = format!("`{other}` is here");
        problems.add(problem.related(other_place, note));
    }

    fn named(&self, rule: RuleIndex) -> Option<(&RuleId, &Place)> {
        let place = &self.places.get(rule.number())?.id;
        Some((self.ids.get(rule.number())?, place))
    }
}

/// Paths that Stepgate answers itself, on one host or on all.
fn reserved_paths(context: &Context) -> Vec<(CanonicalPath, Option<&Host>)> {
    let own = CanonicalPath::parse(OWN_PATH).ok().map(|path| (path, None));
    let configured = context.reserved.iter();
    let configured = configured.map(|it| (it.path.clone(), it.host.as_ref()));
    own.into_iter().chain(configured).collect()
}

/// Requests for Stepgate's own paths never reach the rules.
fn check_reserved(
    rule: &RuleParts,
    places: &RulePlaces,
    reserved: &[(CanonicalPath, Option<&Host>)],
    problems: &mut Problems,
) {
    for (reserved, host) in reserved {
        if !is_on_host(&rule.matcher.hosts, *host) {
            continue;
        }
        let paths = rule.matcher.paths.iter().zip(&places.paths);
        let paths = paths.map(|(path, place)| (path.is_below(reserved), place));
        let regexes = rule.matcher.path_regexes.iter().zip(&places.path_regexes);
        let regexes = regexes.map(|(regex, place)| (regex.is_below(reserved), place));
        for (_, place) in paths.chain(regexes).filter(|(is_below, _)| *is_below) {
            let message = format!(
                "rule `{}` is about paths that Stepgate answers itself ({} and below)",
                rule.id,
                reserved.as_str()
            );
            problems.add(Problem::at(place, "reserved_path", message));
        }
    }
}

fn is_on_host(hosts: &[HostPattern], wanted: Option<&Host>) -> bool {
    wanted.is_none_or(|wanted| hosts.iter().any(|host| host.matches(wanted)))
}

/// A rule that asks for a session where the session's cookie never comes could allow nobody.
fn check_reach(rule: &RuleParts, places: &RulePlaces, context: &Context, problems: &mut Problems) {
    let Some(reach) = &context.session_reach else {
        return;
    };
    if rule.requirement.required_aal == RequiredAal::None {
        return;
    }
    let hosts = rule.matcher.hosts.iter().zip(&places.hosts);
    for (_, place) in hosts.filter(|(host, _)| !reach.covers(host)) {
        let message = format!(
            "rule `{}` asks for a session on a host that the session cookie of {} does not reach",
            rule.id,
            reach.host.as_str()
        );
        let help = "serve the identity on that host, or widen the cookie with `cookies.domain`";
        problems.add(Problem::at(place, "unreachable_session", message).help(help));
    }
}
