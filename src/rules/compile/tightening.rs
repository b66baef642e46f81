//! A named set and what a rule says beside it: together they ask for both. A rule that would ask
//! for less than the set it names is told, since whoever reads `require: sensitive` relies on it.

use std::time::Duration;

use super::super::raw::{Given, RawAges, RawMethods, RawRequirement};
use crate::document::{Located, Place, Problem, Reading};
use crate::policy::{Enrolment, MethodSet};

/// `own` and `set` together.
pub(super) fn tightened(
    own: &RawRequirement,
    set: &RawRequirement,
    name: &str,
    reading: &mut Reading,
) -> RawRequirement {
    let mut tell = Telling { name, reading };
    let required_aal = match (&own.required_aal, &set.required_aal) {
        (Given::Value(own), Given::Value(set)) => {
            let looser = own.value < set.value;
            tell.check(looser, "required_aal", own, set);
            if looser {
                Given::Wrong
            } else {
                Given::Value(own.clone())
            }
        }
        (Given::Absent, set) => set.clone(),
        (own, _) => own.clone(),
    };
    RawRequirement {
        required_aal,
        max_age: tell.shorter("max_age", own.max_age.as_ref(), set.max_age.as_ref()),
        max_age_of: both(&own.max_age_of, &set.max_age_of, |own, set| {
            tell.ages(own, set)
        }),
        methods: both(&own.methods, &set.methods, |own, set| {
            tell.methods(own, set)
        }),
        enrolment: both(&own.enrolment, &set.enrolment, |own, set| {
            let allows = own.value == Enrolment::Allowed && set.value == Enrolment::Denied;
            tell.check(allows, "enrol", own, set);
            own.clone()
        }),
        conditions: [own.conditions.as_slice(), &set.conditions].concat(),
    }
}

/// Whichever is there, or `join` of both.
fn both<T: Clone>(
    own: &Option<Located<T>>,
    set: &Option<Located<T>>,
    join: impl FnOnce(&Located<T>, &Located<T>) -> Located<T>,
) -> Option<Located<T>> {
    match (own, set) {
        (Some(own), Some(set)) => Some(join(own, set)),
        (Some(only), None) | (None, Some(only)) => Some(only.clone()),
        (None, None) => None,
    }
}

/// Tells where a rule asks for less than its set.
struct Telling<'a, 'r> {
    name: &'a str,
    reading: &'r mut Reading,
}

impl Telling<'_, '_> {
    fn check<T>(&mut self, looser: bool, key: &str, own: &Located<T>, set: &Located<T>) {
        if looser {
            self.tell(key, &own.place, &set.place);
        }
    }

    fn tell(&mut self, key: &str, own: &Place, set: &Place) {
        let name = self.name;
        let message = format!("`{key}` asks for less than the requirement set `{name}`");
        let help = "leave it out, make it stricter, or don't `require` that set";
        let problem = Problem::at(own, "contradiction", message).help(help);
        let note = format!("`{name}` says it here");
        self.reading.problem(problem.related(set, note));
    }

    fn shorter(
        &mut self,
        key: &str,
        own: Option<&Located<Duration>>,
        set: Option<&Located<Duration>>,
    ) -> Option<Located<Duration>> {
        if let (Some(own), Some(set)) = (own, set) {
            self.check(own.value > set.value, key, own, set);
        }
        own.or(set).cloned()
    }

    fn ages(&mut self, own: &Located<RawAges>, set: &Located<RawAges>) -> Located<RawAges> {
        let mut ages = own.value.0.clone();
        for (method, limit) in &set.value.0 {
            match own.value.0.iter().find(|(known, _)| known == method) {
                Some((_, own)) => {
                    let key = format!("max_age_of.{method}");
                    self.check(own.value > limit.value, &key, own, limit);
                }
                None => ages.push((*method, limit.clone())),
            }
        }
        Located {
            value: RawAges(ages),
            place: own.place.clone(),
        }
    }

    fn methods(
        &mut self,
        own: &Located<RawMethods>,
        set: &Located<RawMethods>,
    ) -> Located<RawMethods> {
        let union = |own: &Located<MethodSet>, set: &Located<MethodSet>| Located {
            value: own.value | set.value,
            place: own.place.clone(),
        };
        let place = own.place.clone();
        let (own, set) = (&own.value, &set.value);
        let value = RawMethods {
            any_of: both(&own.any_of, &set.any_of, |own, set| {
                let more = !(own.value - set.value).is_empty();
                self.check(more, "required_methods.any_of", own, set);
                own.clone()
            }),
            all_of: both(&own.all_of, &set.all_of, union),
            none_of: both(&own.none_of, &set.none_of, union),
            distinct_channels: both(
                &own.distinct_channels,
                &set.distinct_channels,
                |own, set| {
                    let less = set.value && !own.value;
                    self.check(less, "required_methods.distinct_channels", own, set);
                    own.clone()
                },
            ),
        };
        Located { value, place }
    }
}
