//! Paths and hosts for applications that expect others.

use super::{ask, rules_of, world};
use crate::gateway::world::{Plan, World};
use crate::support::server::Server;

const DESK: &str = "id: desk, match: { path: /desk/** }, required_aal: none, \
    rewrite: { strip_prefix: /desk, add_prefix: /v2 }";

fn sent(world: &World, app: &Server, target: &str) -> String {
    app.take();
    let answer = ask(world, &format!("GET {target}"), "");
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    app.only().target().to_owned()
}

#[test]
fn a_prefix_is_exchanged_and_the_query_stays_as_it_came() {
    let app = Server::hello();
    let world = world(&app, &[DESK]);
    for (asked, expected) in [
        ("/desk", "/v2"),
        ("/desk/", "/v2/"),
        ("/desk?a=/desk/b", "/v2?a=/desk/b"),
        ("/desk/x/y;v=1?q=%2e%2E/&&", "/v2/x/y;v=1?q=%2e%2E/&&"),
        ("/desk/%7euser/%c3%a4", "/v2/~user/%C3%A4"),
        ("/desk/desk", "/v2/desk"),
    ] {
        assert_eq!(sent(&world, &app, asked), expected, "{asked}");
    }
}

#[test]
fn parameters_that_are_not_the_applications_do_not_reach_it() {
    let app = Server::hello();
    let rule = "id: desk, match: { path: /desk/**, query: { token: present } }, \
        required_aal: none, rewrite: { remove_query: [token] }";
    let world = world(&app, &[rule]);
    for (asked, expected) in [
        ("/desk/?token=secret", "/desk/"),
        ("/desk/?a=%20+&token=secret&b", "/desk/?a=%20+&b"),
        ("/desk/?token=1&Token=2&%74oken=3&c=d", "/desk/?c=d"),
    ] {
        assert_eq!(sent(&world, &app, asked), expected, "{asked}");
    }
}

#[test]
fn the_application_learns_what_was_taken_off_and_whom_the_client_asked() {
    let app = Server::hello();
    let world = world(
        &app,
        &[
            DESK,
            "id: plain, match: { path: /plain/** }, required_aal: none, \
             rewrite: { add_prefix: /v2, host: legacy.test }",
        ],
    );
    let forged = "X-Forwarded-Prefix: /evil\r\nX_Forwarded_Prefix: /evil\r\n";
    ask(&world, "GET /desk/x", forged);
    let seen = app.take().remove(0);
    assert_eq!(seen.one("x-forwarded-prefix"), Some("/desk"));
    assert_eq!(seen.one("host"), Some("app.test"));
    assert!(!seen.head.contains("evil"), "{}", seen.head);
    ask(&world, "GET /plain/x", forged);
    let seen = app.take().remove(0);
    assert_eq!(seen.target(), "/v2/plain/x");
    assert_eq!(seen.one("host"), Some("legacy.test"));
    assert_eq!(seen.one("x-forwarded-host"), Some("app.test"));
    assert!(
        !seen.head.to_lowercase().contains("prefix"),
        "{}",
        seen.head
    );
}

#[test]
fn the_host_can_be_that_of_the_endpoint() {
    let app = Server::hello();
    let rule = "id: a, match: { path: /** }, required_aal: none, rewrite: { host: upstream }";
    let world = world(&app, &[rule]);
    ask(&world, "GET /x", "");
    let seen = app.only();
    assert_eq!(seen.one("host"), Some(&*app.address.to_string()));
    assert_eq!(seen.one("x-forwarded-host"), Some("app.test"));
    assert_eq!(seen.target(), "/x");
}

