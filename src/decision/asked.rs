//! A question of a proxy in front, and what it is told.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{Asking, Way};
use crate::authz::{Destination, Facts, Redirects};
use crate::policy::Request;

/// What a proxy in front asks about.
#[derive(Debug)]
pub struct Asked {
    /// The original request, in canonical form.
    pub request: Request,
    /// Its headers as the client sent them: see [`super::original_headers`].
    pub headers: HeaderMap,
    /// The request's id, for logs and answers.
    pub request_id: HeaderValue,
    /// Who sends people elsewhere.
    pub redirects: Redirects,
    /// Whoever asks takes headers out of the request when told to. Who can only set them by name
    /// gets a refusal where that would not do.
    pub can_remove: bool,
    /// Whether a decision is asked for, or the words of one.
    pub asking: Asking,
}

impl Asked {
    /// A question of a proxy that hands the answer on as it is, and does all that it is told.
    #[must_use]
    pub fn new(request: Request, headers: HeaderMap, request_id: HeaderValue) -> Self {
        Self {
            request,
            headers,
            request_id,
            redirects: Redirects::default(),
            can_remove: true,
            asking: Asking::First,
        }
    }
}

/// What it is told.
#[derive(Debug)]
pub enum Decision {
    /// The request may pass.
    Allow {
        /// What the application is to get: every identity header, empty where there is nobody to
        /// name, the headers that the rule sets, and `Cookie` and `Authorization` without what is
        /// not the application's, where the request has them; empty: the application gets none.
        set: HeaderMap,
        /// Headers of the request that the application must not get, and that `set` doesn't
        /// replace.
        remove: Vec<HeaderName>,
        /// Headers for the client, beside those of the application: `Set-Cookie`.
        response: HeaderMap,
        /// What else changes on the way, for [`Door::ExtAuthz`]: others can't be told to.
        way: Option<Box<Way>>,
        /// What was decided, and about whom.
        facts: Facts,
    },
    /// The client gets this answer.
    Refuse {
        /// The status. Never 2xx for [`super::Door::ForwardAuth`], whose askers take that for a yes.
        status: StatusCode,
        /// Its headers, `X-Request-Id` among them.
        headers: HeaderMap,
        /// Its content.
        body: Bytes,
        /// Where the client gets what it lacks.
        destination: Option<Destination>,
        /// What was decided, and about whom.
        facts: Facts,
    },
}

impl Decision {
    /// What was decided, and about whom.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        match self {
            Self::Allow { facts, .. } | Self::Refuse { facts, .. } => facts,
        }
    }
}
