//! What a rule changes on the way: written to meant.

mod answering;
mod cors;
mod field_names;
mod headers;
mod rewriting;

pub(super) use self::answering::target_of;
use super::super::Context;
use super::super::raw::{RawHandling, RawMatch};
use crate::document::Reading;
use crate::policy::{Changes, Handling};

/// The handling of a rule; whatever is wrong with it is told.
pub(super) fn handling_of(
    raw: &RawHandling,
    matching: &RawMatch,
    context: &Context,
    reading: &mut Reading,
) -> Handling {
    let changes = Changes {
        rewrite: raw
            .rewrite
            .as_ref()
            .and_then(|raw| rewriting::rewrite_of(&raw.value, matching, reading)),
        request_headers: raw
            .request_headers
            .as_ref()
            .map(|raw| headers::of_requests(&raw.value, context, reading))
            .unwrap_or_default(),
        response_headers: raw
            .response_headers
            .as_ref()
            .map(|raw| headers::of_answers(raw, context, reading))
            .unwrap_or_default(),
        cors: raw
            .cors
            .as_ref()
            .and_then(|raw| cors::cors_of(raw, matching, reading)),
        timeouts: raw
            .timeouts
            .as_ref()
            .map(|raw| raw.value.0)
            .unwrap_or_default(),
        told: raw.told.clone(),
    };
    let is_empty = changes.rewrite.is_none()
        && changes.request_headers.is_empty()
        && changes.response_headers.is_empty()
        && changes.cors.is_none()
        && changes.timeouts == Default::default()
        && changes.told.is_none();
    if is_empty {
        Handling::default()
    } else {
        Handling::new(changes)
    }
}
