//! Who is asking: a browser that follows redirects, or a program that reads JSON.
//!
//! The rules are those of the Kratos API, odd corners included: clients have settled on them.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

const HTML: &str = "text/html";
const JSON: &str = "application/json";

/// Whether errors and submits are answered with JSON: the content type is exactly
/// `application/json` (no parameter, this spelling), or `Accept` prefers it.
#[must_use]
pub fn is_json_request(headers: &HeaderMap) -> bool {
    let exact = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes() == JSON.as_bytes());
    exact || negotiate(headers, &[HTML, "text/*", "*/*", JSON]) == JSON
}

/// Whether a freshly opened browser flow is answered with JSON in place of a redirect.
#[must_use]
pub fn prefers_json(headers: &HeaderMap) -> bool {
    negotiate(headers, &[HTML, JSON]) == JSON
}

/// The offer that `Accept` likes best; the first one when it likes none.
fn negotiate<'o>(headers: &HeaderMap, offers: &[&'o str]) -> &'o str {
    let wishes = wishes(headers);
    let mut best = offers.first().copied().unwrap_or(HTML);
    let mut quality = -1.0_f64;
    let mut looseness = 3;
    for &offer in offers {
        for wish in wishes.iter().filter(|wish| wish.quality > 0.0) {
            let found = match wish.looseness_for(offer) {
                Some(found) if wish.quality >= quality => found,
                Some(_) | None => continue,
            };
            if wish.quality > quality || found < looseness {
                quality = wish.quality;
                looseness = found;
                best = offer;
            }
        }
    }
    best
}

struct Wish {
    range: String,
    quality: f64,
}

impl Wish {
    /// How loosely the range covers the offer: 0 exactly, 1 by type, 2 by `*/*`.
    fn looseness_for(&self, offer: &str) -> Option<u8> {
        if self.range == "*/*" {
            return Some(2);
        }
        if let Some(kind) = self.range.strip_suffix("/*") {
            let covered = offer
                .strip_prefix(kind)
                .is_some_and(|rest| rest.starts_with('/'));
            return covered.then_some(1);
        }
        (self.range == offer).then_some(0)
    }
}

/// The ranges of `Accept`. A parameter other than `q` ends the line, as in Kratos: what such a
/// client wants is then unknown.
fn wishes(headers: &HeaderMap) -> Vec<Wish> {
    let mut found = Vec::new();
    for line in headers.get_all(ACCEPT) {
        let Ok(line) = line.to_str() else { continue };
        for part in line.split(',') {
            let mut pieces = part.split(';').map(str::trim);
            let range = pieces.next().unwrap_or_default();
            if range.is_empty() {
                break;
            }
            let quality = match pieces.next() {
                None => Some(1.0),
                Some(parameter) => parameter
                    .strip_prefix("q=")
                    .and_then(|quality| quality.parse::<f64>().ok())
                    .filter(|quality| (0.0..=1.0).contains(quality)),
            };
            let Some(quality) = quality else { break };
            found.push(Wish {
                range: range.to_owned(),
                quality,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(name: http::HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn programs_that_ask_for_json_get_it() {
        for accept in [
            "application/json",
            "application/*",
            "application/json, text/plain, */*",
            "application/json;q=0.9, text/html;q=0.8",
        ] {
            let headers = headers(ACCEPT, accept);
            assert!(is_json_request(&headers), "{accept}");
            assert!(prefers_json(&headers), "{accept}");
        }
    }

    #[test]
    fn everybody_else_is_a_browser() {
        for accept in [
            "*/*",
            "text/html",
            "application/json, text/html",
            "text/html, application/json",
            "application/json; charset=utf-8",
            "application/problem+json",
            "application/json;q=0",
            "image/png",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ] {
            let headers = headers(ACCEPT, accept);
            assert!(!is_json_request(&headers), "{accept}");
            assert!(!prefers_json(&headers), "{accept}");
        }
        assert!(!is_json_request(&HeaderMap::new()));
    }

    #[test]
    fn only_the_plain_content_type_asks_for_a_json_answer() {
        assert!(is_json_request(&headers(CONTENT_TYPE, "application/json")));
        for other in ["Application/JSON", "application/json; charset=utf-8"] {
            assert!(!is_json_request(&headers(CONTENT_TYPE, other)), "{other}");
        }
    }
}
