//! Envoy's external authorization, v3, over gRPC: the same decision in Envoy's words.
//!
//! A front may be configured to let requests through when a call fails (`failure_mode_allow`). So
//! no check ends as a failed call: whatever can't be read, whoever may not ask, whatever breaks is
//! answered by a `CheckResponse` that denies.

mod attributes;
mod body;
mod health;
mod message;
mod reading;
mod reply;
mod unclear;

use std::error::Error;
use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use http::header::CONTENT_TYPE;
use http::request::Parts as Head;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body;
use tokio::sync::watch;
use tonic::Code;

pub use body::AnswerBody;

use self::reading::Misread;
use self::unclear::Unclear;
use super::{Asked, Asking, Decider, Decision, Door, Limits, Question};
use crate::authz::{Answer, Client, Decided, ErrorId};

/// The services of this listener. Reflection is not among them.
const AUTHORIZATION: &str = "envoy.service.auth.v3.Authorization";
const HEALTH: &str = "grpc.health.v1.Health";

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";
const HEALTH_WATCH: &str = "/grpc.health.v1.Health/Watch";

/// Answers calls of Envoy. Cheap to clone.
#[derive(Clone)]
pub struct ExtAuthz {
    decider: Arc<Decider>,
    /// Whether this process wants more questions.
    ready: watch::Receiver<bool>,
}

impl ExtAuthz {
    /// Answers by `decider`. `ready` says whether this process wants more questions, which the
    /// health service tells; it decides all the same.
    #[must_use]
    pub const fn new(decider: Arc<Decider>, ready: watch::Receiver<bool>) -> Self {
        Self { decider, ready }
    }

    /// Answers a call. `peer` is who sent it, and `request_id` what it is called in logs unless
    /// the request that is asked about has a name already.
    pub async fn answer<B>(
        &self,
        request: Request<B>,
        peer: IpAddr,
        request_id: HeaderValue,
    ) -> Response<AnswerBody>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let is_check = request.uri().path() == CHECK;
        let answering = self.route(request, peer, &request_id);
        let mut answering = pin!(answering);
        // A defect in the handling of one question must not end as a failed call.
        let answered = poll_fn(|cx| {
            let poll = || answering.as_mut().poll(cx);
            match catch_unwind(AssertUnwindSafe(poll)) {
                Ok(polled) => polled.map(Some),
                Err(_) => Poll::Ready(None),
            }
        })
        .await;
        match answered {
            Some(response) => response,
            None if is_check => {
                tracing::error!(request_id = ?request_id, "the handling of a question failed");
                self.deny(
                    &Unclear::Broken,
                    &question(peer, &HeaderMap::new(), &request_id),
                )
            }
            None => body::failed(Code::Internal, "the call could not be handled"),
        }
    }

    /// Answers a call that has no answer after the time that a listener gives it.
    #[must_use]
    pub fn late(&self, uri: &Uri, peer: IpAddr, request_id: &HeaderValue) -> Response<AnswerBody> {
        if uri.path() != CHECK {
            return body::failed(Code::DeadlineExceeded, "the call took too long");
        }
        let nothing = HeaderMap::new();
        let late = self
            .decider
            .refuse_late(&question(peer, &nothing, request_id));
        body::answered(&in_envoys_words(late, None))
    }

    async fn route<B>(
        &self,
        request: Request<B>,
        peer: IpAddr,
        request_id: &HeaderValue,
    ) -> Response<AnswerBody>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let check = head.uri.path() == CHECK;
        let nothing = HeaderMap::new();
        let question = question(peer, &nothing, request_id);
        if !self.decider.config().trusts(peer) {
            let refusal = self.decider.refuse_stranger(&question);
            return match check {
                true => body::answered(&in_envoys_words(refusal, None)),
                false => body::failed(Code::PermissionDenied, "this address may not ask"),
            };
        }
        if let Some(status) = no_call(&head) {
            return self.refuse_foreign(&head, status, question);
        }
        if check {
            return match message::read_one(body).await {
                Ok(message) => self.check(message, peer, request_id).await,
                Err(why) => self.deny(&why.into(), &question),
            };
        }
        let answer = match head.uri.path() {
            HEALTH_CHECK => health::check,
            HEALTH_WATCH => health::watch,
            _ => return self.refuse_unknown(&question),
        };
        match message::read_one(body).await {
            Ok(message) => answer(message, &self.ready),
            Err(why) => {
                let (code, reason) = why.failure();
                body::failed(code, reason)
            }
        }
    }

    /// Refuses what is no call of gRPC. Nobody who asks for decisions sends it.
    fn refuse_foreign(
        &self,
        head: &Head,
        status: StatusCode,
        question: Question<'_>,
    ) -> Response<AnswerBody> {
        let question = Question {
            method: &head.method,
            ..question
        };
        let reason = "this listener is asked by gRPC over HTTP/2";
        let answer = Answer::refusal(ErrorId::AmbiguousRequest, Client::Api, None, reason)
            .with_status(status);
        // What it is told is the status.
        drop(self.decider.refuse(&question, answer, Decided::BadRequest));
        body::plain(status)
    }

    /// Refuses a call of a method that is none of ours.
    fn refuse_unknown(&self, question: &Question<'_>) -> Response<AnswerBody> {
        let reason = "there is no such method here";
        let answer = Answer::refusal(ErrorId::NoRule, Client::Api, None, reason)
            .with_status(StatusCode::NOT_FOUND);
        // What it is told is the call's status.
        drop(self.decider.refuse(question, answer, Decided::NoRule));
        body::failed(Code::Unimplemented, reason)
    }

    async fn check(
        &self,
        message: Bytes,
        peer: IpAddr,
        request_id: &HeaderValue,
    ) -> Response<AnswerBody> {
        let told = match reading::read(message, self.decider.config().limits) {
            Ok(told) => told,
            Err(misread) => {
                let Misread { why, headers } = *misread;
                return self.deny(&why, &question(peer, &headers, request_id));
            }
        };
        let (asked, sent) = told.into_question(request_id);
        let decision = self.decider.decide(asked, Door::ExtAuthz).await;
        body::answered(&in_envoys_words(decision, Some(&sent)))
    }

    fn deny(&self, why: &Unclear, question: &Question<'_>) -> Response<AnswerBody> {
        let answer = why.answer(question.headers);
        let refusal = self.decider.refuse(question, answer, Decided::BadRequest);
        body::answered(&in_envoys_words(refusal, None))
    }
}

