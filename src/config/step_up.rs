//! `step_up`: where people come back to, how often, and what waits for them.

use std::time::Duration;

use super::proxy::positive;
use super::sections::HostPattern;
use crate::document::{Choice, Fields, Place, Size};
use crate::resume;

/// Bytes of one body at most: no more is kept in all.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

/// `step_up` as written.
#[derive(Debug)]
pub(super) struct StepUp {
    pub(super) loop_guard: u32,
    pub(super) return_to_hosts: Vec<Box<str>>,
    pub(super) keep_body: resume::Config,
    /// Where `keep_body.store` would be mended.
    pub(super) place: Place,
}

impl Choice for resume::Place {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("memory", Self::Memory), ("database", Self::Database)];
}

pub(super) fn read(step_up: &mut Fields<'_, '_>) -> StepUp {
    let loop_guard = positive(step_up, "loop_guard", 2);
    let hosts = step_up.or("return_to_hosts", Vec::new());
    let (keep_body, place) = step_up.within("keep_body", read_keep_body);
    StepUp {
        loop_guard,
        return_to_hosts: hosts.into_iter().map(|host: HostPattern| host.0).collect(),
        keep_body,
        place,
    }
}

fn read_keep_body(fields: &mut Fields<'_, '_>) -> (resume::Config, Place) {
    let default = resume::Config::default();
    let max_size = fields.or("max_size", Size(default.max_size as u64)).0;
    if max_size > MAX_SIZE {
        let message = "no more than 64MiB is kept in all, so this never fits";
        fields.problem_at("max_size", "invalid_value", message, None);
    }
    let expires = fields.or("expires", default.expires);
    if expires == Duration::ZERO {
        let message = "nothing would wait for anybody";
        let help = "give the time that a step-up may take, such as 10m";
        fields.problem_at("expires", "invalid_value", message, Some(help));
    }
    let place = fields.or("store", default.place);
    let node = fields.section().find("store");
    let at = node.map_or_else(|| fields.section().place.clone(), |node| node.place.clone());
    let config = resume::Config {
        max_size: usize::try_from(max_size).unwrap_or(default.max_size),
        expires,
        place,
    };
    (config, at)
}
