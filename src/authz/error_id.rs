//! The names of refusals, and what goes with each.

use http::StatusCode;

use super::Explanation;

/// Stable name of a refusal, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorId {
    /// No valid session.
    SessionRequired,
    /// A second factor is asked for.
    SessionAal2Required,
    /// The session is too old.
    SessionRefreshRequired,
    /// A second factor has to be set up.
    SecondFactorRequired,
    /// Not allowed.
    AccessDenied,
    /// No rule covers the request.
    NoRule,
    /// Rules cover the address, but not this method.
    MethodNotAllowed,
    /// The request can be read in more than one way.
    AmbiguousRequest,
    /// The request carries two credentials.
    AmbiguousCredentials,
    /// The identity service gives no usable answer.
    IdentityUnavailable,
    /// The identity service throttles.
    IdentityThrottled,
    /// Our own limits on session checks are reached.
    TooManyChecks,
    /// The rule's own limit is reached.
    TooManyRequests,
    /// The request is larger than allowed.
    TooLarge,
    /// The request took too long to arrive.
    Timeout,
    /// The application can't be reached.
    UpstreamUnreachable,
    /// The application takes too long.
    UpstreamTimeout,
    /// Something went wrong on our side.
    InternalError,
}

impl ErrorId {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionRequired => "session_required",
            Self::SessionAal2Required => "session_aal2_required",
            Self::SessionRefreshRequired => "session_refresh_required",
            Self::SecondFactorRequired => "second_factor_required",
            Self::AccessDenied => "access_denied",
            Self::NoRule => "no_rule",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::AmbiguousRequest => "ambiguous_request",
            Self::AmbiguousCredentials => "ambiguous_credentials",
            Self::IdentityUnavailable => "identity_unavailable",
            Self::IdentityThrottled => "identity_throttled",
            Self::TooManyChecks => "too_many_checks",
            Self::TooManyRequests => "too_many_requests",
            Self::TooLarge => "too_large",
            Self::Timeout => "timeout",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::InternalError => "internal_error",
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::SessionRequired | Self::SessionAal2Required | Self::SessionRefreshRequired => {
                StatusCode::UNAUTHORIZED
            }
            Self::SecondFactorRequired | Self::AccessDenied | Self::NoRule => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::AmbiguousRequest | Self::AmbiguousCredentials => StatusCode::BAD_REQUEST,
            Self::IdentityUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::IdentityThrottled | Self::TooManyChecks | Self::TooManyRequests => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::UpstreamUnreachable => StatusCode::BAD_GATEWAY,
            Self::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::SessionRequired => "Sign in to continue.",
            Self::SessionAal2Required => "A second factor is required.",
            Self::SessionRefreshRequired => "A more recent authentication is required.",
            Self::SecondFactorRequired => "A second factor has to be set up first.",
            Self::AccessDenied => "Access is denied.",
            Self::NoRule => "Nothing is served here.",
            Self::MethodNotAllowed => "The method is not allowed here.",
            Self::AmbiguousRequest => "The request can be read in more than one way.",
            Self::AmbiguousCredentials => "The request carries more than one credential.",
            Self::IdentityUnavailable => "Sessions can't be checked at the moment.",
            Self::IdentityThrottled => "The identity service asks to slow down.",
            Self::TooManyChecks => "Too many session checks.",
            Self::TooManyRequests => "Too many requests.",
            Self::TooLarge => "The request is too large.",
            Self::Timeout => "The request took too long.",
            Self::UpstreamUnreachable => "The application can't be reached.",
            Self::UpstreamTimeout => "The application took too long.",
            Self::InternalError => "Something went wrong.",
        }
    }

    pub(super) const fn explanation(self) -> Explanation {
        match self {
            Self::SessionRequired => Explanation::LogIn,
            Self::SessionAal2Required => Explanation::StepUp,
            Self::SessionRefreshRequired => Explanation::Refresh,
            Self::SecondFactorRequired => Explanation::Enrol,
            Self::AccessDenied => Explanation::Denied,
            Self::NoRule => Explanation::NotFound,
            Self::MethodNotAllowed => Explanation::MethodNotAllowed,
            Self::AmbiguousRequest => Explanation::BadRequest,
            Self::AmbiguousCredentials => Explanation::AmbiguousCredentials,
            Self::IdentityUnavailable => Explanation::Unavailable,
            Self::IdentityThrottled => Explanation::Throttled,
            Self::TooManyChecks | Self::TooManyRequests => Explanation::TooMany,
            Self::InternalError => Explanation::Internal,
            Self::TooLarge => Explanation::TooLarge,
            Self::Timeout => Explanation::Timeout,
            Self::UpstreamUnreachable => Explanation::UpstreamUnreachable,
            Self::UpstreamTimeout => Explanation::UpstreamTimeout,
        }
    }
}
