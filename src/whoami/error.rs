//! What can go wrong between a credential and its session. None of it lets a request pass.

use std::time::Duration;

/// Why the identity service gave no usable answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WhoamiError {
    /// No connection, a broken one, or no answer in time.
    #[error("the identity service is out of reach: {0}")]
    Unreachable(Box<str>),
    /// It answered, but not with what the contract allows.
    #[error("the identity service answered with {0}")]
    Unexpected(Box<str>),
    /// It failed so often that it is left alone for a while.
    #[error("the identity service failed too often; it is asked again in {} ms", .retry_after.as_millis())]
    CircuitOpen {
        /// When it is asked again.
        retry_after: Duration,
    },
    /// More questions are waiting than may wait.
    #[error("too many questions to the identity service are waiting")]
    Overloaded,
    /// It asks us to slow down (429).
    #[error("the identity service throttles")]
    Throttled {
        /// Its own `Retry-After`, if it sent one.
        retry_after: Option<Duration>,
    },
}

/// Why a credential could not be resolved.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ResolveError {
    /// No usable answer from the identity service: answered with 503, never with a pass and never
    /// as if the visitor were anonymous.
    #[error("no usable answer: {reason}")]
    Unavailable {
        /// The cause, for the log.
        reason: Box<str>,
        /// When trying again makes sense.
        retry_after: Duration,
    },
    /// The identity service answered 429.
    #[error("the identity service throttles")]
    Throttled {
        /// Its own `Retry-After`, if it sent one.
        retry_after: Option<Duration>,
    },
    /// Our own limits on questions (per credential, per address) are reached.
    #[error("too many checks of this credential or from this address")]
    TooManyChecks {
        /// When the next question is allowed.
        retry_after: Duration,
    },
}
