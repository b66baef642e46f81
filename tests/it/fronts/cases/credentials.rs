//! Cookies and tokens: which count, and which of them the application gets.

use super::super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("a token", "GET", "/transfer/a")
            .header("X-Session-Token", "ory_st_alice")
            .saw(&[("x-user-id", "alice"), ("x-session-token", "")]),
        case("a bearer token", "GET", "/transfer/a")
            .header("Authorization", "Bearer ory_st_alice")
            .saw(&[("x-user-id", "alice"), ("authorization", "")]),
        case("a bearer token of nobody", "GET", "/transfer/a")
            .program()
            .header("Authorization", "Bearer ory_st_nobody")
            .refused(401, "session_required"),
        case("a token on a public page", "GET", "/public/a")
            .header("X-Session-Token", "ory_st_alice")
            .header("Authorization", "Basic YTpi")
            .saw(&[
                ("x-user-id", ""),
                ("x-session-token", ""),
                ("authorization", "Basic YTpi"),
            ]),
        case("the application's own token", "GET", "/account/a")
            .cookie("aal1")
            .header("Authorization", "Bearer of-the-application")
            .saw(&[("authorization", "Bearer of-the-application")]),
        case("a cookie among others", "GET", "/account/a")
            .header("Cookie", "a=1; ory_kratos_session=aal1; b=2")
            .saw(&[("x-user-id", "alice"), ("cookie", "a=1; b=2")]),
        case("no cookie but the session's", "GET", "/account/a")
            .header("Cookie", "ory_kratos_session=aal1")
            .saw(&[("x-user-id", "alice"), ("cookie", "")]),
        case("cookies of the application alone", "GET", "/public/a")
            .header("Cookie", "a=1; b=2")
            .saw(&[("cookie", "a=1; b=2")]),
        case("a cookie that is renewed", "GET", "/account/a").cookie("renewed"),
        case("a cookie and a token", "GET", "/account/a")
            .program()
            .cookie("aal1")
            .header("X-Session-Token", "ory_st_alice")
            .refused(400, "ambiguous_credentials"),
        case("two session cookies", "GET", "/account/a")
            .program()
            .header("Cookie", "ory_kratos_session=aal1; ory_kratos_session=aal2")
            .refused(400, "ambiguous_credentials"),
        case("two tokens", "GET", "/account/a")
            .program()
            .header("X-Session-Token", "ory_st_alice")
            .header("Authorization", "Bearer ory_st_other")
            .refused(400, "ambiguous_credentials"),
    ]
}
