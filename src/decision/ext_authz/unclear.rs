//! Questions that are refused before any rule is looked at.

use http::{HeaderMap, StatusCode};

use super::message::Unread as NoMessage;
use crate::authz::{Answer, Client, ErrorId};
use crate::decision::Unread;
use crate::policy::AmbiguousRequest;

/// Why a question is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// The call brought no message that can be read.
    Message(NoMessage),
    /// The bytes are no `CheckRequest`.
    Garbage,
    /// It is about something else than an HTTP request.
    NoHttp,
    /// A header has bytes that are no text, which an answer could not hand back.
    NotText,
    /// A header's name or value is none, or there are too many.
    Header,
    /// The method is none.
    Method,
    /// A part that Envoy leaves empty contradicts another one.
    Contradiction,
    /// The request is refused as every door refuses it.
    Request(Unread),
    /// Something went wrong on our side.
    Broken,
}

impl From<NoMessage> for Unclear {
    fn from(why: NoMessage) -> Self {
        Self::Message(why)
    }
}

impl From<Unread> for Unclear {
    fn from(why: Unread) -> Self {
        Self::Request(why)
    }
}

impl From<AmbiguousRequest> for Unclear {
    fn from(why: AmbiguousRequest) -> Self {
        Self::Request(why.into())
    }
}

impl Unclear {
    /// The refusal for it, for whoever sent these headers.
    pub(super) fn answer(&self, headers: &HeaderMap) -> Answer {
        let client = Client::classify(headers);
        let ambiguous =
            |reason: &str| Answer::refusal(ErrorId::AmbiguousRequest, client, None, reason);
        let forbidden = |reason: &str| ambiguous(reason).with_status(StatusCode::FORBIDDEN);
        match self {
            Self::Message(NoMessage::TooLarge) => {
                let reason = "the question is too large: send less of the body along";
                Answer::refusal(ErrorId::TooLarge, client, None, reason)
            }
            Self::Message(NoMessage::Late) => {
                let reason = "the question did not come in time";
                Answer::refusal(ErrorId::Timeout, client, None, reason)
            }
            Self::Message(NoMessage::CutOff) => ambiguous("the question ended before its message"),
            Self::Message(NoMessage::Missing) => ambiguous("the question has no message"),
            Self::Message(NoMessage::Several) => ambiguous("the question has several messages"),
            Self::Message(NoMessage::Compressed) => ambiguous("the question is compressed"),
            Self::Garbage => ambiguous("the question is no CheckRequest of ext_authz v3"),
            Self::NoHttp => forbidden("the question is about no HTTP request"),
            Self::NotText => forbidden("a header of the request is not UTF-8"),
            Self::Header => ambiguous("a header of the request has a character that none may have"),
            Self::Method => ambiguous("the method of the request is none"),
            Self::Contradiction => {
                ambiguous("the question has a query or a fragment beside the path")
            }
            Self::Request(why) => why.answer(client),
            Self::Broken => {
                let reason = "the request could not be handled";
                Answer::refusal(ErrorId::InternalError, Client::Api, None, reason)
            }
        }
    }
}
