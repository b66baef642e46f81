//! What a rule asks of the session: written to meant.

use super::super::Context;
use super::super::raw::{Given, RawDefaults, RawMethods, RawRequirement, RawRule, RawSets};
use super::condition;
use super::contradictions::{check_alone, check_together};
use super::tightening::tightened;
use crate::document::{Located, Problem, Reading, nearest};
use crate::policy::{MethodSet, RequiredAal, RequiredSteps, Requirement};

/// What the rules of a file can refer to, or fall back on.
pub(super) struct Common {
    sets: RawSets,
    /// The requirements of `defaults`, together with the set that they name.
    defaults: RawRequirement,
}

impl Common {
    pub(super) fn of(sets: RawSets, defaults: &RawDefaults, reading: &mut Reading) -> Self {
        for set in sets.0.values() {
            check_alone(set, reading);
        }
        check_alone(&defaults.requirement, reading);
        let mut common = Self {
            sets,
            defaults: RawRequirement::nothing(),
        };
        let defaults = with_set(
            &defaults.requirement,
            defaults.require.as_ref(),
            &common,
            reading,
        );
        common.defaults = defaults;
        common
    }
}

/// What a rule asks for: its own keys, the set that it names, and for what neither says the
/// defaults of its file. `None`: what is wrong was told.
pub(super) fn requirement_of(
    raw: &RawRule,
    common: &Common,
    context: &Context,
    reading: &mut Reading,
) -> Option<Requirement> {
    check_alone(&raw.requirement, reading);
    let own = with_set(&raw.requirement, raw.require.as_ref(), common, reading);
    let required_aal = required_aal_of(raw, &own, common, reading)?;
    let whole = if required_aal == RequiredAal::None {
        own.clone()
    } else {
        with_defaults(&own, &common.defaults)
    };
    check_together(raw, (&own, &whole), required_aal, context, reading);
    Some(meaning(&whole, required_aal))
}

fn required_aal_of(
    raw: &RawRule,
    own: &RawRequirement,
    common: &Common,
    reading: &mut Reading,
) -> Option<RequiredAal> {
    let default = match &own.required_aal {
        Given::Value(required_aal) => return Some(required_aal.value),
        Given::Wrong => return None,
        Given::Absent => common.defaults.level().map(|level| level.value),
    };
    if default.is_none() {
        let id = &raw.id.value;
        let message = format!("rule `{id}` does not say which level it requires");
        let help = "add `required_aal`: none, aal1, aal2 or highest_available";
        reading.problem(Problem::at(&raw.id.place, "missing_key", message).help(help));
    }
    default
}

/// `own` and what the set asks for besides.
fn with_set(
    own: &RawRequirement,
    wanted: Option<&Located<String>>,
    common: &Common,
    reading: &mut Reading,
) -> RawRequirement {
    let Some(wanted) = wanted else {
        return own.clone();
    };
    let sets = &common.sets.0;
    if let Some(set) = sets.get(&wanted.value) {
        return tightened(own, set, &wanted.value, reading);
    }
    let message = format!("there is no requirement set `{}`", wanted.value);
    let help = match nearest(&wanted.value, sets.keys().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "sets are defined under `requirements` of the file that uses them".to_owned(),
    };
    reading.problem(Problem::at(&wanted.place, "unknown_requirement", message).help(help));
    RawRequirement {
        required_aal: match own.required_aal {
            // Told once: the level may be what the unknown set says.
            Given::Absent => Given::Wrong,
            Given::Wrong | Given::Value(_) => own.required_aal.clone(),
        },
        ..own.clone()
    }
}

/// What `own` does not say is as `defaults` say it, key by key.
fn with_defaults(own: &RawRequirement, defaults: &RawRequirement) -> RawRequirement {
    fn or<T: Clone>(own: &Option<T>, default: &Option<T>) -> Option<T> {
        own.as_ref().or(default.as_ref()).cloned()
    }
    RawRequirement {
        required_aal: own.required_aal.clone(),
        max_age: or(&own.max_age, &defaults.max_age),
        max_age_of: or(&own.max_age_of, &defaults.max_age_of),
        methods: or(&own.methods, &defaults.methods),
        enrolment: or(&own.enrolment, &defaults.enrolment),
        conditions: match own.conditions.is_empty() {
            true => defaults.conditions.clone(),
            false => own.conditions.clone(),
        },
    }
}

fn meaning(whole: &RawRequirement, required_aal: RequiredAal) -> Requirement {
    let methods = whole.methods.as_ref().map(|methods| &methods.value);
    let set = |pick: fn(&RawMethods) -> &Option<Located<MethodSet>>| {
        let located = methods.and_then(|methods| pick(methods).as_ref());
        located.map(|methods| methods.value).unwrap_or_default()
    };
    let ages = whole.max_age_of.as_ref().map(|ages| &ages.value.0);
    let steps = RequiredSteps {
        any_of: set(|methods| &methods.any_of),
        all_of: set(|methods| &methods.all_of),
        none_of: set(|methods| &methods.none_of),
        distinct_channels: methods
            .and_then(|methods| methods.distinct_channels.as_ref())
            .is_some_and(|distinct| distinct.value),
        max_age_of: ages
            .into_iter()
            .flatten()
            .map(|(method, age)| (*method, age.value))
            .collect(),
    };
    Requirement {
        required_aal,
        max_age: whole.max_age.as_ref().map(|max_age| max_age.value),
        enrolment: whole
            .enrolment
            .as_ref()
            .map(|found| found.value)
            .unwrap_or_default(),
        steps: (steps != RequiredSteps::default()).then(|| Box::new(steps)),
        condition: condition::meaning(whole),
    }
}
