//! What rules ask of sessions.

use super::super::case::{Case, case};
use super::super::world::OFFICE;

pub(super) fn cases() -> Vec<Case> {
    [allowed(), sent(), refused(), conditions(), outages()].concat()
}

const ALICE: &[(&str, &str)] = &[
    ("x-user-id", "alice"),
    ("x-user-email", "alice@example.com"),
    ("x-session-id", "session-of-alice"),
    ("cookie", "theme=dark"),
];
const NOBODY: &[(&str, &str)] = &[
    ("x-user-id", ""),
    ("x-user-email", ""),
    ("x-session-id", ""),
    ("x-session-aal", ""),
    ("x-session-methods", ""),
    ("x-authenticated-at", ""),
];

fn allowed() -> Vec<Case> {
    vec![
        case("public", "GET", "/public/a").program().saw(NOBODY),
        case("public for a browser", "GET", "/public/a").browser(),
        case("public with a session", "GET", "/public/a")
            .cookie("aal2")
            .saw(&[("x-user-id", ""), ("cookie", "theme=dark")]),
        case("whoever, nobody", "GET", "/whoever/a").saw(NOBODY),
        case("whoever, Alice", "GET", "/whoever/a")
            .cookie("aal1")
            .saw(ALICE),
        case("aal1", "GET", "/account/a").cookie("aal1").saw(ALICE),
        case("aal1 with more", "GET", "/account/a")
            .browser()
            .cookie("aal2")
            .saw(ALICE),
        case("aal2", "GET", "/transfer/a").cookie("aal2").saw(&[
            ("x-user-id", "alice"),
            ("x-session-aal", "aal2"),
            ("x-session-methods", "password,totp"),
        ]),
        case("recent", "GET", "/recent/a").cookie("aal1").saw(ALICE),
        case("fresh", "GET", "/fresh/a").cookie("aal2").saw(ALICE),
        case("a method", "GET", "/vault/a")
            .cookie("keyed")
            .saw(&[("x-session-methods", "password,webauthn")]),
    ]
}

fn sent() -> Vec<Case> {
    vec![
        case("log in", "GET", "/account/a?b=c&d")
            .browser()
            .sent("/login/browser?return_to=http%3A%2F%2Fapp.test%2Faccount%2Fa%3Fb%3Dc%26d"),
        case("log in, by Accept alone", "GET", "/account/a")
            .header("Accept", "text/html")
            .sent("http://app.test/auth/self-service/login/browser?return_to="),
        case("log in with a session that is none", "GET", "/account/a")
            .browser()
            .cookie("made-up")
            .sent("/login/browser?return_to="),
        case("step up", "GET", "/transfer/a")
            .browser()
            .cookie("aal1")
            .sent("aal=aal2"),
        case("refresh", "GET", "/recent/a")
            .browser()
            .cookie("stale-aal1")
            .sent("refresh=true"),
        case("refresh both", "GET", "/fresh/a")
            .browser()
            .cookie("stale-aal2")
            .sent("aal=aal2"),
        case("enrol", "GET", "/transfer/a")
            .browser()
            .cookie("bob")
            .sent("/settings/"),
        case("another method", "GET", "/vault/a")
            .browser()
            .cookie("aal2")
            .sent("refresh=true&aal=aal2"),
        case("a loop", "GET", "/transfer/a?loop")
            .browser()
            .cookie("looping-ROUND")
            .times(3)
            .refused(403, ""),
    ]
}

fn refused() -> Vec<Case> {
    vec![
        case("log in, a program", "GET", "/account/a")
            .program()
            .refused(401, "session_required"),
        case("log in, a script", "GET", "/account/a")
            .header("Accept", "text/html,*/*")
            .header("Sec-Fetch-Mode", "cors")
            .refused(401, "session_required"),
        case("step up, a program", "GET", "/transfer/a")
            .program()
            .cookie("aal1")
            .refused(401, "session_aal2_required"),
        case("step up, a script", "GET", "/transfer/a")
            .header("Accept", "text/html,*/*")
            .header("Sec-Fetch-Mode", "cors")
            .cookie("aal1")
            .refused(401, "session_aal2_required"),
        case("refresh, a program", "GET", "/recent/a")
            .program()
            .cookie("stale-aal1")
            .refused(401, "session_refresh_required"),
        case("refresh both, a program", "GET", "/fresh/a")
            .program()
            .cookie("stale-aal2")
            .refused(401, "session_refresh_required"),
        case("enrol, a program", "GET", "/transfer/a")
            .program()
            .cookie("bob")
            .refused(403, "second_factor_required"),
        case("no enrolling", "GET", "/firm/a")
            .program()
            .cookie("bob")
            .refused(403, "access_denied"),
        case("no enrolling, a browser", "GET", "/firm/a")
            .browser()
            .cookie("bob")
            .refused(403, ""),
        case("another method, a program", "GET", "/vault/a")
            .program()
            .cookie("aal2")
            .refused(401, "session_refresh_required"),
    ]
}

fn conditions() -> Vec<Case> {
    vec![
        case("a condition", "GET", "/europe/a")
            .cookie("emma")
            .saw(&[("x-user-id", "emma")]),
        case("a condition, not met", "GET", "/europe/a")
            .program()
            .cookie("eve")
            .refused(403, "access_denied"),
        case("a condition, not met, a browser", "GET", "/europe/a")
            .browser()
            .cookie("eve")
            .refused(403, ""),
        case("a network", "GET", "/office/a").from(OFFICE),
        case("not that network", "GET", "/office/a")
            .program()
            .refused(403, "no_rule"),
        case("a limit, the first time", "GET", "/limited/a")
            .cookie("limited-ROUND")
            .saw(&[("x-session-aal", "aal1")]),
        case("a limit, the second time", "GET", "/limited/a")
            .program()
            .cookie("limited-ROUND")
            .refused(429, "too_many_requests"),
        case("a limit, a browser", "GET", "/limited/a")
            .browser()
            .cookie("limited-ROUND")
            .refused(429, ""),
    ]
}

fn outages() -> Vec<Case> {
    vec![
        case("an outage", "GET", "/account/a")
            .program()
            .cookie("outage")
            .refused(503, "identity_unavailable"),
        case("an outage, a browser", "GET", "/account/a")
            .browser()
            .cookie("outage")
            .refused(503, ""),
        case("an outage is no matter of public pages", "GET", "/public/a").cookie("outage"),
        case("throttled", "GET", "/account/a")
            .program()
            .cookie("throttled")
            .refused(429, "identity_throttled"),
        case("throttled, a browser", "GET", "/account/a")
            .browser()
            .cookie("throttled")
            .refused(429, ""),
    ]
}
