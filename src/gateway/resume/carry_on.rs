//! Somebody pressed "Continue": the request is decided on anew and sent with the body that waited.

use std::rc::Rc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, Response};

use super::reading::{Arriving, Unread, read};
use super::{
    Hindrance, Resume, is_anothers, is_holder, is_same_origin, may_be_holder, unavailable, wait_for,
};
use crate::authz::{Forward, Inquiry, Resuming, Verdict};
use crate::gateway::body::ResponseBody;
use crate::gateway::exchange::{Exchange, UploadFault};
use crate::gateway::proxy::{Passing, settle};
use crate::policy::Request;
use crate::resume::{CONTINUATION_BYTES, Continuation, Found, Kept};
use crate::whoami::Credential;

/// Whether a request is worth a look: it has the method, the type and the very length of our form.
pub(in crate::gateway) fn may_continue(passing: &Passing<'_>) -> bool {
    let (head, worker) = (&passing.head, &passing.exchange.client.worker);
    let has = |name, value: &[u8]| {
        let given = head.headers.get(name);
        given.is_some_and(|given: &http::HeaderValue| given.as_bytes() == value)
    };
    head.method == Method::POST
        && worker.shared.resume.is_some()
        && has(CONTENT_TYPE, b"application/x-www-form-urlencoded")
        && head.headers.get(CONTENT_LENGTH).is_some_and(|length| {
            let length = length.to_str().ok().and_then(|it| it.parse().ok());
            length == Some(CONTINUATION_BYTES)
        })
}

/// Reads the form; any other body comes back as it is.
pub(in crate::gateway) async fn read_continuation(
    exchange: &Rc<Exchange>,
    body: Arriving,
) -> Result<Result<Continuation, Bytes>, UploadFault> {
    match read(body, exchange, CONTINUATION_BYTES).await {
        Ok(form) => Ok(Continuation::parse(&form).ok_or(form)),
        Err(Unread::TooLarge) => Err(UploadFault::Broken),
        Err(Unread::Fault(fault)) => Err(fault),
    }
}

/// Goes on with a request that waited.
pub(in crate::gateway) async fn carry_on(
    mut passing: Passing<'_>,
    mut request: Request,
    credential: Option<Credential>,
    continuation: Continuation,
) -> Response<ResponseBody> {
    let exchange = passing.exchange;
    let shared = &exchange.client.worker.shared;
    let Some(resume) = &shared.resume else {
        return hindered(&passing, Hindrance::Gone, "/");
    };
    let own = shared.checker.own_origin(&request);
    if !is_same_origin(&passing.head.headers, &request, &own) {
        return hindered(&passing, Hindrance::Foreign, "/");
    }
    let is_here = |kept: &Kept| kept.origin == own && kept.target == request.target();
    let (kept, body) = match wait_for(exchange, resume.keeper.find(&continuation.id)).await {
        Some(Ok(Found::Waiting(kept, body))) if is_here(&kept) => (kept, body),
        Some(Ok(Found::Sent(kept))) if is_here(&kept) => {
            return hindered(&passing, Hindrance::Sent, &kept.back);
        }
        Some(Ok(Found::Expired(kept))) if is_here(&kept) => {
            return hindered(&passing, Hindrance::Gone, &kept.back);
        }
        Some(Ok(_)) => return hindered(&passing, Hindrance::Gone, "/"),
        Some(Err(_)) | None => return passing.refuse(unavailable(passing.kind())),
    };
    let Ok(method) = Method::from_bytes(kept.method.as_bytes()) else {
        return hindered(&passing, Hindrance::Gone, "/");
    };
    if !may_be_holder(&kept, &passing.head.headers) {
        return hindered(&passing, Hindrance::Elsewhere, "/");
    }
    request.method = method;
    kept.lay_over(&mut passing.head.headers, body.len());
    let resuming = Resuming {
        id: &continuation.id,
        on_its_page: false,
    };
    let inquiry = Inquiry {
        request,
        credential,
        headers: &passing.head.headers,
    };
    let verdict = shared.checker.check_again(inquiry, resuming).await;
    if let Verdict::Refuse(refusal) = &verdict
        && is_anothers(&kept, refusal, &passing.head.headers)
    {
        return hindered(&passing, Hindrance::Elsewhere, "/");
    }
    if let Verdict::Forward(forward) = &verdict {
        let hindrance = hindrance(&passing, resume, forward, &kept, &continuation);
        match hindrance {
            // Only its holder may learn where it came from.
            Some(Hindrance::Elsewhere) => return hindered(&passing, Hindrance::Elsewhere, "/"),
            Some(other) => return hindered(&passing, other, &kept.back),
            None => {}
        }
        // Taken first, sent then: whatever happens after this, it is not sent again.
        match wait_for(exchange, resume.keeper.take(&continuation.id)).await {
            Some(Ok(true)) => {}
            Some(Ok(false)) => return hindered(&passing, Hindrance::Sent, &kept.back),
            Some(Err(_)) | None => return passing.refuse(unavailable(passing.kind())),
        }
    }
    settle(passing, verdict, None, Arriving::Whole(body)).await
}

/// What stands against it although its rule allows it.
fn hindrance(
    passing: &Passing<'_>,
    resume: &Resume,
    forward: &Forward,
    kept: &Kept,
    continuation: &Continuation,
) -> Option<Hindrance> {
    if forward.permit.rule().id().as_str() != kept.rule {
        return Some(Hindrance::Changed);
    }
    // A rule that asks for nobody any more does not say whose request this is.
    let Some(record) = &forward.facts.session else {
        return Some(Hindrance::Changed);
    };
    let session = &*record.subject().session_id;
    let is_proven = resume
        .keeper
        .proves(&continuation.proof, &continuation.id, session);
    let is_theirs = is_proven && is_holder(kept, &passing.head.headers, session);
    (!is_theirs).then_some(Hindrance::Elsewhere)
}

fn hindered(passing: &Passing<'_>, why: Hindrance, back: &str) -> Response<ResponseBody> {
    passing.refuse(why.answer(passing.kind(), back))
}
