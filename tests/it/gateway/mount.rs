//! What lies outside the rules: the gateway's own pages, the embedded identity service, and a
//! Kratos whose public API is handed through.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use stepgate::gateway::{LocalAnswer, LocalBody, LocalPlace, LocalService, Mount, MountTarget};
use stepgate::policy::{self, Endpoint, EndpointAddress, Host, Scheme};
use stepgate::rules::UpstreamSettings;

use super::world::{Plan, World};
use crate::support::server::{Server, ok};

/// What it was asked: where, request line, headers, and the request as the client made it.
type Asked = Arc<Mutex<Vec<(LocalPlace, String, http::HeaderMap, policy::Request)>>>;

/// Writes down what it is asked and gives the body back.
#[derive(Clone, Default)]
struct Local {
    asked: Asked,
}

impl LocalService for Local {
    fn call(&self, place: LocalPlace, request: Request<LocalBody>) -> LocalAnswer {
        assert_ne!(request.uri().path(), "/defect");
        let (head, body) = request.into_parts();
        let own = head.extensions.get::<policy::Request>().unwrap().clone();
        let line = format!("{} {}", head.method, head.uri);
        self.asked
            .lock()
            .unwrap()
            .push((place, line, head.headers, own));
        Box::pin(async move {
            let body = body
                .collect()
                .await
                .map_or_else(|_| Bytes::new(), |all| all.to_bytes());
            let mut answer = Response::new(LocalBody::new(Full::new(body).map_err(Into::into)));
            let cookie = http::HeaderValue::from_static("session=fresh");
            answer.headers_mut().insert("set-cookie", cookie);
            answer
        })
    }
}

fn host(text: &str) -> Host {
    Host::parse_authority(text, Scheme::Http).unwrap().0
}

fn embedded(app: &Server) -> (Local, World) {
    let local = Local::default();
    let mut plan = Plan::for_app(app);
    plan.local = Some(Arc::new(local.clone()));
    plan.config.mount = Some(Mount {
        path: "/auth".into(),
        host: Some(host("app.test")),
        target: MountTarget::Embedded,
    });
    (local, plan.start())
}

#[test]
fn the_mount_belongs_to_the_embedded_service_on_its_own_host() {
    let app = Server::hello();
    let (local, world) = embedded(&app);
    let mut client = world.client();
    let answer = client.ask(
        "POST /auth/self-service/login?flow=1 HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\
         Cookie: session=alice-aal1; csrf_token_a=b\r\nX-Session-Token: t\r\nX-User-Id: evil\r\n\
         X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\r\nhello",
    );
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    assert_eq!(answer.headers("set-cookie"), ["session=fresh"]);
    let asked = local.asked.lock().unwrap();
    let (place, line, headers, own) = &asked[0];
    assert_eq!(*place, LocalPlace::Mount);
    assert_eq!(line, "POST /self-service/login?flow=1");
    assert_eq!(headers["cookie"], "session=alice-aal1; csrf_token_a=b");
    assert_eq!(headers["x-session-token"], "t");
    assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert!(headers.get("x-user-id").is_none());
    assert_eq!(own.path.as_str(), "/auth/self-service/login");
    assert!(app.received().is_empty());
}

#[test]
fn other_paths_and_other_hosts_are_the_rules_business() {
    let app = Server::hello();
    let (local, world) = embedded(&app);
    let get = |path: &str, host: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert_eq!(world.ask(get("/authx", "app.test")).status, 200);
    assert_eq!(world.ask(get("/auth/x", "other.test")).status, 404);
    assert!(local.asked.lock().unwrap().is_empty());
    assert_eq!(
        world
            .ask(get("/.well-known/stepgate/why", "app.test"))
            .status,
        200
    );
    assert_eq!(world.ask(get("/auth", "app.test")).status, 200);
    let asked = local.asked.lock().unwrap();
    assert_eq!(asked[0].0, LocalPlace::WellKnown);
    assert_eq!(asked[0].1, "GET /.well-known/stepgate/why");
    assert_eq!(asked[1].1, "GET /");
}

#[test]
fn service_workers_are_refused_beside_the_identity_pages() {
    let app = Server::hello();
    let (_local, world) = embedded(&app);
    let script = "GET /sw.js HTTP/1.1\r\nHost: app.test\r\nService-Worker: script\r\n\r\n";
    let answer = world.ask(script);
    assert_eq!(
        (answer.status, answer.error_id().as_str()),
        (403, "access_denied")
    );
    assert_eq!(World::before(&app).ask(script).status, 200);
}

