//! Asking an external identity service over real HTTP: what counts as an answer, and what is an
//! outage.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rstest::rstest;
use serde_json::json;
use stepgate::aal::{Aal, AuthenticationMethod};
use stepgate::clock::Clock;
use stepgate::policy::{MethodSet, SecondFactor};
use stepgate::whoami::{
    Answer, Credential, CredentialKind, External, HttpIdentity, IdentityService, Said, WhoamiError,
    WhoamiRequiredAal,
};

use crate::support::identity::{COOKIE, Identity, Session, unauthorized, undisclosed};
use crate::support::reply::{Gate, Reply};

/// A time limit that is short, yet longer than anything but waiting takes.
const LIMIT: Duration = Duration::from_millis(400);

struct World {
    identity: Identity,
    client: HttpIdentity,
    clock: Clock,
    runtime: tokio::runtime::Runtime,
}

fn world() -> World {
    world_with(|_, _| {})
}

fn world_with(change: impl FnOnce(&mut External, &Identity)) -> World {
    let identity = Identity::start();
    let clock = Clock::manual(now());
    let mut external = External::at(&identity.url()).unwrap();
    external.timeout = LIMIT;
    change(&mut external, &identity);
    World {
        client: HttpIdentity::new(external, clock.clone()).unwrap(),
        identity,
        clock,
        runtime: tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap(),
    }
}

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn alice() -> Session {
    Session::new("alice", now())
}

impl World {
    fn ask(&self, kind: CredentialKind, value: &str) -> Result<Answer, WhoamiError> {
        self.runtime
            .block_on(self.client.ask(&Credential::new(kind, value)))
    }

    fn ask_cookie(&self) -> Result<Answer, WhoamiError> {
        self.ask(CredentialKind::Cookie, "c")
    }

    fn second_factor(&self) -> SecondFactor {
        match self.ask_cookie().unwrap().said {
            Said::Session(session) => session.subject.second_factor,
            other @ (Said::NoSession | Said::Superseded | Said::Undisclosed) => panic!("{other:?}"),
        }
    }
}

#[test]
fn one_credential_is_sent_and_nothing_else() {
    let world = world();
    world.identity.says_of_everyone(alice().reply());
    for (kind, sent, absent) in [
        (
            CredentialKind::Cookie,
            ("cookie", format!("{COOKIE}=v")),
            "x-session-token",
        ),
        (
            CredentialKind::SessionToken,
            ("x-session-token", "v".to_owned()),
            "cookie",
        ),
        (
            CredentialKind::Bearer,
            ("x-session-token", "v".to_owned()),
            "cookie",
        ),
    ] {
        world.ask(kind, "v").unwrap();
        let asked = world.identity.whoami().pop().unwrap();
        assert_eq!(asked.headers(sent.0), [&*sent.1]);
        let host = world.identity.server.address.to_string();
        assert_eq!(asked.headers("host"), [&*host]);
        for name in [
            absent,
            "authorization",
            "x-forwarded-for",
            "x-forwarded-host",
            "forwarded",
        ] {
            assert_eq!(asked.header(name), None, "{name}");
        }
    }
    for _ in 0..20 {
        world.ask_cookie().unwrap();
    }
    let connections = world.identity.server.connections();
    assert!(
        connections < 10,
        "connections are kept, yet there were {connections}"
    );
}

#[test]
fn kratos_answers_are_understood() {
    let world = world();
    world.identity.says("c", alice().aal2().reply());
    let Said::Session(session) = world.ask_cookie().unwrap().said else {
        panic!()
    };
    assert_eq!(session.subject.aal, Aal::Aal2);
    assert_eq!(&*session.subject.identity_id, "alice");
    world.identity.says("c", unauthorized());
    assert!(matches!(world.ask_cookie().unwrap().said, Said::NoSession));
    world.identity.says("c", undisclosed());
    assert!(matches!(
        world.ask_cookie().unwrap().said,
        Said::Undisclosed
    ));
    let wait = [("Retry-After", "7"), ("Content-Type", "application/json")];
    world
        .identity
        .says("c", Reply::answer("429 Too Many Requests", &wait, "{}"));
    let expected = Some(Duration::from_secs(7));
    let error = world.ask_cookie().unwrap_err();
    assert!(matches!(error, WhoamiError::Throttled { retry_after } if retry_after == expected));
}

