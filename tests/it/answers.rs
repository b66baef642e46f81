//! Every row of the answer table, for browsers and API clients, over the wire.

use percent_encoding::percent_decode_str;
use rstest::rstest;
use serde_json::json;

use crate::support::client::Response;
use crate::support::gateway::{Change, HOST, World, now, session};
use crate::support::identity::{Session, undisclosed};
use crate::support::reply::Reply;

fn alice() -> Session {
    Session::new("alice", now())
}

/// What every refusal has, whoever gets it.
fn assert_refusal(response: &Response) {
    assert_eq!(
        response.header("cache-control"),
        Some("no-store"),
        "{}",
        response.head
    );
    let vary = response.headers("vary").join(", ");
    for name in ["Cookie", "Authorization", "Accept"] {
        assert!(vary.contains(name), "{vary}");
    }
    assert!(
        response
            .header("x-request-id")
            .is_some_and(|id| !id.is_empty())
    );
}

/// The error JSON of an API client, checked for its shape.
fn error(response: &Response) -> serde_json::Value {
    assert_refusal(response);
    let kind = response.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/json"), "{kind}");
    let error = response.json()["error"].clone();
    assert_eq!(error["code"], response.status);
    assert_eq!(
        error["request_id"].as_str(),
        response.header("x-request-id")
    );
    for member in ["id", "status", "reason", "message"] {
        assert!(
            error[member].as_str().is_some_and(|text| !text.is_empty()),
            "{error}"
        );
    }
    error
}

fn page(response: &Response, status: u16) -> String {
    assert_refusal(response);
    assert_eq!(response.status, status, "{}", response.head);
    assert_eq!(response.header("location"), None);
    let kind = response.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/html"), "{kind}");
    let text = response.text();
    assert!(
        text.contains(response.header("x-request-id").unwrap()),
        "the page names the request"
    );
    text
}

/// `return_to` of a URL, decoded once.
fn return_to(url: &str) -> String {
    let (_, value) = url.rsplit_once("return_to=").expect(url);
    percent_decode_str(value)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

struct Row {
    session: Option<Reply>,
    target: &'static str,
    /// Path and query of the identity service, up to `return_to`.
    destination: &'static str,
    api_status: u16,
    api_id: &'static str,
    challenge: &'static [&'static str],
    detail: &'static str,
}

const INSUFFICIENT: &str = "error=\"insufficient_user_authentication\"";

