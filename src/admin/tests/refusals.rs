//! What is refused, and what is answered by somebody else.

use super::*;

#[tokio::test]
async fn refusals_have_kratos_envelope() {
    let place = Place::new().await;
    place.ada().await;
    let nobody = "/admin/identities/11111111-2222-4333-8444-555555555555";
    let post = |body| place.ask(Method::POST, "/admin/identities", Some(body));
    for (got, status) in [
        (
            post(value!({"traits": {"email": "ada@bank.example"}})).await,
            409,
        ),
        (post(value!({"traits": {"email": "nonsense"}})).await, 400),
        (
            post(value!({"traits": {}, "schema_id": "nonsense"})).await,
            400,
        ),
        (
            post(value!({"traits": {"email": "b@b.example"}, "nonsense": 1})).await,
            400,
        ),
        (post(value!([])).await, 400),
        (place.get(nobody).await, 404),
        (place.get("/admin/identities/nonsense").await, 404),
        (place.ask(Method::DELETE, nobody, None).await, 404),
    ] {
        assert_eq!(got.status, status, "{}", got.body);
        assert_eq!(got.body["error"]["code"], status);
        assert_eq!(got.headers["content-type"], "application/json");
        assert_eq!(got.headers["ory-error-id"], "");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_in_the_same_shape() {
    let place = Place::new().await;
    let huge = value!({"traits": {"email": "x".repeat(9 * 1024 * 1024)}});
    let got = place
        .ask(Method::POST, "/admin/identities", Some(huge))
        .await;
    assert_eq!(
        (got.status, &got.body["error"]["code"]),
        (413, &value!(413))
    );
    let got = place.get("/admin/identities/%ff").await;
    assert_eq!(
        (got.status, &got.body["error"]["code"]),
        (400, &value!(400))
    );
}

#[tokio::test]
async fn health_version_and_foreign_paths_answer_as_kratos_does() {
    let place = Place::new().await;
    assert_eq!(
        place.get("/health/alive").await.body,
        value!({"status": "ok"})
    );
    assert_eq!(
        place.get("/health/ready").await.status,
        503,
        "still starting"
    );
    place.readiness.begin();
    assert_eq!(place.get("/health/ready").await.status, 200);
    assert_eq!(
        place.get("/version").await.body["version"],
        env!("CARGO_PKG_VERSION")
    );
    let elsewhere = place.get("/sessions/whoami?x=1").await;
    assert_eq!(elsewhere.status, 307);
    assert_eq!(
        elsewhere.headers["location"],
        "https://id.bank.example/sessions/whoami?x=1"
    );
    assert_eq!(place.get("/self-service/login/api").await.status, 307);
    assert_eq!(place.get("/nonsense").await.status, 404);
    assert_eq!(
        place
            .ask(Method::DELETE, "/admin/identities", None)
            .await
            .status,
        405
    );
    let schemas = place.get("/schemas").await;
    assert_eq!(schemas.body[0]["id"], "default");
    place.store.close().await;
    assert_eq!(place.get("/health/alive").await.status, 200);
    assert_eq!(place.get("/health/ready").await.status, 503);
}
