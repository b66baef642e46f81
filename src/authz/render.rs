//! From an answer in no protocol's words to headers and content.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};

use super::{Answer, Body, Explanation, Keeping, Page};
use crate::pages::{self, Locale, Pages, Refusal};

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

fn refusal(answer: &Answer, page: &Page, request_id: String) -> Refusal {
    let wait = answer
        .headers
        .iter()
        .find(|(name, _)| *name == RETRY_AFTER)
        .and_then(|(_, value)| value.to_str().ok()?.parse().ok());
    Refusal {
        explanation: explanation(page.explanation),
        status: answer.status.as_u16(),
        request_id,
        reason: page.reason.as_deref().map(str::to_owned),
        proceed: page.proceed.as_deref().map(str::to_owned),
        back: page.back.as_deref().map(str::to_owned),
        retry_after_seconds: wait,
        keeping: match page.keeping {
            Keeping::Not => pages::Keeping::Not,
            Keeping::Kept => pages::Keeping::Kept,
            Keeping::TooLarge => pages::Keeping::TooLarge,
            Keeping::NoRoom => pages::Keeping::NoRoom,
        },
        account: None,
    }
}

const fn explanation(of: Explanation) -> pages::Explanation {
    match of {
        Explanation::LogIn => pages::Explanation::LogIn,
        Explanation::StepUp => pages::Explanation::StepUp,
        Explanation::Refresh => pages::Explanation::Refresh,
        Explanation::Enrol => pages::Explanation::Enrol,
        Explanation::Denied => pages::Explanation::Denied,
        Explanation::NoProgress => pages::Explanation::NoProgress,
        Explanation::NotFound => pages::Explanation::NotFound,
        Explanation::UnknownHost => pages::Explanation::UnknownHost,
        Explanation::MethodNotAllowed => pages::Explanation::MethodNotAllowed,
        Explanation::BadRequest => pages::Explanation::BadRequest,
        Explanation::AmbiguousCredentials => pages::Explanation::AmbiguousCredentials,
        Explanation::Unavailable => pages::Explanation::Unavailable,
        Explanation::TooMany => pages::Explanation::TooMany,
        Explanation::UpstreamUnreachable => pages::Explanation::UpstreamUnreachable,
        Explanation::UpstreamTimeout => pages::Explanation::UpstreamTimeout,
        Explanation::TooLarge => pages::Explanation::TooLarge,
        Explanation::Timeout => pages::Explanation::Timeout,
        Explanation::Throttled => pages::Explanation::Throttled,
        Explanation::KeptSent => pages::Explanation::KeptSent,
        Explanation::KeptGone => pages::Explanation::KeptGone,
        Explanation::KeptElsewhere => pages::Explanation::KeptElsewhere,
        Explanation::KeptChanged => pages::Explanation::KeptChanged,
        Explanation::KeptForeign => pages::Explanation::KeptForeign,
        Explanation::Internal => pages::Explanation::Internal,
    }
}
