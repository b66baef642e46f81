//! The switches of a rule, as they are written.

use crate::document::{Choice, Fields};
use crate::policy::Switches;

/// `mode` of a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mode {
    report_only: bool,
}

/// The switches, each as in `off` unless its key is there.
pub(super) fn read(fields: &mut Fields<'_, '_>, off: Switches) -> Switches {
    let mode = Mode {
        report_only: off.report_only,
    };
    Switches {
        fall_through: fields.or("fall_through", off.fall_through),
        strict_paths: fields.or("strict_paths", off.strict_paths),
        merge_slashes: fields.or("merge_slashes", off.merge_slashes),
        allow_encoded_slash: fields.or("allow_encoded_slash", off.allow_encoded_slash),
        allow_method_override: fields.or("allow_method_override", off.allow_method_override),
        allow_service_worker: fields.or("allow_service_worker", off.allow_service_worker),
        identify: fields.or("identify", off.identify),
        report_only: fields.or("mode", mode).report_only,
        serve_stale_when_down: off.serve_stale_when_down,
        keep_body: fields.or("keep_body", off.keep_body),
    }
}

impl Choice for Mode {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("enforce", Self { report_only: false }),
        ("report_only", Self { report_only: true }),
    ];
}
