//! What a client gets instead of the application: one shape for every door.

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_EXPOSE_HEADERS, ALLOW, CACHE_CONTROL, HeaderName, HeaderValue, LOCATION,
    RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Client, ErrorId, Explanation, Keeping, Page};
use crate::policy::{AmbiguousRequest, CorsGrant, RuleId};

/// Where the client gets its words from.
#[derive(Clone, Debug)]
pub enum Body {
    /// None: the status and `Location` say it.
    Empty,
    /// [`Answer::error_json`].
    Error,
    /// HTML, made from this by the `pages` room.
    Page(Box<Page>),
}

/// A reply in no protocol's words. `X-Request-Id` is added by the door.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// `Location`, `WWW-Authenticate`, `Retry-After`, `Allow`, `Cache-Control`, `Vary`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The content.
    pub body: Body,
    /// Which refusal it is.
    pub id: ErrorId,
    /// One sentence of detail that helps the client and no attacker.
    pub reason: Box<str>,
    /// The rule that refused.
    pub rule: Option<RuleId>,
    /// Further members of the error JSON's `details`.
    pub details: Map<String, Value>,
    /// Where the client gets what it lacks.
    pub destination: Option<Destination>,
}

/// Where a client gets what it lacks: a session, a second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The absolute URL.
    pub url: Box<str>,
    /// A redirect to it is the right answer for this client.
    pub follow: bool,
}

/// Who sends people to a [`Destination`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    /// The answer itself does, where a person's browser asks for something that it can ask for
    /// again.
    #[default]
    ForBrowsers,
    /// The answer itself does, whoever asks.
    ForAll,
    /// Whoever hands the answer on: it says where, and keeps its status.
    Elsewhere,
}

impl Answer {
    /// A refusal by its id: a page for browsers, the error JSON for others.
    #[must_use]
    pub fn refusal(id: ErrorId, client: Client, rule: Option<&RuleId>, reason: &str) -> Self {
        let body = match client {
            Client::Browser => Body::Page(Box::new(Page {
                explanation: id.explanation(),
                reason: None,
                proceed: None,
                back: None,
                keeping: Keeping::Not,
            })),
            Client::Api => Body::Error,
        };
        Self {
            status: id.status(),
            headers: vec![
                (CACHE_CONTROL, HeaderValue::from_static("no-store")),
                (
                    VARY,
                    HeaderValue::from_static("Cookie, Authorization, Accept"),
                ),
            ],
            body,
            id,
            reason: reason.into(),
            rule: rule.cloned(),
            details: Map::new(),
            destination: None,
        }
    }

    /// 400: which rule of syntax the request breaks.
    #[must_use]
    pub fn ambiguous_request(client: Client, why: AmbiguousRequest) -> Self {
        Self::refusal(ErrorId::AmbiguousRequest, client, None, &why.to_string())
    }

    /// 405 with the methods that rules do name.
    #[must_use]
    pub fn method_not_allowed(client: Client, allowed: &[Method]) -> Self {
        let names = allowed
            .iter()
            .map(Method::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        Self::refusal(
            ErrorId::MethodNotAllowed,
            client,
            None,
            "no rule allows this method",
        )
        .with_header(ALLOW, &names)
    }

    /// 404: no rule knows the host.
    #[must_use]
    pub fn unknown_host(client: Client) -> Self {
        Self::refusal(ErrorId::NoRule, client, None, "no rule knows this host")
            .with_status(StatusCode::NOT_FOUND)
            .with_page(|page| page.explanation = Explanation::UnknownHost)
    }

    /// Says where the client gets what it lacks.
    pub(super) fn leading_to(mut self, url: &str, follow: bool) -> Self {
        self.destination = Some(Destination {
            url: url.into(),
            follow,
        });
        self
    }

    /// 303 to another page.
    pub(super) fn redirect(mut self, location: &str) -> Self {
        self.status = StatusCode::SEE_OTHER;
        self.body = Body::Empty;
        self.with_header(LOCATION, location)
    }

    /// Lets the page that asked read the refusal, where its origin may read answers at all: script
    /// has to see that it must send its user to sign in.
    #[must_use]
    pub fn granting(mut self, grant: &CorsGrant) -> Self {
        if grant.varies {
            let on_origin = HeaderValue::from_static("Cookie, Authorization, Accept, Origin");
            self.headers.retain(|(name, _)| *name != VARY);
            self.headers.push((VARY, on_origin));
        }
        if !grant.headers.is_empty() {
            self.headers.extend(grant.headers.iter().cloned());
            let readable = HeaderValue::from_static("WWW-Authenticate, Retry-After, X-Request-Id");
            self.headers.push((ACCESS_CONTROL_EXPOSE_HEADERS, readable));
        }
        self
    }

    /// Another status under the same id, such as 431 for [`ErrorId::TooLarge`].
    #[must_use]
    pub const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// `Retry-After`, in whole seconds, at least one.
    #[must_use]
    pub fn with_retry_after(self, after: Duration) -> Self {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        self.with_header(RETRY_AFTER, &seconds.max(1).to_string())
    }

    pub(super) fn with_challenge(self, challenge: &str) -> Self {
        self.with_header(WWW_AUTHENTICATE, challenge)
    }

    pub(super) fn with_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Says on the page what became of what was sent.
    #[must_use]
    pub fn with_keeping(self, keeping: Keeping) -> Self {
        self.with_page(|page| page.keeping = keeping)
    }

    /// Changes the page, where there is one.
    #[must_use]
    pub fn with_page(mut self, change: impl FnOnce(&mut Page)) -> Self {
        if let Body::Page(page) = &mut self.body {
            change(page);
        }
        self
    }

    fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// The error as JSON: `{"error":{…}}`.
    #[must_use]
    pub fn error_json(&self, request_id: &str) -> String {
        let mut error = Map::new();
        error.insert("id".to_owned(), self.id.as_str().into());
        error.insert("code".to_owned(), self.status.as_u16().into());
        let status = self.status.canonical_reason().unwrap_or_default();
        error.insert("status".to_owned(), status.into());
        error.insert("reason".to_owned(), (&*self.reason).into());
        error.insert("message".to_owned(), self.id.message().into());
        error.insert("request_id".to_owned(), request_id.into());
        if let Some(rule) = &self.rule {
            error.insert("rule".to_owned(), rule.as_str().into());
        }
        if !self.details.is_empty() {
            error.insert("details".to_owned(), Value::Object(self.details.clone()));
        }
        json!({ "error": error }).to_string()
    }
}
