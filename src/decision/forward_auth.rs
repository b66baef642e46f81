//! Forward-auth over HTTP: a proxy in front asks by a request of its own, and acts on the status.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::request::Parts as Head;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, Version};

use super::original_headers::{Front, original_headers};
use super::reply::reply;
use super::route::Route;
use super::{Asked, Asking, Config, Decider, Door, Question, Unread, parts_of_request};
use crate::authz::Redirects;
use crate::policy::{AmbiguousRequest, Request};

/// Answers `/check`, `/nginx/check`, `/nginx/answer` and `/ext_authz/...`. Cheap to clone.
#[derive(Clone)]
pub struct ForwardAuth {
    decider: Arc<Decider>,
}

impl ForwardAuth {
    /// Answers by `decider`.
    #[must_use]
    pub const fn new(decider: Arc<Decider>) -> Self {
        Self { decider }
    }

    /// Answers a question. `head` is that of the question, whose body nobody reads; `peer` is who
    /// sent it, and `request_id` what it is called in logs.
    ///
    /// 2xx means that the request may pass, and anything else that it may not.
    pub async fn answer(
        &self,
        head: Head,
        peer: IpAddr,
        request_id: HeaderValue,
    ) -> Response<Bytes> {
        let decider = &self.decider;
        let nothing = HeaderMap::new();
        let question = Question {
            door: Door::ForwardAuth,
            peer,
            method: &head.method,
            headers: &nothing,
            request_id: &request_id,
            asking: Asking::First,
        };
        let plainly = |refusal| reply(Route::Check, Redirects::ForBrowsers, &request_id, refusal);
        // Whoever may not ask is told nothing else.
        if !decider.config().trusts(peer) {
            return plainly(decider.refuse_stranger(&question));
        }
        let Some(route) = Route::of(&head.uri) else {
            return plainly(decider.refuse_nowhere(&question));
        };
        let question = Question {
            asking: route.asking(),
            ..question
        };
        let redirects = route.redirects(head.uri.query());
        let option = redirects.as_ref().map(drop).map_err(Clone::clone);
        let read = well_put(&head)
            .and(option)
            .and_then(|()| read(&head, route, decider.config()));
        let redirects = redirects.unwrap_or(Redirects::Elsewhere);
        let mut headers = head.headers;
        original_headers(&mut headers, route.front());
        let limit = decider.config().limits.header_count;
        let read = read.and_then(|request| {
            let fits = headers.len() <= limit;
            let too_large = Unread::TooLarge(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
            fits.then_some(request).ok_or(too_large)
        });
        let decision = match read {
            Ok(request) => {
                let asked = Asked {
                    request,
                    headers,
                    request_id: request_id.clone(),
                    redirects,
                    can_remove: route.front() != Front::Nginx,
                    asking: question.asking,
                };
                decider.decide(asked, Door::ForwardAuth).await
            }
            Err(why) => {
                let question = Question {
                    headers: &headers,
                    ..question
                };
                decider.refuse_unread(&question, &why)
            }
        };
        reply(route, redirects, &request_id, decision)
    }

    /// Answers a question that has no answer after the time that a listener gives it.
    #[must_use]
    pub fn late(&self, uri: &Uri, peer: IpAddr, request_id: &HeaderValue) -> Response<Bytes> {
        let route = Route::of(uri).unwrap_or(Route::Check);
        let question = Question {
            door: Door::ForwardAuth,
            peer,
            method: &Method::GET,
            headers: &HeaderMap::new(),
            request_id,
            asking: route.asking(),
        };
        let refusal = self.decider.refuse_late(&question);
        reply(route, Redirects::ForBrowsers, request_id, refusal)
    }
}

/// The request that a question is about; `None` where nothing is asked.
///
/// # Errors
/// It is not told in one way only.
#[must_use]
pub fn original_request(head: &Head, config: &Config) -> Option<Result<Request, Unread>> {
    let route = Route::of(&head.uri)?;
    Some(
        route
            .redirects(head.uri.query())
            .and_then(|_| read(head, route, config)),
    )
}

/// Whether a question is a proper one, whatever it is about.
fn well_put(head: &Head) -> Result<(), Unread> {
    // A yes to it would open a tunnel.
    if head.method == Method::CONNECT {
        return Err(Unread::Method(StatusCode::METHOD_NOT_ALLOWED));
    }
    // RFC 9112 section 3.2: whoever gets it wrong here may get it wrong about the request.
    let hosts = head.headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && head.version == Version::HTTP_11) {
        return Err(AmbiguousRequest::Host.into());
    }
    Ok(())
}

fn read(head: &Head, route: Route<'_>, config: &Config) -> Result<Request, Unread> {
    match route {
        Route::Check => parts_of_request::forwarded(&head.headers, config),
        Route::Nginx | Route::NginxAnswer => parts_of_request::original(&head.headers, config),
        Route::ExtAuthz(target) => parts_of_request::itself(head, target, config),
    }
}
