//! Browser or API client: who is redirected, and who is told.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue};

const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// What kind of client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// A person's browser, navigating: gets redirects and pages.
    Browser,
    /// Anything else, script in a browser included: gets statuses and JSON.
    Api,
}

impl Client {
    /// A navigation (`Sec-Fetch-Mode: navigate`) or an `Accept` that prefers HTML is a browser;
    /// everything else, and any request made by script, is an API client.
    #[must_use]
    pub fn classify(headers: &HeaderMap) -> Self {
        let by_script = headers
            .get(X_REQUESTED_WITH)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"XMLHttpRequest"));
        if by_script {
            return Self::Api;
        }
        if let Some(mode) = headers.get(SEC_FETCH_MODE) {
            return if mode.as_bytes() == b"navigate" {
                Self::Browser
            } else {
                Self::Api
            };
        }
        if prefers_html(headers) {
            Self::Browser
        } else {
            Self::Api
        }
    }
}

/// Whether HTML is named, wanted, and no other named type is wanted more (RFC 9110 section
/// 12.5.1). A range such as `*/*` alone is no wish for HTML.
fn prefers_html(headers: &HeaderMap) -> bool {
    // Most requests of programs name nothing that could be HTML, and are known at a glance.
    let may_be = |line: &HeaderValue| memchr::memchr2(b'h', b'H', line.as_bytes()).is_some();
    let lines = headers.get_all(ACCEPT);
    if !lines.iter().any(may_be) {
        return false;
    }
    let mut html = 0;
    let mut other = 0;
    let lines = lines.iter().filter_map(|line| line.to_str().ok());
    for entry in lines.flat_map(|line| line.split(',')) {
        let mut parts = entry.split(';').map(str::trim);
        let Some(range) = parts.next() else { continue };
        let quality = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1000, thousandths);
        let is = |name: &str| range.eq_ignore_ascii_case(name);
        if is("text/html") || is("application/xhtml+xml") {
            html = html.max(quality);
        } else if !range.ends_with("/*") {
            other = other.max(quality);
        }
    }
    html > 0 && html >= other
}

fn thousandths(quality: &str) -> u32 {
    let quality = quality.trim();
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    if whole == "1" {
        return 1000;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    digits.fold(0, |sum, digit| {
        sum * 10 + u32::from(digit.wrapping_sub(b'0').min(9))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(lines: &[(&'static str, &'static str)]) -> Client {
        let headers = lines
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    http::HeaderValue::from_static(value),
                )
            })
            .collect();
        Client::classify(&headers)
    }

    #[test]
    fn a_navigation_or_a_wish_for_html_is_a_browser() {
        let chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        assert_eq!(classify(&[("sec-fetch-mode", "navigate")]), Client::Browser);
        assert_eq!(classify(&[("accept", chromium)]), Client::Browser);
        assert_eq!(classify(&[("accept", "text/html")]), Client::Browser);
        assert_eq!(
            classify(&[("accept", "application/json;q=0.5, text/html")]),
            Client::Browser
        );
    }

    #[test]
    fn everything_else_is_an_api_client() {
        for accept in [
            "*/*",
            "application/json",
            "application/json, text/html;q=0.9",
            "text/html;q=0",
            "text/*",
            "image/png",
        ] {
            assert_eq!(classify(&[("accept", accept)]), Client::Api, "{accept}");
        }
        assert_eq!(classify(&[]), Client::Api);
    }

    #[test]
    fn script_in_a_page_is_an_api_client() {
        let html = ("accept", "text/html");
        assert_eq!(classify(&[html, ("sec-fetch-mode", "cors")]), Client::Api);
        assert_eq!(
            classify(&[html, ("sec-fetch-mode", "websocket")]),
            Client::Api
        );
        assert_eq!(
            classify(&[html, ("x-requested-with", "XMLHttpRequest")]),
            Client::Api
        );
    }
}
