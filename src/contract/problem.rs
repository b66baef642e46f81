//! Refusals in the shape of the Kratos API: ids, statuses and default messages.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{ErrorBody, ErrorEnvelope};

/// A refusal: JSON clients get it as it is, browsers are shown the error page.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body.
    pub envelope: ErrorEnvelope,
}

impl Problem {
    /// A refusal with the status' own message.
    #[must_use]
    pub fn new(status: StatusCode, id: Option<&str>, reason: Option<&str>) -> Self {
        let name = status.canonical_reason().unwrap_or_default();
        Self {
            status,
            envelope: ErrorEnvelope {
                error: ErrorBody {
                    id: id.map(str::to_owned),
                    code: status.as_u16(),
                    status: name.to_owned(),
                    request: None,
                    reason: reason.map(str::to_owned),
                    details: None,
                    message: default_message(status).to_owned(),
                },
                beside: Map::new(),
            },
        }
    }

    /// The same refusal with another message.
    #[must_use]
    pub fn message(mut self, message: &str) -> Self {
        message.clone_into(&mut self.envelope.error.message);
        self
    }

    /// The same refusal with details for programs.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.envelope.error.details = Some(details);
        self
    }

    /// The same refusal with a member beside the error.
    #[must_use]
    pub fn beside(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.envelope.beside.insert(name.to_owned(), value.into());
        self
    }

    /// 404 for something that the database does not hold.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, None, None).message("Unable to locate the resource")
    }

    /// 400 with a reason.
    #[must_use]
    pub fn bad_request(reason: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, None, Some(reason))
    }

    /// 401 of whoami: no session in the request.
    #[must_use]
    pub fn no_session() -> Self {
        let reason = "No valid session credentials found in the request.";
        Self::new(StatusCode::UNAUTHORIZED, None, Some(reason))
    }

    /// 401 `session_inactive`
    #[must_use]
    pub fn session_inactive() -> Self {
        let reason = "No active session was found in this request.";
        Self::new(
            StatusCode::UNAUTHORIZED,
            Some("session_inactive"),
            Some(reason),
        )
    }

    /// 401 `session_aal1_required`
    #[must_use]
    pub fn aal1_required() -> Self {
        let reason = "Please complete the first factor before the second one.";
        Self::new(
            StatusCode::UNAUTHORIZED,
            Some("session_aal1_required"),
            Some(reason),
        )
    }

    /// 400 `session_already_available`
    #[must_use]
    pub fn already_signed_in() -> Self {
        let reason = "A valid session was detected and thus login is not possible.";
        Self::new(
            StatusCode::BAD_REQUEST,
            Some("session_already_available"),
            Some(reason),
        )
    }

    /// 403 `session_aal2_required`, with where to complete the second factor.
    #[must_use]
    pub fn aal2_required(to: &str) -> Self {
        let reason = "An active session was found but it does not fulfill the requested \
                      Authenticator Assurance Level. Please complete the second factor.";
        Self::new(
            StatusCode::FORBIDDEN,
            Some("session_aal2_required"),
            Some(reason),
        )
        .message("Session does not fulfill the requested Authenticator Assurance Level")
        .details(json!({ "redirect_browser_to": to }))
        .beside("redirect_browser_to", to)
    }

    /// 403 `session_refresh_required`, with where to sign in again.
    #[must_use]
    pub fn refresh_required(to: &str) -> Self {
        let reason = "The last sign-in is too long ago for this change. Please sign in again.";
        Self::new(
            StatusCode::FORBIDDEN,
            Some("session_refresh_required"),
            Some(reason),
        )
        .beside("redirect_browser_to", to)
    }

    /// 422 `browser_location_change_required`
    #[must_use]
    pub fn location_change(to: &str) -> Self {
        let reason = "In order to complete this flow please open the given URL in a browser.";
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            Some("browser_location_change_required"),
            Some(reason),
        )
        .beside("redirect_browser_to", to)
    }

    /// 403 `security_csrf_violation`; `why` may be empty.
    #[must_use]
    pub fn csrf(why: &str) -> Self {
        let mut details = json!({
            "docs": "Send the flow's csrf_token together with the cookie that came with it.",
            "hint": "Cookies must reach this service; check the domain and the https setting.",
        });
        if let (Some(details), false) = (details.as_object_mut(), why.is_empty()) {
            details.insert("reject_reason".to_owned(), why.into());
        }
        let reason = "Please retry the flow and optionally clear your cookies. The request was \
                      rejected to protect you from Cross-Site-Request-Forgery (CSRF) which could \
                      cause account takeover, leaking personal information, and other serious \
                      security issues.";
        Self::new(
            StatusCode::FORBIDDEN,
            Some("security_csrf_violation"),
            Some(reason),
        )
        .message("the request was rejected to protect you from Cross-Site-Request-Forgery")
        .details(details)
    }

    /// 403 `security_identity_mismatch`
    #[must_use]
    pub fn identity_mismatch() -> Self {
        let reason = "The request was made for another identity and has been blocked for security \
                      reasons.";
        Self::new(
            StatusCode::FORBIDDEN,
            Some("security_identity_mismatch"),
            Some(reason),
        )
    }

    /// 400 `self_service_flow_return_to_forbidden`
    #[must_use]
    pub fn return_to_forbidden() -> Self {
        let reason = "Requested return_to URL is not allowed.";
        Self::new(
            StatusCode::BAD_REQUEST,
            Some("self_service_flow_return_to_forbidden"),
            Some(reason),
        )
    }

    /// 400 `self_service_flow_disabled`
    #[must_use]
    pub fn flow_disabled(what: &str) -> Self {
        let reason = format!("{what} is not allowed because it was disabled.");
        Self::new(
            StatusCode::BAD_REQUEST,
            Some("self_service_flow_disabled"),
            Some(&reason),
        )
    }

    /// 410 of an expired flow. Settings, recovery and verification leave the id out.
    #[must_use]
    pub fn expired(with_id: bool) -> Self {
        let id = with_id.then_some("self_service_flow_expired");
        let reason = "The self-service flow has expired. Open a new one.";
        Self::new(StatusCode::GONE, id, Some(reason)).message("self-service flow expired")
    }

    /// 429: too many tries.
    #[must_use]
    pub fn too_many_requests() -> Self {
        let reason = "Too many tries from this address. Wait a while and try again.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, None, Some(reason))
    }

    /// 500 without a word about why.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, None, None)
    }
}

fn default_message(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "The request was malformed or contained invalid parameters",
        StatusCode::UNAUTHORIZED => "The request could not be authorized",
        StatusCode::FORBIDDEN => "The requested action was forbidden",
        StatusCode::NOT_FOUND => "The requested resource could not be found",
        StatusCode::CONFLICT => "The resource could not be created due to a conflict",
        StatusCode::GONE => "The requested resource is gone",
        StatusCode::UNPROCESSABLE_ENTITY => "browser location change required",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests",
        _ => "An internal server error occurred, please contact the system administrator",
    }
}
