//! Credentials that are ours and nobody else's business: cookies, and session tokens.

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::policy::is_own_cookie;

/// The name of a `name=value` pair, without surrounding blanks.
fn name_of(pair: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'=', pair).unwrap_or(pair.len());
    pair.get(..end).unwrap_or_default().trim_ascii()
}

/// The pairs of a line, as they are written between the semicolons.
fn pairs(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line.as_bytes());
    std::iter::from_fn(move || {
        let line = rest?;
        let end = memchr::memchr(b';', line).unwrap_or(line.len());
        let (pair, behind) = line.split_at(end);
        rest = behind.get(1..);
        Some(pair)
    })
}

/// Takes our cookies out of `Cookie` and leaves the others byte for byte. Several lines become one
/// (RFC 9113 section 8.2.3).
pub fn strip_cookies(headers: &mut HeaderMap, session: &str) {
    if let Some(line) = cookies_without(headers, session) {
        replace(headers, line);
    }
}

/// `Cookie` as [`strip_cookies`] leaves it.
#[must_use]
pub fn other_cookies(headers: &HeaderMap, session: &str) -> Option<HeaderValue> {
    match cookies_without(headers, session) {
        Some(line) => value(line),
        None => headers.get(COOKIE).cloned(),
    }
}

/// What is left of `Cookie` without ours; `None` where nothing has to change.
fn cookies_without(headers: &HeaderMap, session: &str) -> Option<Vec<u8>> {
    let mut lines = headers.get_all(COOKIE).iter();
    let first = lines.next()?;
    let several = lines.next().is_some();
    let own = |pair: &&[u8]| is_own_cookie(name_of(pair), session.as_bytes());
    if !several && !pairs(first).any(|pair| own(&pair)) {
        return None;
    }
    let mut kept = Vec::with_capacity(first.len());
    for line in headers.get_all(COOKIE) {
        let mut separator: &[u8] = b"; ";
        for pair in pairs(line).filter(|pair| !own(pair)) {
            let pair = if kept.is_empty() {
                pair.trim_ascii_start()
            } else {
                kept.extend_from_slice(separator);
                pair
            };
            kept.extend_from_slice(pair);
            separator = b";";
        }
    }
    Some(kept)
}

/// Joins several `Cookie` lines into one and changes nothing else.
pub fn join_cookies(headers: &mut HeaderMap) {
    if let Some(line) = cookies_as_one(headers) {
        replace(headers, line);
    }
}

/// `Cookie` as [`join_cookies`] leaves it.
#[must_use]
pub fn joined_cookies(headers: &HeaderMap) -> Option<HeaderValue> {
    match cookies_as_one(headers) {
        Some(line) => value(line),
        None => headers.get(COOKIE).cloned(),
    }
}

/// Several lines as one; `None` where there are not several.
fn cookies_as_one(headers: &HeaderMap) -> Option<Vec<u8>> {
    let lines = headers.get_all(COOKIE).iter();
    let lines: Vec<&[u8]> = lines.map(HeaderValue::as_bytes).collect();
    (lines.len() > 1).then(|| lines.join(&b"; "[..]))
}

/// A line as a value; `None` for an empty one.
fn value(line: Vec<u8>) -> Option<HeaderValue> {
    (!line.is_empty())
        .then(|| HeaderValue::from_maybe_shared(Bytes::from(line)).ok())
        .flatten()
}

fn replace(headers: &mut HeaderMap, line: Vec<u8>) {
    match value(line) {
        Some(value) => {
            headers.insert(COOKIE, value);
        }
        None => {
            headers.remove(COOKIE);
        }
    }
}

/// Drops `Set-Cookie` lines of the application that name one of our cookies, and appends ours.
pub fn guard_set_cookies(headers: &mut HeaderMap, session: &str, own: &[HeaderValue]) {
    let foul = |line: &HeaderValue| is_own_cookie(name_of(line.as_bytes()), session.as_bytes());
    if headers.get_all(SET_COOKIE).iter().any(foul) {
        let kept: Vec<HeaderValue> = headers
            .get_all(SET_COOKIE)
            .iter()
            .filter(|line| !foul(line))
            .cloned()
            .collect();
        headers.remove(SET_COOKIE);
        for line in kept {
            headers.append(SET_COOKIE, line);
        }
    }
    for line in own {
        headers.append(SET_COOKIE, line.clone());
    }
}

/// Whether an answer sets the session cookie.
#[must_use]
pub fn sets_session(headers: &HeaderMap, session: &str) -> bool {
    headers
        .get_all(SET_COOKIE)
        .iter()
        .any(|line| name_of(line.as_bytes()) == session.as_bytes())
}

/// Whether `Authorization` holds a session token.
#[must_use]
pub fn is_session_token(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|value| {
        let value = value.as_bytes();
        value
            .split_at_checked("bearer".len())
            .is_some_and(|(scheme, rest)| {
                scheme.eq_ignore_ascii_case(b"bearer")
                    && rest.trim_ascii_start().starts_with(b"ory_st_")
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(lines: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_static(line));
        }
        strip_cookies(&mut headers, "session");
        assert!(headers.get_all(COOKIE).iter().count() <= 1);
        headers
            .get(COOKIE)
            .map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn our_cookies_go_and_the_others_stay_byte_for_byte() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(stripped(&["session=A"]), None);
        assert_eq!(stripped(&["session=A; theme=dark"]), some("theme=dark"));
        assert_eq!(
            stripped(&["a=\"x y\";b ;session=A;  c=d"]),
            some("a=\"x y\";b ;  c=d")
        );
        assert_eq!(stripped(&["a=b", "session=A", "c=d"]), some("a=b; c=d"));
        assert_eq!(stripped(&["session =A; sessions=B"]), some("sessions=B"));
        assert_eq!(
            stripped(&["__Host-csrf_token_ab=1; csrf_token_cd=2; stepgate_guard=3; x=y"]),
            some("x=y")
        );
        assert_eq!(stripped(&["a=b; c=d"]), some("a=b; c=d"));
    }

    #[test]
    fn an_application_cannot_set_our_cookies() {
        let mut headers = HeaderMap::new();
        for line in [
            "a=b",
            "session=evil; Path=/",
            " session=evil",
            "csrf_token_x=1",
        ] {
            headers.append(SET_COOKIE, HeaderValue::from_static(line));
        }
        guard_set_cookies(
            &mut headers,
            "session",
            &[HeaderValue::from_static("session=renewed")],
        );
        let lines: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(lines, ["a=b", "session=renewed"]);
    }
}
