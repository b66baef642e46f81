//! What rules let through beside their decision.

use super::changes::Direction;
use crate::policy::{Limits, Rule};

/// What differs between two rules that judge the same requests, other than what they ask of
/// sessions.
pub(super) fn extras(old: &Rule, new: &Rule) -> Vec<(Direction, String)> {
    let mut found = Vec::new();
    let (before, after) = (old.switches(), new.switches());
    for (name, was, is) in [
        (
            "allow_method_override",
            before.allow_method_override,
            after.allow_method_override,
        ),
        (
            "allow_service_worker",
            before.allow_service_worker,
            after.allow_service_worker,
        ),
    ] {
        if was != is {
            let direction = if is {
                Direction::Looser
            } else {
                Direction::Tighter
            };
            found.push((direction, format!("{name}: {was} -> {is}")));
        }
    }
    if let Some(direction) = towards(old.limits(), new.limits()) {
        let told = |limits: Option<&Limits>| match limits {
            Some(limits) => limits.to_string(),
            None => "none".to_owned(),
        };
        let words = format!("limits: {} -> {}", told(old.limits()), told(new.limits()));
        found.push((direction, words));
    }
    found
}

/// Which way limits go. What is counted by another measure can't be compared, and counts as looser.
fn towards(old: Option<&Limits>, new: Option<&Limits>) -> Option<Direction> {
    match (old, new) {
        (None, None) => None,
        (Some(_), None) => Some(Direction::Looser),
        (None, Some(_)) => Some(Direction::Tighter),
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => {
            let no_more_at_once = new.requests <= old.requests;
            let no_more_in_time = u128::from(new.requests) * old.per.as_nanos()
                <= u128::from(old.requests) * new.per.as_nanos();
            match old.of == new.of && no_more_at_once && no_more_in_time {
                true => Some(Direction::Tighter),
                false => Some(Direction::Looser),
            }
        }
    }
}
