//! What rules change on the way, and what of it is refused at load.

use super::*;
use crate::policy::{CorsOrigins, HostRewrite, StaticAnswer, Target};

/// The problems of one rule with these keys on `/desk/**`.
fn problems(keys: &str) -> Vec<String> {
    let line = format!("id: a, match: {{ path: /desk/** }}, required_aal: aal1, {keys}");
    let context = Context {
        identity_headers: vec!["x-user-id".into()],
        ..Context::default()
    };
    match compile_rules_in(&[&line], &context) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect(),
    }
}

/// The same for a rule without upstream.
fn problems_without_upstream(keys: &str) -> Vec<String> {
    let text =
        format!("{HEAD}  - {{ id: a, match: {{ path: /desk/** }}, required_aal: none, {keys} }}\n");
    match compile("app.yaml", &text, &Context::default()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect(),
    }
}

#[test]
fn a_rule_without_changes_holds_none() {
    let set = compile_rules(&["id: a, match: { path: /** }, required_aal: none"]).unwrap();
    assert!(set.rules()[0].handling().changes().is_none());
    let keys = "rewrite: { host: preserve }, request_headers: {}, timeouts: {}";
    let line = format!("id: a, match: {{ path: /** }}, required_aal: none, {keys}");
    let set = compile_rules(&[&line]).unwrap();
    assert!(set.rules()[0].handling().changes().is_none());
}

