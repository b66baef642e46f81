//! A refused request that may wait.

use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response, StatusCode};

use super::reading::{Arriving, Unread, read};
use super::{Resume, is_same_origin, is_secure, wait_for};
use crate::authz::{Answer, Keep, Keeping, Refusal};
use crate::gateway::body::ResponseBody;
use crate::gateway::failing::failure_answer;
use crate::gateway::proxy::Passing;
use crate::gateway::upstream::Failure;
use crate::resume::{Client, Holder, Kept, KeptBody, Nonce};

/// Bodies that announce more are not waited for.
const MAX_AWAITED_BYTES: u64 = 16 * 1024 * 1024;

/// Answers a refused request; where it can, after keeping what was sent.
pub(in crate::gateway) async fn keep(
    passing: Passing<'_>,
    refusal: Refusal,
    keep: Keep,
    body: Arriving,
) -> Response<ResponseBody> {
    let exchange = passing.exchange;
    let headers = &passing.head.headers;
    let Some(resume) = &exchange.client.worker.shared.resume else {
        return passing.refuse_with(refusal.answer, refusal.set_cookies);
    };
    // Another site could otherwise lay something down for a person to send.
    if !is_same_origin(headers, &refusal.request, &keep.origin) {
        return passing.refuse_with(refusal.answer, refusal.set_cookies);
    }
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|size| size > MAX_AWAITED_BYTES) {
        return passing.refuse_with(too_large(refusal.answer), refusal.set_cookies);
    }
    let body = match read(body, exchange, resume.keeper.config().max_size).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => {
            return passing.refuse_with(too_large(refusal.answer), refusal.set_cookies);
        }
        Err(Unread::Fault(fault)) => {
            let failure = Failure::Client(fault);
            let answer = failure_answer(failure, passing.kind(), Some(&keep.rule));
            return passing.refuse_with(answer, refusal.set_cookies);
        }
    };
    let kept = wait_for(exchange, lay_down(resume, &passing, &refusal, &keep, body)).await;
    let mut set_cookies = refusal.set_cookies;
    match kept.flatten() {
        Some(cookie) => {
            set_cookies.extend(cookie);
            passing.refuse_with(keep.answer, set_cookies)
        }
        None => passing.refuse_with(refusal.answer.with_keeping(Keeping::NoRoom), set_cookies),
    }
}

fn too_large(answer: Answer) -> Answer {
    answer
        .with_keeping(Keeping::TooLarge)
        .with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

/// Keeps it; the cookie, if one is needed, by which its browser will be known. `None`: not kept.
async fn lay_down(
    resume: &Resume,
    passing: &Passing<'_>,
    refusal: &Refusal,
    keep: &Keep,
    body: KeptBody,
) -> Option<Option<HeaderValue>> {
    let (request, headers) = (&refusal.request, &passing.head.headers);
    let session = refusal.facts.session.as_ref();
    let session = session.map(|record| &*record.subject().session_id);
    let mut cookie = None;
    let (holder, client) = match session {
        Some(id) => (Holder::Session(id.to_owned()), Client::Session(id)),
        // The cookie must come back with the page that it waits on.
        None if !keep.origin.ends_with(&request.authority()) => return None,
        None => {
            let is_secure = is_secure(&keep.origin);
            let nonce = Nonce::all(headers, is_secure).next();
            let nonce = nonce.unwrap_or_else(Nonce::random);
            let life = resume.keeper.config().expires;
            cookie = Some(nonce.cookie(is_secure, life)?);
            (Holder::browser(&nonce), Client::Address(request.client_ip))
        }
    };
    let target = request.target();
    let named = (&request.method, keep.origin.as_str(), target.as_str());
    let kept = Kept::new(named, &keep.back, keep.rule.as_str(), holder, headers);
    match resume.keeper.keep(&keep.id, kept, body, client).await {
        Ok(()) => Some(cookie),
        Err(error) => {
            tracing::warn!(%error, "a request could not be kept");
            None
        }
    }
}
