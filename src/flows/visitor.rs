//! Who sent a request, as far as the flows care.

use crate::web::csrf::CsrfSecret;
use crate::web::{Client, Fields, Query};

/// One request, read by the door.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// `X-Session-Token`, trimmed; none when empty.
    pub header_token: Option<String>,
    /// Values of all cookies of the session's name, in order.
    pub session_cookies: Vec<String>,
    /// The token of `Authorization: Bearer`.
    pub bearer: Option<String>,
    /// The secret in the browser's CSRF cookie, or a new one that goes out with the answer.
    pub csrf: CsrfSecret,
    /// The value of the continuity cookie.
    pub continuity: Option<String>,
    /// The value of the cookie that marks a browser which signed in before.
    pub device: Option<String>,
    /// Address and browser.
    pub client: Client,
    /// The URL of the request under the public base URL, query included.
    pub request_url: String,
    /// `Accept-Language`: what language a mail that it causes is in.
    pub accept_language: Option<String>,
    /// The query.
    pub query: Query,
    /// What a submit carries.
    pub wants: Wants,
    /// Headers that a native client does not send.
    pub browser_marks: BrowserMarks,
    /// What web hooks get to know of the request.
    pub told: ToldToHooks,
}

/// What web hooks get to know of a request: headers of the list that the configuration has, and
/// cookies that are not ours.
#[derive(Clone, Debug, Default)]
pub struct ToldToHooks {
    /// The HTTP method.
    pub method: String,
    /// Headers, each with all its values, named as Go writes them.
    pub headers: serde_json::Map<String, serde_json::Value>,
    /// Cookies by name.
    pub cookies: serde_json::Map<String, serde_json::Value>,
}

/// The two ways to answer a browser flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Redirects and pages.
    Html,
    /// JSON.
    Json,
}

/// What only a browser sends: reasons to refuse a submit to a native flow, or from a foreign site.
#[derive(Clone, Debug, Default)]
pub struct BrowserMarks {
    /// Whether there is a cookie that is not a front proxy's own.
    pub has_cookie: bool,
    /// `Origin`
    pub origin: Option<String>,
    /// Whether another site made the request, as fetch metadata says or else the origin; our own
    /// pages and those that CORS allows are no other site.
    pub cross_site: bool,
}

/// The body of a submit, or why there is none.
pub type Submission = Result<Fields, crate::web::BodyError>;

impl Visitor {
    /// Whether the request carries anything that looks like a session.
    #[must_use]
    pub fn has_credential(&self) -> bool {
        self.header_token.is_some() || !self.session_cookies.is_empty() || self.bearer.is_some()
    }
}
