//! What becomes of an allowed request on its way to the upstream, and of the answer on its way
//! back.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use super::{Cors, HeaderChanges, Rewrite, Told, UpstreamIndex};
use crate::expression::Program;

/// What a rule changes on the way. Nothing, for most rules: then it takes no room.
#[derive(Clone, Debug, Default)]
pub struct Handling(Option<Box<Changes>>);

/// The changes of a rule that has some.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Another path or host for the upstream.
    pub rewrite: Option<Rewrite>,
    /// Headers towards the upstream.
    pub request_headers: HeaderChanges,
    /// Headers of the answer.
    pub response_headers: HeaderChanges,
    /// Pages of other origins that may ask and read.
    pub cors: Option<Cors>,
    /// Limits of its own.
    pub timeouts: RuleTimeouts,
    /// What the application gets to know of who is asking, where that is not as configured.
    pub told: Option<Told>,
}

impl Handling {
    /// With these changes.
    #[must_use]
    pub fn new(changes: Changes) -> Self {
        Self(Some(Box::new(changes)))
    }

    /// The changes, where there are any.
    #[must_use]
    pub fn changes(&self) -> Option<&Changes> {
        self.0.as_deref()
    }

    /// The expressions that the changes rest on.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.0.iter().flat_map(|changes| {
            let request = changes.request_headers.programs();
            request.chain(changes.response_headers.programs())
        })
    }

    /// The pages of other origins that may ask and read.
    #[must_use]
    pub fn cors(&self) -> Option<&Cors> {
        self.0.as_ref()?.cors.as_ref()
    }
}

/// `timeouts` of a rule: what is not given is as for every request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleTimeouts {
    /// Silence within a request body.
    pub request_body_idle: Option<Duration>,
    /// How long the head of the answer may take.
    pub response_header_timeout: Option<Duration>,
    /// Silence within an answer's body.
    pub response_idle: Option<Duration>,
    /// Silence of an upgraded connection, both ways.
    pub upgrade_idle: Option<Duration>,
}

/// Where an allowed request goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// To an application.
    Upstream(UpstreamIndex),
    /// Nowhere: this is the answer.
    Answer(Box<StaticAnswer>),
}

/// An answer that the rule itself holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StaticAnswer {
    /// `respond`.
    Respond {
        /// The status.
        status: StatusCode,
        /// What the body is.
        content_type: HeaderValue,
        /// The body.
        body: Bytes,
    },
    /// `redirect`.
    Redirect {
        /// The status, one of those with `Location`.
        status: StatusCode,
        /// `Location`.
        to: HeaderValue,
    },
}