#[test]
fn a_renewed_session_cookie_and_a_life_limit_come_along() {
    let world = world();
    let renewed = format!("{COOKIE}=new; Path=/; HttpOnly");
    let headers = [
        ("Set-Cookie", &*renewed),
        ("Set-Cookie", "other=1; Path=/"),
        ("Ory-Session-Cache-For", "12"),
    ];
    world
        .identity
        .says_of_everyone(alice().reply_with(&headers));
    let answer = world.ask_cookie().unwrap();
    assert_eq!(answer.set_cookies, [&*renewed]);
    assert_eq!(answer.cache_for, Some(Duration::from_secs(12)));
    let by_token = world.ask(CredentialKind::SessionToken, "t").unwrap();
    assert!(by_token.set_cookies.is_empty());
}

fn page(status: &str, kind: &str, body: &str) -> Reply {
    Reply::answer(status, &[("Content-Type", kind)], body)
}

fn redirect(status: &str) -> Reply {
    Reply::answer(status, &[("Location", "/sessions/whoami?again")], "")
}

#[rstest]
#[case::error_500(Reply::json("500 Internal Server Error", "{}"))]
#[case::error_502(page("502 Bad Gateway", "text/html", "<h1>oops</h1>"))]
#[case::error_503(Reply::json("503 Service Unavailable", "{}"))]
#[case::not_found(Reply::json("404 Not Found", "{}"))]
#[case::no_content(Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()))]
#[case::moved(redirect("301 Moved Permanently"))]
#[case::see_other(redirect("303 See Other"))]
#[case::temporary(redirect("307 Temporary Redirect"))]
#[case::not_modified(Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()))]
#[case::empty(Reply::json("200 OK", ""))]
#[case::null(Reply::json("200 OK", "null"))]
#[case::object(Reply::json("200 OK", "{}"))]
#[case::list(Reply::json("200 OK", "[]"))]
#[case::garbage(Reply::json("200 OK", "ok, it's alice"))]
#[case::html(page("200 OK", "text/html", "<p>Sign in</p>"))]
#[case::no_type(Reply::answer("200 OK", &[], &alice().document.to_string()))]
#[case::wrong_type(page("200 OK", "text/plain", &alice().document.to_string()))]
#[case::compressed(alice().reply_with(&[("Content-Encoding", "gzip")]))]
#[case::inactive(alice().with("/active", json!(false)).reply())]
#[case::no_identity(alice().with("/identity", json!(null)).reply())]
#[case::other_403(Reply::json("403 Forbidden", r#"{"error":{"id":"access_denied"}}"#))]
#[case::html_403(page("403 Forbidden", "text/html", "session_aal2_required"))]
#[case::cut_short(Reply::BytesThenClose(
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{".to_vec()
))]
#[case::no_head(Reply::BytesThenClose(b"HTTP/1.1 200".to_vec()))]
#[case::not_http(Reply::BytesThenClose(b"SSH-2.0-OpenSSH_9\r\n".to_vec()))]
#[case::closed(Reply::BytesThenClose(Vec::new()))]
#[case::reset(Reply::Reset)]
#[case::switching(Reply::BytesThenClose(
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".to_vec()
))]
#[case::endless(Reply::Endless(
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".to_vec()
))]
#[case::large(Reply::json("200 OK", &format!("[\"{}\"]", "x".repeat(300 * 1024))))]
#[case::silent(Reply::Silence)]
#[case::dripping(Reply::Drip(
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{}".to_vec(),
    Duration::from_millis(20),
))]
fn whatever_is_not_plainly_an_answer_is_an_outage(#[case] reply: Reply) {
    let world = world();
    world.identity.says_of_everyone(reply);
    let error = world.ask_cookie().unwrap_err();
    assert!(
        matches!(
            error,
            WhoamiError::Unreachable(_) | WhoamiError::Unexpected(_)
        ),
        "{error:?}"
    );
    assert!(world.identity.calls() <= 1, "no redirect is followed");
}

#[test]
fn a_service_that_is_not_there_is_an_outage() {
    let world = world();
    world.identity.server.stop();
    assert!(matches!(
        world.ask_cookie(),
        Err(WhoamiError::Unreachable(_))
    ));
}

#[test]
fn a_failing_service_is_left_alone_and_then_probed() {
    let world = world();
    world
        .identity
        .says_of_everyone(Reply::json("500 Internal Server Error", "{}"));
    for _ in 0..8 {
        assert!(world.ask_cookie().is_err());
    }
    assert_eq!(world.identity.calls(), 5);
    assert!(matches!(
        world.ask_cookie(),
        Err(WhoamiError::CircuitOpen { .. })
    ));
    world.identity.says_of_everyone(alice().reply());
    world.clock.advance(Duration::from_secs(5));
    assert!(world.ask_cookie().is_ok());
    assert_eq!(world.identity.calls(), 6);
}

