//! What a rule asks of the session, as it is written.

use std::time::Duration;

use crate::document::{Choice, Fields, FromNode, Located};
use crate::policy::{Enrolment, RequiredAal};

/// A key's value, if it is there and can be read.
pub(in crate::rules) enum Given<T> {
    Absent,
    /// What is wrong with it was told.
    Wrong,
    Value(T),
}

/// The requirements of a rule.
pub(in crate::rules) struct RawRequirement {
    pub(in crate::rules) required_aal: Given<RequiredAal>,
    pub(in crate::rules) max_age: Option<Located<Duration>>,
    pub(in crate::rules) enrolment: Option<Located<Enrolment>>,
}

impl RawRequirement {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Self {
        Self {
            required_aal: given(fields, "required_aal"),
            max_age: fields.get("max_age"),
            enrolment: fields.get("enrol"),
        }
    }
}

fn given<T: FromNode>(fields: &mut Fields<'_, '_>, name: &'static str) -> Given<T> {
    let is_there = fields
        .section()
        .find(name)
        .is_some_and(|node| !node.is_null());
    match fields.get(name) {
        Some(value) => Given::Value(value),
        None if is_there => Given::Wrong,
        None => Given::Absent,
    }
}

impl Choice for RequiredAal {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("none", Self::None),
        ("aal1", Self::Aal1),
        ("aal2", Self::Aal2),
        ("highest_available", Self::HighestAvailable),
    ];
}

impl Choice for Enrolment {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("allow", Self::Allowed), ("deny", Self::Denied)];
}
