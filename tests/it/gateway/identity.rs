//! Who the application is told is asking, and what of a credential it gets to see.

use super::world::World;
use crate::support::server::Server;

const ADMIN: &str = "GET /admin/x HTTP/1.1\r\nHost: app.test\r\n";

#[test]
fn the_application_gets_the_identity_and_not_the_credential() {
    let app = Server::hello();
    let world = World::before(&app);
    let answer = world.ask(format!(
        "{ADMIN}Cookie: theme=dark; session=alice-aal2; a=b\r\nX-User-Id: evil\r\n\
         X_User_Id: evil\r\nX-User.Email: evil\r\nConnection: x-user-id\r\n\r\n"
    ));
    assert_eq!(answer.status, 200);
    let seen = app.only();
    assert_eq!(seen.one("x-user-id"), Some("alice"));
    assert_eq!(seen.one("cookie"), Some("theme=dark; a=b"));
    assert!(!seen.head.contains("evil"), "{}", seen.head);
    assert_eq!(answer.headers("set-cookie"), ["session=renewed; Path=/"]);
}

#[test]
fn session_tokens_are_taken_out_and_other_tokens_left_alone() {
    let app = Server::hello();
    let world = World::before(&app);
    let token = "X-Session-Token: alice-aal2\r\nAuthorization: Bearer app-token\r\n\r\n";
    assert_eq!(world.ask(format!("{ADMIN}{token}")).status, 200);
    let bearer = "Authorization: Bearer ory_st_alice-aal2\r\n\r\n";
    assert_eq!(world.ask(format!("{ADMIN}{bearer}")).status, 200);
    let seen = app.received();
    assert_eq!(seen[0].one("x-session-token"), None);
    assert_eq!(seen[0].one("authorization"), Some("Bearer app-token"));
    assert_eq!(seen[1].one("authorization"), None);
    assert_eq!(seen[1].one("x-user-id"), Some("alice"));
}

#[test]
fn a_public_route_gets_no_identity_from_anybody() {
    let app = Server::hello();
    let world = World::before(&app);
    world.ask(
        "GET /open HTTP/1.1\r\nHost: app.test\r\nX-User-Id: evil\r\nRemote-User: evil\r\n\
         X-Forwarded-User: evil\r\nX-Auth-Request-Email: evil\r\nX-HTTP-Method-Override: evil\r\n\
         X-Original-URL: evil\r\nCookie: session=evil\r\nX-User_Id: evil\r\n\r\n",
    );
    let seen = app.only();
    assert!(!seen.head.contains("evil"), "{}", seen.head);
    assert_eq!(seen.one("cookie"), None);
}

#[test]
fn two_credentials_are_refused_wherever_they_come_together() {
    let app = Server::hello();
    let world = World::before(&app);
    for both in [
        "Cookie: session=alice-aal1; session=alice-aal2",
        "Cookie: session=alice-aal2\r\nX-Session-Token: alice-aal1",
        "Cookie: session=alice-aal2\r\nAuthorization: Bearer ory_st_alice-aal1",
        "Authorization: Bearer ory_st_a\r\nAuthorization: Bearer ory_st_b",
    ] {
        let answer = world.ask(format!("{ADMIN}{both}\r\n\r\n"));
        assert_eq!(
            (answer.status, answer.error_id().as_str()),
            (400, "ambiguous_credentials")
        );
    }
    assert!(app.received().is_empty());
}

#[test]
fn a_browser_is_sent_on_and_a_program_is_told() {
    let app = Server::hello();
    let world = World::before(&app);
    let browser = world.ask(format!("{ADMIN}Accept: text/html\r\n\r\n"));
    assert_eq!(browser.status, 303);
    let place = browser.one("location").unwrap();
    assert!(
        place.starts_with("http://id.test/self-service/login/browser?"),
        "{place}"
    );
    let program = world.ask(format!("{ADMIN}Accept: application/json\r\n\r\n"));
    assert_eq!(
        (program.status, program.error_id().as_str()),
        (401, "session_required")
    );
    let step_up = world.ask(format!("{ADMIN}X-Session-Token: alice-aal1\r\n\r\n"));
    assert_eq!(
        (step_up.status, step_up.error_id().as_str()),
        (401, "session_aal2_required")
    );
    for answer in [browser, program, step_up] {
        assert_eq!(answer.one("cache-control"), Some("no-store"));
        assert!(answer.one("x-request-id").is_some());
    }
    assert!(app.received().is_empty());
}

#[test]
fn an_application_cannot_set_the_session_cookie() {
    let app = Server::replying(|_| {
        b"HTTP/1.1 200 OK\r\nSet-Cookie: session=evil\r\nSet-Cookie: theme=dark\r\n\
          Set-Cookie: csrf_token_abc=evil\r\nContent-Length: 0\r\n\r\n"
            .to_vec()
    });
    let world = World::before(&app);
    let answer = world.ask("GET /open HTTP/1.1\r\nHost: app.test\r\n\r\n");
    assert_eq!(answer.headers("set-cookie"), ["theme=dark"]);
}

#[test]
fn a_refused_post_leaves_nothing_behind_on_the_connection() {
    let app = Server::hello();
    let world = World::before(&app);
    let hidden = "GET /open HTTP/1.1\r\nHost: app.test\r\n\r\n";
    let mut client = world.client();
    client.send(format!(
        "POST /admin/x HTTP/1.1\r\nHost: app.test\r\nContent-Length: {}\r\n\r\n{hidden}",
        hidden.len()
    ));
    assert_eq!(client.answer().unwrap().status, 401);
    client.finish();
    assert!(client.answer().is_none());
    assert!(app.received().is_empty());
}
