//! What stands against a request although its rule lets it through.

use http::HeaderMap;
use http::header::ORIGIN;

use super::config::PublicUrl;
use super::proxy::Passing;
use super::upgrade::Wanted;
use crate::authz::{Answer, ErrorId, Forward};
use crate::policy::{self, Cors};

/// What stands against a request beside its rule.
pub(super) fn objection(
    passing: &Passing<'_>,
    forward: &Forward,
    upgrade: Option<&Wanted>,
    by_cookie: bool,
) -> Option<Answer> {
    let rule = forward.permit.rule();
    let shared = &passing.exchange.client.worker.shared;
    let headers = &passing.head.headers;
    let worker_script = headers
        .get("service-worker")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"script"));
    let deny = |reason| {
        let kind = passing.kind();
        Some(Answer::refusal(
            ErrorId::AccessDenied,
            kind,
            Some(rule.id()),
            reason,
        ))
    };
    if worker_script && shared.mounted.is_some() && !rule.switches().allow_service_worker {
        return deny("service workers may not be installed beside the identity pages");
    }
    if upgrade.is_some() && forward.facts.session.is_some() {
        let request = forward.permit.request();
        let public_url = shared.config.public_url.as_ref();
        let cors = rule.handling().cors();
        if !origin_fits(headers, request, (public_url, cors), by_cookie) {
            return deny("the page that asks belongs to another origin");
        }
    }
    None
}

/// Whether a page of another origin can be ruled out: browsers name the page's origin, and send
/// cookies along whichever page asks.
fn origin_fits(
    headers: &HeaderMap,
    request: &policy::Request,
    (public_url, cors): (Option<&PublicUrl>, Option<&Cors>),
    by_cookie: bool,
) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => !by_cookie,
        (Some(origin), None) if cors.is_some_and(|cors| cors.lists(origin)) => true,
        (Some(origin), None) => {
            let own = format!("{}://{}", request.scheme.as_str(), request.authority());
            let public = public_url.map(PublicUrl::origin);
            [Some(own), public]
                .into_iter()
                .flatten()
                .any(|own| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()))
        }
        (Some(_), Some(_)) => false,
    }
}
