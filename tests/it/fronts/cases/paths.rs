//! Targets that programs read in different ways, and those that only look as if.

use super::super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    let ambiguous = AMBIGUOUS.iter().map(|(name, target)| {
        case(name, "GET", target)
            .program()
            .refused(400, "ambiguous_request")
    });
    ambiguous.chain(clear()).collect()
}

/// A character stands for a byte.
const AMBIGUOUS: &[(&str, &str)] = &[
    ("dots", "/public/../account/a"),
    ("dots at the end", "/public/.."),
    ("a single dot", "/public/./a"),
    ("encoded dots", "/public/%2e%2e/account/a"),
    ("dots encoded in capitals", "/public/%2E%2E/account/a"),
    ("one encoded dot", "/public/.%2e/account/a"),
    (
        "twice encoded dots behind an encoded slash",
        "/public/%2e%2e%2faccount/a",
    ),
    ("an encoded slash", "/public/a%2fb"),
    ("an encoded slash in capitals", "/public/..%2Faccount/a"),
    ("two slashes", "/public//a"),
    ("two slashes at the beginning", "//account/a"),
    ("a backslash", "/public/..\\account\\a"),
    ("an encoded backslash", "/public/..%5caccount"),
    ("dots with a parameter", "/public/..;/account/a"),
    ("dots with a long parameter", "/public/..;a=b/account/a"),
    ("a segment of nothing but a parameter", "/public/;/a"),
    ("an encoded NUL", "/public/a%00.css"),
    ("an encoded line feed", "/public/a%0ab"),
    ("a number sign", "/public/a#/../account"),
    ("overlong UTF-8", "/public/%c0%ae%c0%ae/account/a"),
    ("bytes that are no UTF-8", "/public/%ff"),
    ("a broken escape", "/public/%zz"),
    ("half an escape", "/public/a%2"),
];

fn clear() -> Vec<Case> {
    vec![
        case("a raw byte beyond ASCII", "GET", "/public/\u{e4}").refused(400, ""),
        case("an encoded letter", "GET", "/public/%61b").reached_at("/public/ab"),
        case("an encoded letter of the rule", "GET", "/%61ccount/a")
            .program()
            .refused(401, "session_required"),
        case(
            "an encoded letter of the rule, with a session",
            "GET",
            "/%61ccount/a",
        )
        .cookie("aal1")
        .reached_at("/account/a"),
        case("encoded UTF-8", "GET", "/public/%c3%a4").reached_at("/public/%C3%A4"),
        case("an encoded space", "GET", "/public/a%20b"),
        case("an encoded question mark", "GET", "/public/a%3Fb"),
        case("an encoded percent sign", "GET", "/public/%252e%252e/a"),
        case("a parameter of a segment", "GET", "/public/a;b=c/d"),
        case("dots in a name", "GET", "/public/a..b/...c"),
        case("a slash at the end", "GET", "/account/a/").cookie("aal1"),
        case("the beginning of a rule alone", "GET", "/account")
            .program()
            .refused(401, "session_required"),
        case("capitals in the path", "GET", "/Account/a")
            .program()
            .refused(403, "no_rule"),
        case("a query", "GET", "/public/a?b=c&d=%2e%2e%2f&e=//&f=a+b"),
        case("several question marks", "GET", "/public/a?b?c??d"),
        case("an empty query", "GET", "/public/a?"),
        case("a path in the query", "GET", "/account/a?/public/b")
            .program()
            .refused(401, "session_required"),
        case(
            "a query with all that is allowed",
            "GET",
            "/public/a?x=!$&'()*,;:@/?-._~",
        ),
        case("a long path", "GET", LONG),
    ]
}

const LONG: &str = concat!(
    "/public/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/c",
);
