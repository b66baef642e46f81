//! Answers to requests that were allowed, but came to nothing.

use http::StatusCode;

use super::exchange::UploadFault;
use super::upstream::Failure;
use crate::authz::{Answer, Client, ErrorId};
use crate::policy::RuleId;
use crate::streams::Cause;

/// The answer for a request that got none.
pub(super) fn failure_answer(failure: Failure, kind: Client, rule: Option<&RuleId>) -> Answer {
    let (id, reason) = match failure {
        Failure::Unreachable => (
            ErrorId::UpstreamUnreachable,
            "no connection to the application",
        ),
        Failure::TimedOut => (
            ErrorId::UpstreamTimeout,
            "the application did not answer in time",
        ),
        Failure::Broken => (
            ErrorId::UpstreamUnreachable,
            "the application gave no proper answer",
        ),
        Failure::Client(UploadFault::TooLarge) => {
            (ErrorId::TooLarge, "the request body is too large")
        }
        Failure::Client(UploadFault::Idle) => {
            (ErrorId::Timeout, "the request body did not arrive in time")
        }
        Failure::Client(UploadFault::Broken) => {
            let reason = "the request body is not framed as announced";
            return Answer::refusal(ErrorId::AmbiguousRequest, kind, rule, reason)
                .with_status(StatusCode::BAD_REQUEST);
        }
        Failure::Cut(cause) => (cut_id(cause), cause.reason()),
    };
    Answer::refusal(id, kind, rule, reason)
}

/// A request that was allowed when it came, and is not any more.
const fn cut_id(cause: Cause) -> ErrorId {
    match cause {
        Cause::Revoked | Cause::Expired => ErrorId::SessionRequired,
        Cause::BelowRule => ErrorId::AccessDenied,
        Cause::NoRule => ErrorId::NoRule,
        Cause::Unverified => ErrorId::IdentityUnavailable,
    }
}
