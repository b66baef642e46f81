//! `grpc.health.v1.Health`: whether this process wants more questions.

use bytes::Bytes;
use http::Response;
use prost::Message as _;
use tokio::sync::watch;
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::body::{AnswerBody, answered, failed, watched};
use super::{AUTHORIZATION, HEALTH};

/// `Check`: how it stands.
pub(super) fn check(message: Bytes, ready: &watch::Receiver<bool>) -> Response<AnswerBody> {
    match service(message) {
        Some(Known::Yes) => answered(&state(*ready.borrow())),
        Some(Known::No) => failed(Code::NotFound, "there is no such service here"),
        None => failed(Code::InvalidArgument, "the message can't be read"),
    }
}

/// `Watch`: how it stands, and when that changes.
pub(super) fn watch(message: Bytes, ready: &watch::Receiver<bool>) -> Response<AnswerBody> {
    match service(message) {
        Some(Known::Yes) => watched(ready.clone(), state),
        Some(Known::No) => answered(&of(ServingStatus::ServiceUnknown)),
        None => failed(Code::InvalidArgument, "the message can't be read"),
    }
}

enum Known {
    Yes,
    No,
}

/// Whether the service that is asked about is one of this listener's; `None`: nobody can tell.
fn service(message: Bytes) -> Option<Known> {
    let asked = HealthCheckRequest::decode(message).ok()?;
    Some(match &*asked.service {
        "" | AUTHORIZATION | HEALTH => Known::Yes,
        _ => Known::No,
    })
}

fn state(ready: bool) -> HealthCheckResponse {
    of(if ready {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    })
}

fn of(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}