/// The status for what is no call of gRPC; `None`: it is one.
fn no_call(head: &Head) -> Option<StatusCode> {
    if head.version != Version::HTTP_2 {
        return Some(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    }
    if head.method != Method::POST {
        return Some(StatusCode::METHOD_NOT_ALLOWED);
    }
    let kind = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let kind = kind.and_then(|kind| kind.split(|byte| *byte == b';').next());
    let kind = kind.unwrap_or_default().trim_ascii();
    let is_call = [&b"application/grpc"[..], b"application/grpc+proto"]
        .iter()
        .any(|own| kind.eq_ignore_ascii_case(own));
    (!is_call).then_some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

/// A question that is not about a request yet; every call is a POST.
fn question<'a>(peer: IpAddr, headers: &'a HeaderMap, request_id: &'a HeaderValue) -> Question<'a> {
    Question {
        door: Door::ExtAuthz,
        peer,
        method: &Method::POST,
        headers,
        request_id,
        asking: Asking::First,
    }
}

/// The question that a message puts, read as [`ExtAuthz::answer`] reads it. It is called `request_id`
/// where it has no name of its own.
///
/// # Errors
/// The refusal of a message that puts none, or one that can be read in more than one way.
pub fn read_question(
    message: Bytes,
    limits: Limits,
    request_id: &HeaderValue,
) -> Result<Asked, Box<Answer>> {
    let read = reading::read(message, limits);
    let told = read.map_err(|misread| Box::new(misread.why.answer(&misread.headers)))?;
    Ok(told.into_question(request_id).0)
}

fn in_envoys_words(decision: Decision, sent: Option<&reading::Sent>) -> CheckResponse {
    match decision {
        Decision::Allow {
            set,
            remove,
            response,
            way,
            facts,
        } => {
            let mut allowed = reply::Allowed::new(&set, &remove);
            if let Some(way) = way {
                allowed.on_its_way(*way, sent);
            }
            allowed.answered_with(&response);
            allowed.into_response(&facts)
        }
        Decision::Refuse {
            status,
            headers,
            body,
            destination: _,
            facts,
        } => reply::denied(status, &headers, body, &facts),
    }
}