#[test]
fn everything_a_rule_may_change_is_read() {
    let text = r#"
upstreams: { app: { url: http://127.0.0.1:9000 } }
rules:
  - id: desk
    match: { path: [/desk/**, "/desk/{till}/x"], methods: [GET, PUT] }
    required_aal: aal1
    upstream: app
    rewrite: { strip_prefix: /desk, add_prefix: /v2, host: legacy.internal:8080, path_regex: ["^/old/(.*)$", "/new/$1"], remove_query: [token] }
    request_headers: { set: { X-Gate: stepgate, X-User-Role: clerk }, remove: [X-Debug-*, Authorization] }
    response_headers: { set: { X-Frame-Options: DENY, Set-Cookie: "theme=dark" }, remove: [Server] }
    cors: { origins: [https://app.example.com], methods: [PUT], headers: [X-App], credentials: true, max_age: 1h }
    timeouts: { request_body_idle: 5s, response_header_timeout: 2m, response_idle: 1h, upgrade_idle: 2h }
"#;
    let set = compile("desk.yaml", text, &Context::default())
        .unwrap_or_else(|problems| panic!("{}", to_text(&problems, Rendering::Plain)));
    let changes = set.rules()[0].handling().changes().unwrap();
    let rewrite = changes.rewrite.as_ref().unwrap();
    assert_eq!(rewrite.strip_prefix.as_deref(), Some("/desk"));
    assert_eq!(
        rewrite.host,
        HostRewrite::Name("legacy.internal:8080".parse().unwrap())
    );
    let path = CanonicalPath::parse("/desk/old/x").unwrap();
    assert_eq!(rewrite.path(&path, false).as_deref(), Ok("/v2/new/x"));
    assert_eq!(rewrite.query("token=x&a").as_deref(), Some("a"));
    assert_eq!(rewrite.query("token=x").as_deref(), None);
    let cors = changes.cors.as_ref().unwrap();
    assert!(matches!(&cors.origins, CorsOrigins::Listed(listed) if listed.len() == 1));
    assert_eq!(cors.allow_methods, "PUT");
    assert_eq!(cors.max_age.as_ref().unwrap(), "3600");
    assert_eq!(
        changes.timeouts.response_idle,
        Some(Duration::from_secs(3600))
    );
}

#[test]
fn a_rule_may_answer_itself() {
    let text = r#"
defaults: { required_aal: none }
rules:
  - { id: robots, match: { path: /robots.txt }, respond: { body: "Disallow: /" } }
  - { id: gone, match: { path: /gone/** }, respond: { status: 410, body: "<p>", content_type: text/html } }
  - { id: moved, match: { path: /old }, redirect: { to: /new?a=b#c } }
  - { id: away, match: { path: /away }, redirect: { to: "https://example.com/x", status: 302 } }
"#;
    let set = compile("static.yaml", text, &Context::default())
        .unwrap_or_else(|problems| panic!("{}", to_text(&problems, Rendering::Plain)));
    let statuses: Vec<u16> =
        set.rules()
            .iter()
            .map(|rule| match rule.target() {
                Target::Answer(answer) => match &**answer {
                    StaticAnswer::Respond { status, .. }
                    | StaticAnswer::Redirect { status, .. } => status.as_u16(),
                },
                Target::Upstream(_) => panic!("no upstream is named"),
            })
            .collect();
    assert_eq!(statuses, [200, 410, 308, 302]);
}

#[test]
fn a_rewrite_that_could_go_wrong_is_refused() {
    for (rewrite, message) in [
        ("strip_prefix: desk", "`strip_prefix` begins with `/`"),
        (
            "remove_query: ['']",
            "`remove_query` is a list of names of parameters",
        ),
        (
            "strip_prefix: /desk/",
            "`strip_prefix` is one or more whole segments, such as /desk",
        ),
        (
            "add_prefix: /",
            "`add_prefix` is one or more whole segments, such as /desk",
        ),
        (
            "add_prefix: /a/../b",
            "no path can begin like this: the path has a dot segment",
        ),
        (
            "add_prefix: /a%2fb",
            "no path can begin like this: the path has an encoded slash",
        ),
        (
            "add_prefix: /%61",
            "paths are matched and sent in canonical form",
        ),
        (
            "add_prefix: '/a?b'",
            "no path can begin like this: the path has a character that must be percent-encoded",
        ),
        (
            "strip_prefix: /des",
            "this rule is also about paths that don't begin with the prefix",
        ),
        (
            "strip_prefix: /desk/a",
            "this rule is also about paths that don't begin with the prefix",
        ),
        (
            "path_regex: [/a]",
            "`path_regex` is a list of two: an expression and its replacement",
        ),
        (
            "path_regex: ['/(a', /b]",
            "this is no regular expression that can be used: unclosed group",
        ),
        ("path_regex: [/a, '/$1']", "the expression has no group `1`"),
        ("path_regex: [/a, 'b']", "a replacement begins with `/`"),
        (
            "path_regex: [/a, '/b?c=d']",
            "what is written here makes no path that could be sent: the path has a character that must be percent-encoded",
        ),
        ("host: 'a b'", "this is no host name"),
        ("host: 'http://a'", "this is no host name"),
        ("query: x", "unknown key `query`"),
    ] {
        assert_eq!(
            problems(&format!("rewrite: {{ {rewrite} }}")),
            [message],
            "{rewrite}"
        );
    }
}

#[test]
fn headers_that_are_not_the_rules_to_change_are_refused() {
    for name in [
        "Connection",
        "Content-Length",
        "transfer_encoding",
        "Host",
        "X-Forwarded-Prefix",
        "X-Original-URL",
        "X-HTTP-Method-Override",
        "X-Request-Id",
        "Sec-WebSocket-Key",
        "Authorization",
        "Cookie",
        "X-Session-Token",
        "X-User-Id",
        "X_User.Id",
        "X-Real-Ip",
    ] {
        let told = problems(&format!("request_headers: {{ set: {{ {name}: a }} }}"));
        let start = format!("a rule can't set `{name}`: ");
        assert!(
            matches!(&told[..], [one] if one.starts_with(&start)),
            "{name}: {told:?}"
        );
    }
    for name in [
        "Host",
        "Transfer-Encoding",
        "X-User-Id",
        "X-Forwarded-*",
        "x-forwarded-for",
    ] {
        let told = problems(&format!("request_headers: {{ remove: [\"{name}\"] }}"));
        let start = format!("a rule can't remove `{name}`: ");
        assert!(
            matches!(&told[..], [one] if one.starts_with(&start)),
            "{name}: {told:?}"
        );
    }
    for name in [
        "Content-Length",
        "Upgrade",
        "Access-Control-Allow-Origin",
        "Access-Control-Max-Age",
        "Strict-Transport-Security",
        "Content-Encoding",
    ] {
        let told = problems(&format!("response_headers: {{ set: {{ {name}: a }} }}"));
        let start = format!("a rule can't set `{name}`: ");
        assert!(
            matches!(&told[..], [one] if one.starts_with(&start)),
            "{name}: {told:?}"
        );
    }
    for cookie in [
        "ory_kratos_session=x",
        "csrf_token_a=b",
        "__Host-stepgate_x=y",
    ] {
        let told = problems(&format!(
            "response_headers: {{ set: {{ Set-Cookie: {cookie} }} }}"
        ));
        assert_eq!(told, ["this cookie is Stepgate's own"], "{cookie}");
    }
    assert_eq!(
        problems("request_headers: { remove: [X-*, Authorization, Cookie] }"),
        [""; 0]
    );
}

#[test]
fn header_names_and_values_are_checked() {
    let value = "a header value is ASCII on one line, without blanks at its ends";
    for (keys, message) in [
        ("set: { X-A: \"a\\r\\nX-B: c\" }", value),
        ("set: { X-A: \"a\\0\" }", value),
        ("set: { X-A: \" a\" }", value),
        ("set: { X-A: ä }", value),
        ("set: { \"X A\": a }", "`X A` is no header name"),
        (
            "set: { X-A-*: a }",
            "`X-A-*` is a family; a value is for one name",
        ),
        (
            "set: { X-A: a, X_A: b }",
            "`X_A` is set twice: applications may not tell them apart",
        ),
        ("remove: [\"*\"]", "`*` is no header name"),
    ] {
        assert_eq!(
            problems(&format!("request_headers: {{ {keys} }}")),
            [message],
            "{keys}"
        );
    }
}

#[test]
fn cors_that_would_open_a_door_is_refused() {
    for (cors, message) in [
        (
            "origins: []",
            "`origins` is an empty list: no page could ask",
        ),
        (
            "origins: ['*'], credentials: true",
            "any page of the web could act for whoever is signed in",
        ),
        (
            "origins: ['*', 'https://a.test']",
            "`*` covers the other origins of this list",
        ),
        (
            "origins: [https://a.test/]",
            "`https://a.test/` is no origin: scheme, host and port, as browsers send it",
        ),
        (
            "origins: ['https://*.a.test']",
            "`https://*.a.test` is no origin: scheme, host and port, as browsers send it",
        ),
        (
            "origins: [\"null\"]",
            "`null` is no origin: scheme, host and port, as browsers send it",
        ),
        (
            "origins: ['https://A.test:443']",
            "`https://A.test:443` is no origin: scheme, host and port, as browsers send it",
        ),
        (
            "origins: [https://a.test], headers: ['*']",
            "`*` is no header name",
        ),
        (
            "origins: [https://a.test], max_age: 48h",
            "browsers keep the answer to a preflight for a day at most",
        ),
        ("methods: [PUT]", "`origins` is missing"),
    ] {
        assert_eq!(
            problems(&format!("cors: {{ {cors} }}")),
            [message],
            "{cors}"
        );
    }
    let line = "id: a, match: { path: /a, methods: [GET] }, required_aal: none, \
                cors: { origins: [https://a.test], methods: [GET, PUT] }";
    let told = problems_of(compile_rules(&[line]));
    assert!(told[0].ends_with("this rule is not about PUT"), "{told:?}");
}

#[test]
fn a_rule_has_one_target() {
    for (keys, message) in [
        ("", "rule `a` has no upstream"),
        (
            "respond: {}, redirect: { to: /a }",
            "a rule answers in one way: `respond` or `redirect`",
        ),
        (
            "respond: {}, upstream: app",
            "the rule answers itself, so `upstream` would do nothing",
        ),
        (
            "redirect: { to: /a }, rewrite: { add_prefix: /b }",
            "the rule answers itself, so `rewrite` would do nothing",
        ),
        (
            "respond: {}, timeouts: { response_idle: 1s }",
            "the rule answers itself, so `timeouts` would do nothing",
        ),
        (
            "respond: { status: 302 }",
            "an answer with this status says where to go",
        ),
        ("respond: { status: 101 }", "a status is 200 to 599"),
        (
            "respond: { status: 204, body: x }",
            "an answer with this status has no body",
        ),
        ("respond: { content_type: html }", "this is no content type"),
        (
            "redirect: { to: /a, status: 200 }",
            "a redirect has status 301, 302, 303, 307 or 308",
        ),
        (
            "redirect: { to: //evil.test }",
            "this is neither a path nor an absolute URL",
        ),
        (
            "redirect: { to: '/\\evil.test' }",
            "this is neither a path nor an absolute URL",
        ),
        (
            "redirect: { to: 'javascript:alert(1)' }",
            "this is neither a path nor an absolute URL",
        ),
        (
            "redirect: { to: 'https:evil.test' }",
            "this is neither a path nor an absolute URL",
        ),
        (
            "redirect: { to: 'https://a:b@evil.test' }",
            "this is neither a path nor an absolute URL",
        ),
        (
            "redirect: { to: \"/a\\r\\nX: y\" }",
            "this is neither a path nor an absolute URL",
        ),
        ("redirect: { status: 302 }", "`to` is missing"),
    ] {
        let keys = keys.trim_start_matches(", ");
        assert_eq!(problems_without_upstream(keys), [message], "{keys}");
    }
}

#[test]
fn limits_of_connections_are_no_rules_matter() {
    assert_eq!(
        problems("timeouts: { keep_alive: 1s }"),
        ["`keep_alive` counts before a rule is found, or after its request"]
    );
    assert_eq!(
        problems("timeouts: { response_idle: 0s }"),
        ["no request is ever this fast"]
    );
    assert_eq!(problems("timeouts: { idle: 1s }"), ["unknown key `idle`"]);
}
