//! What comes out otherwise by TLS, and what only HTTP/2 can ask.

use super::super::case::{Case, case};
use super::super::world::HOST;

/// Without TLS.
pub(super) fn over_http() -> Vec<Case> {
    vec![
        case("https is asked for", "GET", "/secure/a")
            .program()
            .refused(403, "access_denied"),
        case("https is asked for, and claimed", "GET", "/secure/a")
            .program()
            .header("X-Forwarded-Proto", "https")
            .header("Forwarded", "proto=https")
            .header("X-Forwarded-Ssl", "on")
            .refused(403, "access_denied"),
    ]
}

/// With it.
pub(super) fn cases() -> Vec<Case> {
    vec![
        case("https is asked for", "GET", "/secure/a").saw(&[("x-user-id", "")]),
        case("https is asked for, and denied", "GET", "/secure/a")
            .header("X-Forwarded-Proto", "http"),
        case("a cookie in the first field", "GET", "/account/a")
            .header("Cookie", "ory_kratos_session=aal1; theme=dark")
            .saw(&[("x-user-id", "alice"), ("cookie", "theme=dark")]),
        case("a cookie in the last of many fields", "GET", "/transfer/a")
            .header("Cookie", "a=1; b=2; c=3; d=4; ory_kratos_session=aal2")
            .saw(&[("x-user-id", "alice"), ("cookie", "a=1; b=2; c=3; d=4")]),
        case("the same host twice", "GET", "/account/a")
            .header("Host", HOST)
            .cookie("aal1")
            .saw(&[("x-user-id", "alice")]),
    ]
}
