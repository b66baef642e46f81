//! Why a request that is asked about is refused before any rule is looked at.

use http::{HeaderName, StatusCode};

use crate::authz::{Answer, Client, ErrorId, MethodFault};
use crate::policy::AmbiguousRequest;

/// A question that can't be understood in one way only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The original request can be read in more than one way.
    Request(AmbiguousRequest),
    /// A header that describes it is missing or empty.
    Missing(HeaderName),
    /// Several lines of a header that describes it say different things.
    Contradicting(HeaderName),
    /// A header that describes it says nothing that can be understood.
    Unreadable(HeaderName),
    /// The question's own query has something that is no option.
    Option,
    /// The method is none that is served: CONNECT, TRACE.
    Method(StatusCode),
    /// The target or the head of the original request is over the limit.
    TooLarge(StatusCode),
}

impl From<AmbiguousRequest> for Unread {
    fn from(why: AmbiguousRequest) -> Self {
        Self::Request(why)
    }
}

impl From<MethodFault> for Unread {
    fn from(fault: MethodFault) -> Self {
        match fault {
            MethodFault::Unserved(status) => Self::Method(status),
            MethodFault::Ambiguous(why) => Self::Request(why),
        }
    }
}

impl Unread {
    /// The refusal for it.
    #[must_use]
    pub fn answer(&self, client: Client) -> Answer {
        let ambiguous =
            |reason: &str| Answer::refusal(ErrorId::AmbiguousRequest, client, None, reason);
        match self {
            Self::Request(why) => Answer::ambiguous_request(client, *why),
            Self::Missing(name) => ambiguous(&format!(
                "the proxy in front does not say what it asks about: {name} is missing or empty"
            )),
            Self::Contradicting(name) => ambiguous(&format!(
                "{name} is there more than once, with different values"
            )),
            Self::Unreadable(name) => ambiguous(&format!("{name} can't be understood")),
            Self::Option => ambiguous(
                "the decision's address takes one option only: redirect=auto, never or always",
            ),
            Self::Method(status) => Answer::refusal(
                ErrorId::MethodNotAllowed,
                client,
                None,
                "this method is not served here",
            )
            .with_status(*status),
            Self::TooLarge(status) => {
                let reason = match *status {
                    StatusCode::URI_TOO_LONG => "the request target is too long",
                    _ => "the request head is too large",
                };
                Answer::refusal(ErrorId::TooLarge, client, None, reason).with_status(*status)
            }
        }
    }
}