#[rstest]
#[case::log_in(Row {
    session: None,
    target: "/account/1?a=b&c=%64%20",
    destination: "/self-service/login/browser?return_to=",
    api_status: 401,
    api_id: "session_required",
    challenge: &["Bearer realm="],
    detail: "login_url",
})]
#[case::step_up(Row {
    session: Some(alice().with("/authenticator_assurance_level", json!("aal1")).reply()),
    target: "/transfer/new?to=bob&sum=1",
    destination: "/self-service/login/browser?aal=aal2&return_to=",
    api_status: 401,
    api_id: "session_aal2_required",
    challenge: &[INSUFFICIENT, "error_description=", "acr_values=\"aal2\""],
    detail: "redirect_browser_to",
})]
#[case::undisclosed(Row {
    session: Some(undisclosed()),
    target: "/transfer/new",
    destination: "/self-service/login/browser?aal=aal2&return_to=",
    api_status: 401,
    api_id: "session_aal2_required",
    challenge: &[INSUFFICIENT, "acr_values=\"aal2\""],
    detail: "redirect_browser_to",
})]
#[case::undisclosed_where_one_factor_would_do(Row {
    session: Some(undisclosed()),
    target: "/account/",
    destination: "/self-service/login/browser?aal=aal2&return_to=",
    api_status: 401,
    api_id: "session_aal2_required",
    challenge: &[INSUFFICIENT, "acr_values=\"aal2\""],
    detail: "redirect_browser_to",
})]
#[case::refresh(Row {
    session: Some(alice().authenticated_ago(601).reply()),
    target: "/recent/",
    destination: "/self-service/login/browser?refresh=true&return_to=",
    api_status: 401,
    api_id: "session_refresh_required",
    challenge: &[INSUFFICIENT, "max_age=600"],
    detail: "redirect_browser_to",
})]
#[case::refresh_of_the_second_factor(Row {
    session: Some(alice().aal2().authenticated_ago(601).reply()),
    target: "/fresh/",
    destination: "/self-service/login/browser?refresh=true&aal=aal2&return_to=",
    api_status: 401,
    api_id: "session_refresh_required",
    challenge: &[INSUFFICIENT, "max_age=600", "acr_values=\"aal2\""],
    detail: "redirect_browser_to",
})]
fn a_client_is_told_where_to_go(#[case] row: Row) {
    // Without admin_url, aal1 says nothing of a second factor, so a step-up is tried.
    let change = Change {
        external: &["whoami_required_aal: aal1"],
        ..Change::default()
    };
    let rules = without_highest_available();
    let world = World::with(&Change {
        rules: Some(&rules),
        ..change
    });
    if let Some(reply) = row.session {
        world.identity.says("c", reply);
    }
    let browser = world.browse(row.target, "c");
    assert_refusal(&browser);
    assert_eq!(browser.status, 303, "{}", browser.text());
    let location = browser.header("location").unwrap();
    let expected = format!("{}{}", world.identity.url(), row.destination);
    assert!(location.starts_with(&expected), "{location}");
    assert_eq!(return_to(location), format!("http://{HOST}{}", row.target));

    let api = world.call(row.target, "c");
    assert_eq!(api.status, row.api_status);
    let error = error(&api);
    assert_eq!(error["id"], row.api_id);
    assert_eq!(error["details"][row.detail].as_str(), Some(location));
    let challenge = api.header("www-authenticate").unwrap();
    for part in row.challenge {
        assert!(challenge.contains(part), "{challenge}");
    }
    assert!(world.upstream.received().is_empty());
}

/// The usual rules without the one that can't be loaded where whoami says nothing.
fn without_highest_available() -> String {
    let rules = crate::support::gateway::RULES;
    let start = rules.find("  - id: best").unwrap();
    let end = rules.find("  - id: firm").unwrap();
    [&rules[..start], &rules[end..]].concat()
}

#[test]
fn whoever_has_no_second_factor_is_sent_to_set_one_up() {
    let world = World::start();
    world.identity.says("c", alice().reply());
    let browser = world.browse("/transfer/x?y=z", "c");
    assert_eq!(browser.status, 303);
    let location = browser.header("location").unwrap();
    let settings = format!("{}/self-service/settings/browser?", world.identity.url());
    assert!(location.starts_with(&settings), "{location}");
    assert_eq!(return_to(location), format!("http://{HOST}/transfer/x?y=z"));
    let api = world.call("/transfer/x?y=z", "c");
    assert_eq!(api.status, 403);
    let error = error(&api);
    assert_eq!(error["id"], "second_factor_required");
    assert_eq!(error["details"]["settings_url"].as_str(), Some(location));
    assert_eq!(error["rule"], "transfer");
    // The best they have is enough where the rule says so.
    assert_eq!(world.call("/best/x", "c").status, 200);
}

#[test]
fn the_operator_says_where_second_factors_are_set_up() {
    let settings = "settings_url: https://people.example.com/security";
    let world = World::with(&Change {
        external: &[settings],
        ..Change::default()
    });
    world.identity.says("c", alice().reply());
    let location = world.browse("/transfer/", "c");
    let location = location.header("location").unwrap();
    assert!(location.starts_with("https://people.example.com/security?return_to="));
}

#[test]
fn a_rule_can_refuse_those_without_a_second_factor() {
    let world = World::start();
    world.identity.says("c", alice().reply());
    page(&world.browse("/firm/", "c"), 403);
    let api = world.call("/firm/", "c");
    assert_eq!(
        (api.status, error(&api)["id"].as_str()),
        (403, Some("access_denied"))
    );
}

