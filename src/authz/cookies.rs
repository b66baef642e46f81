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

/// Takes our cookies out of `Cookie` and leaves the others byte for byte. Several lines become one
/// (RFC 9113 section 8.2.3).
pub fn strip_cookies(headers: &mut HeaderMap, session: &str) {
    let mut lines = headers.get_all(COOKIE).iter();
    let Some(first) = lines.next() else { return };
    let several = lines.next().is_some();
    let clean = |line: &HeaderValue| {
        !line
            .as_bytes()
            .split(|&byte| byte == b';')
            .any(|pair| is_own_cookie(name_of(pair), session.as_bytes()))
    };
    if !several && clean(first) {
        return;
    }
    let mut kept = Vec::with_capacity(first.len());
    for line in headers.get_all(COOKIE) {
        let pairs = line.as_bytes().split(|&byte| byte == b';');
        let mut separator: &[u8] = b"; ";
        for pair in pairs.filter(|pair| !is_own_cookie(name_of(pair), session.as_bytes())) {
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
    replace(headers, kept);
}

/// Joins several `Cookie` lines into one and changes nothing else.
pub fn join_cookies(headers: &mut HeaderMap) {
    let lines: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if lines.len() > 1 {
        let joined = lines.join(&b"; "[..]);
        replace(headers, joined);
    }
}

fn replace(headers: &mut HeaderMap, line: Vec<u8>) {
    let value = (!line.is_empty())
        .then(|| HeaderValue::from_maybe_shared(Bytes::from(line)).ok())
        .flatten();
    match value {
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
