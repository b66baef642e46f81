//! Who may use the admin API.
//!
//! With a token: whoever shows it. Without one the listener is on loopback, where every program
//! of the machine may ask, but no web page: a browser that was led here by a foreign page is told
//! by its `Host`, its `Origin` or its fetch metadata, and cannot send JSON across origins.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode, Uri, header};

use super::answer::Refusal;
use crate::secret::SecretString;

/// What is asked of a request.
#[derive(Clone, Debug)]
pub struct Guard {
    token: Option<SecretString>,
    /// Whether only programs of this machine can reach the listener, which then must be protected
    /// from their browsers.
    loopback: bool,
}

impl Guard {
    /// A listener at `address`, with or without a token.
    #[must_use]
    pub const fn new(address: IpAddr, token: Option<SecretString>) -> Self {
        Self {
            token,
            loopback: address.is_loopback(),
        }
    }

    /// Lets everybody in who reaches the listener, as Kratos' own admin API does: for a
    /// configuration in its format, which has no token, on an address that the operator chose.
    #[must_use]
    pub const fn open(address: IpAddr) -> Self {
        Self::new(address, None)
    }

    fn judge(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        if let Some(token) = &self.token {
            return match bearer(headers) {
                Some(shown) if token.matches(shown.as_bytes()) => Ok(()),
                Some(_) | None => Err(Refusal::new(
                    StatusCode::UNAUTHORIZED,
                    "The admin API asks for its token: Authorization: Bearer ...",
                )),
            };
        }
        let cross_site = headers
            .get("sec-fetch-site")
            .is_some_and(|site| site != "same-origin" && site != "none");
        if headers.contains_key(header::ORIGIN) || cross_site {
            let reason = "The admin API does not serve scripts of web pages.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, reason));
        }
        if self.loopback && !host_is_loopback(uri, headers) {
            let reason = "The admin API is asked by a loopback address or localhost only.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, reason));
        }
        let changes = method != Method::GET && method != Method::HEAD;
        if changes && has_body(headers) && !is_json(headers) {
            let reason = "The admin API takes bodies of the type application/json only.";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
        }
        Ok(())
    }
}

/// Lets a request on, or refuses it.
pub(super) async fn check(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    // Probes of orchestrators show no token and tell nothing.
    let is_probe = matches!(request.uri().path(), "/health/alive" | "/health/ready");
    if !is_probe
        && let Err(refusal) = guard.judge(request.method(), request.uri(), request.headers())
    {
        return refusal.into_response();
    }
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// HTTP/1.1 names the host in a header, HTTP/2 in the target. A request that names none comes from
/// no browser of today.
fn host_is_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let hosts = headers.get_all(header::HOST).iter();
    let all_named = hosts.into_iter().all(|host| {
        let authority = host
            .to_str()
            .ok()
            .and_then(|host| host.parse::<Authority>().ok());
        authority.is_some_and(|authority| is_loopback(&authority))
    });
    all_named && uri.authority().is_none_or(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    let name = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let is_address = name
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    is_address || name.eq_ignore_ascii_case("localhost")
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
            || essence.eq_ignore_ascii_case("application/json-patch+json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    fn status(guard: &Guard, method: &Method, headers: &[(&str, &str)]) -> u16 {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap()))
            .collect();
        guard
            .judge(method, &Uri::from_static("/"), &headers)
            .map_or_else(|no| no.status().as_u16(), |()| 200)
    }

    fn on(address: &str, token: Option<&str>) -> Guard {
        let token = token.map(|token| SecretString::new(token.to_owned()));
        Guard::new(address.parse().unwrap(), token)
    }

    #[test]
    fn a_page_that_was_led_to_the_loopback_listener_is_refused() {
        let guard = on("127.0.0.1", None);
        for (headers, expected) in [
            (vec![("host", "127.0.0.1:4434")], 200),
            (vec![("host", "localhost:4434")], 200),
            (vec![("host", "[::1]:4434")], 200),
            (vec![("host", "rebound.evil.example:4434")], 403),
            (vec![("host", "127.0.0.1.evil.example")], 403),
            (
                vec![("host", "localhost"), ("origin", "http://localhost:3000")],
                403,
            ),
            (vec![("host", "localhost"), ("origin", "null")], 403),
            (
                vec![("host", "localhost"), ("sec-fetch-site", "cross-site")],
                403,
            ),
            (vec![("host", "localhost"), ("sec-fetch-site", "none")], 200),
        ] {
            assert_eq!(
                status(&guard, &Method::GET, &headers),
                expected,
                "{headers:?}"
            );
        }
    }

    #[test]
    fn the_host_counts_in_http_2_too() {
        let guard = on("127.0.0.1", None);
        for (uri, expected) in [
            ("http://localhost:4434/health/alive", true),
            ("http://rebound.evil.example:4434/identities", false),
        ] {
            let judged = guard.judge(&Method::GET, &uri.parse().unwrap(), &HeaderMap::new());
            assert_eq!(judged.is_ok(), expected, "{uri}");
        }
    }

    #[test]
    fn changes_come_as_json() {
        let guard = on("127.0.0.1", None);
        let with = |kind| {
            [
                ("host", "localhost"),
                ("content-length", "2"),
                ("content-type", kind),
            ]
        };
        assert_eq!(
            status(
                &guard,
                &Method::POST,
                &with("application/json; charset=utf-8")
            ),
            200
        );
        assert_eq!(status(&guard, &Method::POST, &with("text/plain")), 415);
        assert_eq!(status(&guard, &Method::POST, &[("host", "localhost")]), 200);
        assert_eq!(
            status(&guard, &Method::PATCH, &with("application/json-patch+json")),
            200
        );
    }

    #[test]
    fn with_a_token_nothing_goes_without_it() {
        let guard = on("0.0.0.0", Some("a long token"));
        for (headers, expected) in [
            (vec![("authorization", "Bearer a long token")], 200),
            (vec![("authorization", "bearer a long token")], 200),
            (vec![("authorization", "Bearer a long tokem")], 401),
            (vec![("authorization", "Basic a long token")], 401),
            (vec![("host", "localhost")], 401),
            (
                vec![
                    ("authorization", "Bearer a long token"),
                    ("authorization", "Bearer x"),
                ],
                401,
            ),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
            }
            let found = guard
                .judge(&Method::GET, &Uri::from_static("/"), &map)
                .map_or_else(|no| no.status().as_u16(), |()| 200);
            assert_eq!(found, expected, "{headers:?}");
        }
    }
}