#[test]
fn what_no_rule_covers_is_refused() {
    let world = World::start();
    for (method, target, host, status, id) in [
        ("GET", "/nowhere", HOST, 403, "no_rule"),
        ("GET", "/", "stranger.example.com", 404, "no_rule"),
        ("GET", "/post/x", HOST, 405, "method_not_allowed"),
        ("GET", "/account/../x", HOST, 400, "ambiguous_request"),
        ("GET", "/account/%2f", HOST, 400, "ambiguous_request"),
    ] {
        let ask = |accept: &str| {
            crate::support::client::ask(
                world.gateway.address,
                method,
                target,
                host,
                &[("Accept", accept)],
            )
        };
        let api = ask("*/*");
        assert_eq!(
            (api.status, error(&api)["id"].as_str()),
            (status, Some(id)),
            "{target}"
        );
        if status == 405 {
            assert_eq!(api.header("allow"), Some("POST"));
        }
        page(&ask("text/html"), status);
    }
    assert_eq!(world.identity.calls(), 0);
}

#[rstest]
#[case::unreachable(None, 503, "identity_unavailable", None)]
#[case::error(
    Some(Reply::json("500 Internal Server Error", "{}")),
    503,
    "identity_unavailable",
    None
)]
#[case::garbage(
    Some(Reply::json("200 OK", "garbage")),
    503,
    "identity_unavailable",
    None
)]
#[case::empty(Some(Reply::json("200 OK", "")), 503, "identity_unavailable", None)]
#[case::redirect(
    Some(Reply::answer("302 Found", &[("Location", "/login")], "")),
    503, "identity_unavailable", None
)]
#[case::throttled(
    Some(Reply::answer("429 Too Many Requests", &[("Retry-After", "7")], "{}")),
    429, "identity_throttled", Some("7")
)]
fn whoever_can_not_be_checked_is_not_let_in(
    #[case] reply: Option<Reply>,
    #[case] status: u16,
    #[case] id: &str,
    #[case] retry_after: Option<&str>,
) {
    let world = World::start();
    match reply {
        Some(reply) => world.identity.says_of_everyone(reply),
        None => world.identity.server.stop(),
    }
    let browser = world.browse("/account/", "c");
    page(&browser, status);
    let api = world.call("/account/", "c");
    assert_eq!((api.status, error(&api)["id"].as_str()), (status, Some(id)));
    assert_eq!(api.header("www-authenticate"), None);
    for response in [browser, api] {
        let wait = response.header("retry-after").expect("Retry-After");
        assert!(wait.parse::<u64>().unwrap() > 0);
        assert!(retry_after.is_none_or(|expected| expected == wait));
    }
    assert!(world.upstream.received().is_empty());
    // Public places need nobody.
    assert_eq!(world.call("/public/", "c").status, 200);
}

#[test]
fn an_application_that_is_down_is_no_refusal_of_ours() {
    let world = World::start();
    world.upstream.stop();
    page(
        &world.gateway.get("/public/", &[("Accept", "text/html")]),
        502,
    );
    let api = world.gateway.get("/public/", &[]);
    assert_eq!(
        (api.status, error(&api)["id"].as_str()),
        (502, Some("upstream_unreachable"))
    );
}