fn external(app: &Server, kratos: &Server) -> World {
    let mut plan = Plan::for_app(app);
    let endpoint = Endpoint {
        tls: false,
        address: EndpointAddress::Tcp {
            host: "127.0.0.1".into(),
            port: kratos.address.port(),
        },
        authority: kratos.address.to_string().into(),
    };
    plan.config.mount = Some(Mount {
        path: "/auth".into(),
        host: None,
        target: MountTarget::External {
            upstream: Box::new(UpstreamSettings::default().upstream("identity", vec![endpoint])),
            base_path: "".into(),
        },
    });
    plan.start()
}

#[test]
fn kratos_public_api_is_handed_through_and_nothing_else_of_it() {
    let app = Server::hello();
    let kratos = Server::replying(|_| {
        b"HTTP/1.1 303 See Other\r\nLocation: https://id.test/x?flow=1\r\n\
          Set-Cookie: session=new; Path=/\r\nSet-Cookie: csrf_token_abc=x\r\nContent-Length: 0\r\n\r\n"
            .to_vec()
    });
    let world = external(&app, &kratos);
    let answer = world.ask(
        "GET /auth/self-service/login/browser?aal=aal2 HTTP/1.1\r\nHost: app.test\r\n\
         Cookie: session=old; csrf_token_abc=x\r\nX-Forwarded-Host: evil.test\r\n\
         True-Client-IP: 6.6.6.6\r\n\r\n",
    );
    assert_eq!(answer.status, 303);
    assert_eq!(answer.one("location"), Some("https://id.test/x?flow=1"));
    assert_eq!(
        answer.headers("set-cookie"),
        ["session=new; Path=/", "csrf_token_abc=x"]
    );
    let seen = kratos.only();
    assert_eq!(
        seen.line(),
        "GET /self-service/login/browser?aal=aal2 HTTP/1.1"
    );
    assert_eq!(seen.one("host"), Some(kratos.address.to_string().as_str()));
    assert_eq!(seen.one("x-forwarded-host"), Some("app.test"));
    assert_eq!(seen.one("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(seen.one("true-client-ip"), None);
    assert_eq!(seen.one("cookie"), Some("session=old; csrf_token_abc=x"));
    for path in [
        "/auth/admin/identities",
        "/auth/identities",
        "/auth",
        "/auth/health/alive",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: app.test\r\n\r\n");
        assert_eq!(world.ask(request).status, 404, "{path}");
    }
    assert_eq!(kratos.received().len(), 1);
    assert!(app.received().is_empty());
}

#[test]
fn a_logout_that_passes_by_is_felt_at_the_next_request() {
    let app = Server::hello();
    let kratos = Server::replying(|_| ok(""));
    let world = external(&app, &kratos);
    let request = "GET /admin/x HTTP/1.1\r\nHost: app.test\r\nCookie: session=alice-aal2\r\n\r\n";
    assert_eq!(world.ask(request).status, 200);
    assert_eq!(world.ask(request).status, 200);
    let before = world.asked();
    world.ask(
        "GET /auth/self-service/logout?token=t HTTP/1.1\r\nHost: app.test\r\n\
         Cookie: session=alice-aal2\r\n\r\n",
    );
    assert_eq!(world.ask(request).status, 200);
    assert_eq!(world.asked(), before + 1);
    // A page that only shows something evicts nothing.
    world.ask(
        "GET /auth/sessions/whoami HTTP/1.1\r\nHost: app.test\r\nCookie: session=alice-aal2\r\n\r\n",
    );
    assert_eq!(world.ask(request).status, 200);
    assert_eq!(world.asked(), before + 1);
}

#[test]
fn a_defect_in_one_request_is_a_500_for_that_request_only() {
    let app = Server::hello();
    let (_local, world) = embedded(&app);
    let mut client = world.client();
    let answer = client.ask("GET /auth/defect HTTP/1.1\r\nHost: app.test\r\n\r\n");
    assert_eq!(
        (answer.status, answer.error_id().as_str()),
        (500, "internal_error")
    );
    assert_eq!(
        client
            .ask("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n")
            .status,
        200
    );
}
