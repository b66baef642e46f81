//! The same over HTTP/2, towards clients and towards applications.

use http::{HeaderValue, Method, Request};

use super::world;
use crate::gateway::http2::{Body, block_on, get, h2c, text};
use crate::support::server::Server;

#[test]
fn http2_clients_get_the_same_rewrites_headers_and_answers() {
    let app = Server::hello();
    let world = world(
        &app,
        &[
            "id: desk, match: { path: /desk/** }, required_aal: none, \
             rewrite: { strip_prefix: /desk, host: legacy.test }, \
             request_headers: { set: { X-Gate: stepgate } }, \
             response_headers: { set: { X-Rule: desk } }",
            "id: stop, match: { path: /stop }, required_aal: none, \
             respond: { status: 410, body: gone }",
            "id: api, match: { path: /api }, required_aal: aal1, \
             cors: { origins: [https://page.test], methods: [PUT], credentials: true }",
        ],
    );
    block_on(async {
        let mut sender = h2c(world.address()).await;
        let mut request = get("/desk/x?y");
        let forged = HeaderValue::from_static("evil");
        request.headers_mut().insert("x_gate", forged.clone());
        request.headers_mut().insert("x-forwarded-prefix", forged);
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["x-rule"]),
            (200, &HeaderValue::from_static("desk"))
        );
        let stop = sender.send_request(get("/stop")).await.unwrap();
        assert_eq!(stop.status(), 410);
        assert_eq!(text(stop).await, "gone");
        let mut preflight: Request<Body> = get("/api");
        *preflight.method_mut() = Method::OPTIONS;
        let headers = preflight.headers_mut();
        headers.insert("origin", HeaderValue::from_static("https://page.test"));
        headers.insert(
            "access-control-request-method",
            HeaderValue::from_static("PUT"),
        );
        let answer = sender.send_request(preflight).await.unwrap();
        assert_eq!(answer.status(), 204);
        assert_eq!(
            answer.headers()["access-control-allow-origin"],
            "https://page.test"
        );
        let mut request = get("/api");
        let origin = HeaderValue::from_static("https://page.test");
        request.headers_mut().insert("origin", origin);
        let refused = sender.send_request(request).await.unwrap();
        assert_eq!(refused.status(), 401);
        assert_eq!(
            refused.headers()["access-control-allow-credentials"],
            "true"
        );
    });
    let seen = app.only();
    assert_eq!(seen.target(), "/x?y");
    assert_eq!(seen.one("host"), Some("legacy.test"));
    assert_eq!(seen.one("x-gate"), Some("stepgate"));
    assert_eq!(seen.one("x-forwarded-prefix"), Some("/desk"));
    assert!(!seen.head.contains("evil"), "{}", seen.head);
}
