//! What stands against a request although its rule lets it through.

use http::HeaderMap;
use http::header::ORIGIN;

use super::{Answer, Client, ErrorId, Forward};
use crate::policy::{Cors, Request};

/// What is to know of a permitted request for [`objection`].
#[derive(Clone, Copy, Debug)]
pub struct Permitted<'a> {
    /// Its headers, as the client sent them.
    pub headers: &'a HeaderMap,
    /// It asks for an upgrade.
    pub upgrade: bool,
    /// Its credential is a cookie, which browsers send whichever page asks.
    pub by_cookie: bool,
    /// The origin under which people reach us, where that is not the request's own.
    pub public_origin: Option<&'a str>,
    /// Identity pages stand on the same origin.
    pub beside_pages: bool,
}

/// What stands against a request beside its rule.
#[must_use]
pub fn objection(forward: &Forward, permitted: Permitted<'_>) -> Option<Answer> {
    let rule = forward.permit.rule();
    let headers = permitted.headers;
    let deny = |reason| {
        let client = Client::classify(headers);
        let rule = Some(rule.id());
        Some(Answer::refusal(ErrorId::AccessDenied, client, rule, reason))
    };
    let worker_script = headers
        .get("service-worker")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"script"));
    if worker_script && permitted.beside_pages && !rule.switches().allow_service_worker {
        return deny("service workers may not be installed beside the identity pages");
    }
    if permitted.upgrade && forward.facts.session.is_some() {
        let cors = rule.handling().cors();
        if !origin_fits(permitted, forward.permit.request(), cors) {
            return deny("the page that asks belongs to another origin");
        }
    }
    None
}

/// Whether a page of another origin can be ruled out: browsers name the page's origin, and send
/// cookies along whichever page asks.
fn origin_fits(permitted: Permitted<'_>, request: &Request, cors: Option<&Cors>) -> bool {
    let mut origins = permitted.headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => !permitted.by_cookie,
        (Some(origin), None) if cors.is_some_and(|cors| cors.lists(origin)) => true,
        (Some(origin), None) => {
            let own = format!("{}://{}", request.scheme.as_str(), request.authority());
            [Some(&*own), permitted.public_origin]
                .into_iter()
                .flatten()
                .any(|own| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()))
        }
        (Some(_), Some(_)) => false,
    }
}
