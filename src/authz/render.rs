//! From an answer in no protocol's words to headers and content.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{Answer, Body, Page, Preflighted};
use crate::pages::{self, Locale, Pages, Refusal};
use crate::policy::StaticAnswer;

impl Answer {
    /// The headers and the content for a client that speaks `language` (its `Accept-Language`).
    #[must_use]
    pub fn render(
        self,
        pages: &Pages,
        language: Option<&HeaderValue>,
        request_id: &str,
    ) -> (HeaderMap, Bytes) {
        let mut headers = HeaderMap::with_capacity(12);
        let content = match &self.body {
            Body::Empty => Bytes::new(),
            Body::Error => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Bytes::from(self.error_json(request_id))
            }
            Body::Page(page) => {
                let locale = language.and_then(|line| line.to_str().ok());
                let page = pages::Page::Refusal(refusal(&self, page, request_id.to_owned()));
                let html = pages.render(&page, Locale::from_accept_language(locale));
                html.write_headers(&mut headers);
                Bytes::from(html.into_body())
            }
        };
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        (headers, content)
    }
}

/// The answer that a rule holds: status, headers, content.
#[must_use]
pub fn render_static(answer: &StaticAnswer) -> (StatusCode, HeaderMap, Bytes) {
    let mut headers = HeaderMap::with_capacity(8);
    let (status, content) = match answer {
        StaticAnswer::Respond {
            status,
            content_type,
            body,
        } => {
            headers.insert(CONTENT_TYPE, content_type.clone());
            let nosniff = HeaderValue::from_static("nosniff");
            headers.insert(X_CONTENT_TYPE_OPTIONS, nosniff);
            (*status, body.clone())
        }
        StaticAnswer::Redirect { status, to } => {
            headers.insert(LOCATION, to.clone());
            (*status, Bytes::new())
        }
    };
    (status, headers, content)
}

impl Preflighted {
    /// The headers of the answer 204: what is granted, and what that depends on.
    #[must_use]
    pub fn into_headers(self) -> HeaderMap {
        let varies = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        let mut headers = HeaderMap::with_capacity(8);
        headers.extend(self.headers);
        headers.insert(VARY, HeaderValue::from_static(varies));
        headers
    }
}

fn refusal(answer: &Answer, page: &Page, request_id: String) -> Refusal {
    let wait = answer
        .headers
        .iter()
        .find(|(name, _)| *name == RETRY_AFTER)
        .and_then(|(_, value)| value.to_str().ok()?.parse().ok());
    Refusal {
        explanation: page.explanation,
        status: answer.status.as_u16(),
        request_id,
        reason: page.reason.as_deref().map(str::to_owned),
        proceed: page.proceed.as_deref().map(str::to_owned),
        back: page.back.as_deref().map(str::to_owned),
        retry_after_seconds: wait,
        keeping: page.keeping,
        account: None,
    }
}