#[test]
fn throttling_does_not_open_the_circuit() {
    let world = world();
    world
        .identity
        .says_of_everyone(Reply::json("429 Too Many Requests", "{}"));
    for _ in 0..8 {
        let error = world.ask_cookie().unwrap_err();
        assert!(matches!(
            error,
            WhoamiError::Throttled { retry_after: None }
        ));
    }
    assert_eq!(world.identity.calls(), 8);
}

#[test]
fn connections_and_waiting_questions_are_bounded() {
    let world = world_with(|external, _| {
        external.connections = 2;
        external.timeout = Duration::from_secs(10);
    });
    let gate = Arc::new(Gate::default());
    world
        .identity
        .says_of_everyone(Reply::Held(Arc::clone(&gate), Box::new(alice().reply())));
    let client = Arc::new(world.client);
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..100 {
        let client = Arc::clone(&client);
        let ask = async move {
            let credential = Credential::new(CredentialKind::Cookie, &number.to_string());
            client.ask(&credential).await.map(|_| ())
        };
        asking.spawn_on(ask, world.runtime.handle());
    }
    world.identity.server.until_received(2);
    world.runtime.block_on(async {
        while asking.len() > 34 {
            let refused = asking.join_next().await.unwrap().unwrap();
            assert!(matches!(refused, Err(WhoamiError::Overloaded)));
        }
    });
    assert_eq!(world.identity.calls(), 2);
    gate.open();
    let rest = world.runtime.block_on(asking.join_all());
    assert!(rest.iter().all(Result::is_ok));
    assert_eq!(world.identity.server.connections(), 2);
}

#[test]
fn what_is_known_of_a_second_factor_depends_on_how_kratos_runs() {
    let strict = world();
    strict.identity.says_of_everyone(alice().reply());
    assert_eq!(strict.second_factor(), SecondFactor::NotEnrolled);
    strict.identity.says_of_everyone(alice().aal2().reply());
    assert_eq!(strict.second_factor(), SecondFactor::Enrolled);

    let lax = world_with(|external, _| external.whoami_required_aal = WhoamiRequiredAal::Aal1);
    lax.identity.says_of_everyone(alice().reply());
    assert_eq!(lax.second_factor(), SecondFactor::Unknown);
}

#[test]
fn the_admin_api_is_asked_for_second_factors_where_whoami_says_nothing() {
    let world = world_with(|external, identity| {
        external.whoami_required_aal = WhoamiRequiredAal::Aal1;
        external.admin_url = Some(identity.url().parse().unwrap());
        let key = "Bearer key".parse().unwrap();
        external.admin_headers = vec![(http::header::AUTHORIZATION, key)];
    });
    world.identity.says_of_everyone(alice().reply());
    let admin_calls = || world.identity.server.received().len() - world.identity.calls();
    assert_eq!(
        world.second_factor(),
        SecondFactor::Unknown,
        "the admin API does not know alice"
    );

    let none = json!({"id": "alice", "credentials": {"webauthn": {"config": {}}}});
    world
        .identity
        .admin_says("alice", Reply::json("200 OK", &none.to_string()));
    assert_eq!(world.second_factor(), SecondFactor::NotEnrolled);

    let totp = json!({"credentials": {"totp": {"config": {"totp_url": "otpauth://totp/x"}}}});
    world
        .identity
        .admin_says("alice", Reply::json("200 OK", &totp.to_string()));
    let totp = SecondFactor::exactly(MethodSet::of(&[AuthenticationMethod::Totp]));
    assert_eq!(world.second_factor(), totp);
    let calls = admin_calls();
    assert_eq!(world.second_factor(), totp);
    assert_eq!(admin_calls(), calls, "once a session");
    let asked = world.identity.server.received();
    let admin = asked
        .iter()
        .find(|request| request.target().starts_with("/admin/"))
        .unwrap();
    assert_eq!(admin.headers("authorization"), ["Bearer key"]);
    assert_eq!(admin.header("cookie"), None);
    let whoami = asked
        .iter()
        .find(|request| request.target() == "/sessions/whoami")
        .unwrap();
    assert_eq!(whoami.header("authorization"), None);
}

#[test]
fn a_slow_admin_api_costs_nobody_the_session() {
    let world = world_with(|external, identity| {
        external.whoami_required_aal = WhoamiRequiredAal::Aal1;
        external.admin_url = Some(identity.url().parse().unwrap());
    });
    world.identity.says_of_everyone(alice().reply());
    world.identity.admin_says("alice", Reply::Silence);
    assert_eq!(world.second_factor(), SecondFactor::Unknown);
}
