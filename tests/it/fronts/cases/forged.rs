//! Headers that a client may not send. A value with `forged` in it must never reach the
//! application; that is looked at wherever it gets something.

use super::super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    [identity(), certificates(), way()].concat()
}

fn identity() -> Vec<Case> {
    vec![
        case("a forged identity on a public page", "GET", "/public/a")
            .header("X-User-Id", "forged")
            .header("X-User-Email", "forged@example.com")
            .header("X-Session-Id", "forged")
            .header("X-Session-Aal", "forged")
            .header("X-Session-Methods", "forged")
            .header("X-Authenticated-At", "forged")
            .saw(&[("x-user-id", ""), ("x-session-aal", "")]),
        case("a forged identity beside a real one", "GET", "/account/a")
            .cookie("aal1")
            .header("X-User-Id", "forged")
            .header("x-user-id", "forged too")
            .header("X-Session-Aal", "forged")
            .saw(&[("x-user-id", "alice"), ("x-session-aal", "aal1")]),
        case("a forged identity without a session", "GET", "/account/a")
            .program()
            .header("X-User-Id", "forged")
            .refused(401, "session_required"),
        case("a forged identity with underscores", "GET", "/public/a")
            .header("X_User_Id", "forged")
            .saw(&[("x_user_id", "")]),
        case("a forged identity with dots", "GET", "/public/a")
            .header("X.User.Id", "forged")
            .saw(&[("x.user.id", "")]),
        case("a forged identity of the family", "GET", "/public/a")
            .header("X-User-Role", "forged")
            .saw(&[("x-user-role", "")]),
        case("a forged identity of another gateway", "GET", "/public/a")
            .header("Remote-User", "forged")
            .saw(&[("remote-user", "")]),
        case(
            "another forged identity of another gateway",
            "GET",
            "/public/a",
        )
        .header("X-Auth-Request-Email", "forged")
        .saw(&[("x-auth-request-email", "")]),
        case("a forwarded user", "GET", "/public/a")
            .header("X-Forwarded-User", "forged")
            .saw(&[("x-forwarded-user", "")]),
        case("a header of ours", "GET", "/public/a")
            .header("X-Stepgate-Jwt", "forged")
            .saw(&[("x-stepgate-jwt", "")]),
        case("Connection names an identity header", "GET", "/account/a")
            .cookie("aal1")
            .header("Connection", "X-User-Id, X-Session-Aal")
            .saw(&[("x-user-id", "alice"), ("x-session-aal", "aal1")]),
        case("Connection names the cookie", "GET", "/account/a")
            .cookie("aal1")
            .header("Connection", "close, Cookie")
            .saw(&[("x-user-id", "alice"), ("cookie", "theme=dark")]),
    ]
}

fn certificates() -> Vec<Case> {
    vec![
        case("a forged client certificate", "GET", "/public/a")
            .header("X-SSL-Client-Verify", "forged")
            .header("X-SSL-Client-S-DN", "CN=forged"),
        case(
            "a forged client certificate of ingress-nginx",
            "GET",
            "/public/a",
        )
        .header("SSL-Client-Subject-DN", "CN=forged"),
        case(
            "a forged client certificate with underscores",
            "GET",
            "/public/a",
        )
        .header("SSL_CLIENT_S_DN", "CN=forged"),
        case(
            "a forged client certificate of RFC 9440",
            "GET",
            "/public/a",
        )
        .header("Client-Cert", ":forged:")
        .header("Client-Cert-Chain", ":forged:"),
        case("another forged client certificate", "GET", "/account/a")
            .cookie("aal1")
            .header("X-Client-Cert", "forged")
            .header("X-Client-Certificate", "forged")
            .saw(&[("x-user-id", "alice")]),
        case("a forged client certificate of Envoy", "GET", "/public/a")
            .header("X-Forwarded-Client-Cert", "Subject=\"CN=forged\""),
        case("a forged client certificate of Traefik", "GET", "/public/a")
            .header("X-Forwarded-Tls-Client-Cert", "forged")
            .header("X-Forwarded-Tls-Client-Cert-Info", "forged"),
    ]
}

fn way() -> Vec<Case> {
    vec![
        case("a forged address", "GET", "/office/a")
            .program()
            .header("X-Forwarded-For", "127.0.0.3")
            .header("X-Real-IP", "127.0.0.3")
            .refused(403, "no_rule"),
        case("a forged address for the application", "GET", "/public/a")
            .header("X-Forwarded-For", "forged")
            .header("Forwarded", "for=forged")
            .header("True-Client-IP", "forged")
            .header("X-Real-IP", "forged"),
        case("a forged scheme", "GET", "/account/a")
            .browser()
            .header("X-Forwarded-Proto", "https")
            .sent("return_to=http%3A%2F%2Fapp.test%2Faccount%2Fa"),
        case("a forged host", "GET", "/account/a")
            .browser()
            .header("X-Forwarded-Host", "other.test")
            .sent("return_to=http%3A%2F%2Fapp.test%2Faccount%2Fa"),
        case("a forged host for the application", "GET", "/public/a")
            .header("X-Forwarded-Host", "forged.test")
            .header("X-Forwarded-Server", "forged.test")
            .header("X-Forwarded-Port", "forged"),
        case("a forged path", "GET", "/account/a")
            .program()
            .header("X-Forwarded-Uri", "/public/a")
            .refused(401, "session_required"),
        case("a forged path for the application", "GET", "/public/a")
            .header("X-Forwarded-Uri", "/forged")
            .header("X-Forwarded-Prefix", "/forged")
            .header("X-Forwarded-Path", "/forged"),
        case("a forged method", "DELETE", "/reading/a")
            .program()
            .cookie("aal1")
            .header("X-Forwarded-Method", "GET")
            .refused(405, "method_not_allowed"),
        case("an original URL", "GET", "/account/a")
            .program()
            .header("X-Original-Url", "http://app.test/public/a")
            .header("X-Original-Method", "GET")
            .refused(401, "session_required"),
        case("an original URL for the application", "GET", "/public/a")
            .header("X-Original-Url", "/forged"),
        case("a rewritten URL", "GET", "/public/a").header("X-Rewrite-Url", "/forged"),
        case("an overridden method", "GET", "/public/a").header("X-HTTP-Method-Override", "forged"),
        case("a forged request id", "GET", "/public/a").header("X-Request-Id", "forged"),
    ]
}
