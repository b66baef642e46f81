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

use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use tokio::sync::watch;
use tonic::Code;

pub use body::AnswerBody;

use self::reading::{Misread, Told};
use self::unclear::Unclear;
use super::{Asked, Asking, Decider, Decision, Door, Question};
use crate::authz::Decided;

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

    async fn route<B>(
        &self,
        request: Request<B>,
        peer: IpAddr,
        request_id: &HeaderValue,
    ) -> Response<AnswerBody>
    where
        B: Body<Data = Bytes>,
    {
        let (head, body) = request.into_parts();
        let check = head.uri.path() == CHECK;
        if !self.decider.config().trusts(peer) {
            let nothing = HeaderMap::new();
            let refusal = self
                .decider
                .refuse_stranger(&question(peer, &nothing, request_id));
            return match check {
                true => body::answered(&in_envoys_words(refusal, None)),
                false => body::failed(Code::PermissionDenied, "this address may not ask"),
            };
        }
        if check {
            return match message::read_one(body).await {
                Ok(message) => self.check(message, peer, request_id).await,
                Err(why) => {
                    let nothing = HeaderMap::new();
                    self.deny(&why.into(), &question(peer, &nothing, request_id))
                }
            };
        }
        let grpc = head.headers.get(CONTENT_TYPE);
        if head.method != Method::POST
            || !grpc.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
        {
            return body::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        let answer = match head.uri.path() {
            HEALTH_CHECK => health::check,
            HEALTH_WATCH => health::watch,
            _ => return body::failed(Code::Unimplemented, "there is no such method here"),
        };
        match message::read_one(body).await {
            Ok(message) => answer(message, &self.ready),
            Err(_) => body::failed(Code::InvalidArgument, "the message can't be read"),
        }
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
        let Told {
            request,
            headers,
            sent,
            id,
        } = told;
        let asked = Asked::new(request, headers, id.unwrap_or_else(|| request_id.clone()));
        let decision = self.decider.decide(asked, Door::ExtAuthz).await;
        body::answered(&in_envoys_words(decision, Some(&sent)))
    }

    fn deny(&self, why: &Unclear, question: &Question<'_>) -> Response<AnswerBody> {
        let answer = why.answer(question.headers);
        let refusal = self.decider.refuse(question, answer, Decided::BadRequest);
        body::answered(&in_envoys_words(refusal, None))
    }
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