#[test]
fn a_form_is_answered_with_a_page_and_never_redirected() {
    let world = World::start();
    world
        .identity
        .says("old", alice().aal2().authenticated_ago(700).reply());
    world.identity.says("one", alice().reply());
    for (method, target, cookie, status) in [
        ("POST", "/account/", "none", 401),
        ("PUT", "/account/", "none", 401),
        ("PATCH", "/fresh/", "old", 401),
        ("DELETE", "/fresh/", "old", 401),
        ("POST", "/transfer/", "one", 403),
    ] {
        let referer = format!("http://{HOST}/form?step=1");
        let cookie = session(cookie);
        let headers = [
            ("Accept", "text/html"),
            ("Cookie", &*cookie),
            ("Referer", &*referer),
        ];
        let text = page(&world.gateway.ask(method, target, &headers), status);
        let back = "return_to=http%3A%2F%2Fbank.example.com%2Fform%3Fstep%3D1";
        assert!(text.contains(back), "{method} {target}: {text}");
        if target == "/fresh/" {
            assert!(text.contains("Money leaves the bank here."));
        }
    }
    assert!(world.upstream.received().is_empty());
}

#[test]
fn script_in_a_page_is_told_and_not_redirected() {
    let world = World::start();
    for header in [
        ("Sec-Fetch-Mode", "cors"),
        ("X-Requested-With", "XMLHttpRequest"),
    ] {
        let response = world
            .gateway
            .get("/account/", &[("Accept", "text/html"), header]);
        assert_eq!(response.status, 401, "{header:?}");
        error(&response);
    }
    let navigation = world
        .gateway
        .get("/account/", &[("Sec-Fetch-Mode", "navigate")]);
    assert_eq!(navigation.status, 303);
}

#[test]
fn return_to_is_made_with_the_public_url_where_that_is_set() {
    let change = Change {
        proxy: &["public_url: https://front.example.com"],
        ..Change::default()
    };
    let world = World::with(&change);
    let response = world.browse("/account/a%20b?c=d", "none");
    let back = return_to(response.header("location").unwrap());
    assert_eq!(back, "https://front.example.com/account/a%20b?c=d");
}

#[test]
fn people_are_never_sent_back_to_a_host_that_nobody_named() {
    let rules = "upstreams: { app: { url: UPSTREAM } }\n\
                 rules:\n  - { id: any, match: { path: /** }, required_aal: aal1, upstream: app }\n";
    let world = World::with(&Change {
        rules: Some(rules),
        ..Change::default()
    });
    let ask = |host: &str| {
        crate::support::client::ask(
            world.gateway.address,
            "GET",
            "/x",
            host,
            &[("Accept", "text/html")],
        )
    };
    let stranger = ask("evil.example");
    assert_eq!(stranger.status, 303);
    assert!(!stranger.head.contains("evil.example"), "{}", stranger.head);
    let local = ask("localhost:8080");
    assert_eq!(
        return_to(local.header("location").unwrap()),
        "http://localhost:8080/x"
    );

    let sections = "step_up: { return_to_hosts: [\"app.example.org\"] }\n";
    let world = World::with(&Change {
        rules: Some(rules),
        sections,
        ..Change::default()
    });
    let named = crate::support::client::ask(
        world.gateway.address,
        "GET",
        "/x",
        "app.example.org",
        &[("Accept", "text/html")],
    );
    assert_eq!(
        return_to(named.header("location").unwrap()),
        "http://app.example.org/x"
    );
}

#[test]
fn a_step_up_that_changes_nothing_ends_in_an_explanation() {
    let rules = without_highest_available();
    let change = Change {
        external: &["whoami_required_aal: aal1"],
        ..Change::default()
    };
    let world = World::with(&Change {
        rules: Some(&rules),
        ..change
    });
    world.identity.says("c", alice().reply());
    let mut jar = session("c");
    let visit = |jar: &str| {
        world
            .gateway
            .get("/transfer/", &[("Accept", "text/html"), ("Cookie", jar)])
    };
    for _ in 0..2 {
        let response = visit(&jar);
        assert_eq!(response.status, 303);
        let guard = response
            .header("set-cookie")
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        jar = format!("{}; {guard}", session("c"));
    }
    page(&visit(&jar), 403);
    // Another try after it did change.
    world.identity.says("c", alice().aal2().reply());
    assert_eq!(visit(&jar).status, 200);
    let seen = world.upstream.only();
    assert_eq!(seen.header("cookie"), None, "our own cookies stay with us");
}