#[test]
fn an_expression_replaces_what_it_matches_as_a_whole() {
    let app = Server::hello();
    let rule = "id: a, match: { path: /** }, required_aal: none, \
        rewrite: { path_regex: ['^/old/(?<year>[0-9]{4})/(.*)$', '/archive/$2/$year'] }";
    let world = world(&app, &[rule]);
    for (asked, expected) in [
        ("/old/1999/a/b?c", "/archive/a/b/1999?c"),
        ("/old/99/a", "/old/99/a"),
        ("/x/old/1999/a", "/x/old/1999/a"),
    ] {
        assert_eq!(sent(&world, &app, asked), expected, "{asked}");
    }
}

#[test]
fn a_rewritten_path_that_could_be_read_in_two_ways_is_refused() {
    let app = Server::hello();
    let rule = "id: a, match: { path: /** }, required_aal: none, \
        rewrite: { path_regex: ['^/f/([^x]*)x([^x]*)$', '/files/$1$2'] }";
    let world = world(&app, &[rule]);
    for target in ["/f/.x.", "/f/x./a", "/f/a/x/b", "/f/%x252fa", "/f/;x"] {
        let answer = ask(&world, &format!("GET {target}"), "");
        assert_eq!(answer.status, 400, "{target}");
        assert_eq!(answer.error_id(), "ambiguous_request", "{target}");
    }
    assert!(app.received().is_empty(), "{:?}", app.received());
    assert_eq!(sent(&world, &app, "/f/axb"), "/files/ab");
}

#[test]
fn what_is_judged_is_the_path_that_the_client_asked_for() {
    let app = Server::hello();
    let admin = "id: admin, match: { path: /app/admin/** }, required_aal: aal2, \
        rewrite: { strip_prefix: /app }";
    let rest = "id: rest, match: { path: /app/** }, required_aal: none, \
        rewrite: { strip_prefix: /app }";
    let world = world(&app, &[admin, rest]);
    for target in [
        "/app/admin",
        "/app/admin/x",
        "/app/Admin/x",
        "/app/admin;a/x",
        "/app/%61dmin",
        "/app/admin/",
        "/app//admin",
        "/app/x/../admin",
        "/app/%2e/admin",
        "/app/.;/admin",
        "/app/;/admin",
        "/app%2fadmin",
        "/app/%2fadmin",
        "/app/admin%2f",
        "/app/x%2f..%2fadmin",
        "/app\\admin",
        "/app/%5cadmin",
        "/app/admin%3fx",
        "/app/admin%23x",
        "/app/admin%00",
    ] {
        let answer = ask(&world, &format!("GET {target}"), "");
        assert!(
            matches!(answer.status, 400 | 401),
            "{target}: {}",
            answer.status
        );
    }
    assert!(app.received().is_empty(), "{:?}", app.received());
    assert_eq!(sent(&world, &app, "/app/administrator"), "/administrator");
}

#[test]
fn slashes_are_merged_before_the_prefix_is_taken_off() {
    let app = Server::hello();
    let rule = "id: a, match: { path: /app/** }, required_aal: none, merge_slashes: true, \
        allow_encoded_slash: true, rewrite: { strip_prefix: /app }";
    let world = world(&app, &[rule]);
    for (asked, expected) in [
        ("//app///x//y", "/x/y"),
        ("/app//evil.test", "/evil.test"),
        ("/app/a%2fb", "/a%2Fb"),
    ] {
        assert_eq!(sent(&world, &app, asked), expected, "{asked}");
    }
}

#[test]
fn a_retry_on_another_endpoint_names_that_endpoint() {
    let app = Server::hello();
    let gone = crate::support::free_port();
    let rule = "id: a, match: { path: /** }, required_aal: none, rewrite: { host: upstream }";
    let rules = rules_of(&app, &[rule]).replace(
        &format!("url: \"{}\"", app.url()),
        &format!(
            "endpoints: [\"http://{gone}\", \"{}\"], balance: round_robin",
            app.url()
        ),
    );
    let world = Plan::with_rules(&rules).start();
    for _ in 0..2 {
        assert_eq!(ask(&world, "GET /x", "").status, 200);
    }
    for seen in app.take() {
        assert_eq!(seen.one("host"), Some(&*app.address.to_string()));
    }
}
