//! Sessions: read, extended, ended one by one and together.

use super::*;

#[tokio::test]
async fn sessions_are_read_disabled_and_extended() {
    let place = Place::new().await;
    let id = place.ada().await;
    let session = place.session(&id).await;
    let path = format!("/admin/sessions/{}", session.id);
    let plain = place.get(&path).await;
    assert_eq!(
        (&plain.body["identity"], &plain.body["devices"]),
        (&Value::Null, &value!([]))
    );
    let whole = place
        .get(&format!("{path}?expand=identity&expand=devices"))
        .await;
    assert_eq!(whole.body["identity"]["id"], value!(id));
    assert_eq!(whole.body["devices"][0]["ip_address"], "192.0.2.1");
    let listed = place.get("/admin/sessions?active=true").await;
    assert_eq!(listed.body[0]["identity"], Value::Null);
    assert_eq!(listed.body[0]["devices"], Value::Null);

    place.clock.advance(std::time::Duration::from_secs(60));
    place.told();
    let extended = place
        .ask(Method::PATCH, &format!("{path}/extend"), None)
        .await;
    assert_eq!(extended.status, 200);
    let until: Timestamp = extended.body["expires_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(until > session.expires_at);
    let identity: IdentityId = id.parse().unwrap();
    let ours = session.id;
    assert_eq!(
        place.told(),
        [IdentityEvent::SessionChanged {
            session: ours,
            identity
        }]
    );

    assert_eq!(place.ask(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(
        place.told(),
        [IdentityEvent::SessionEnded {
            session: ours,
            identity
        }]
    );
    assert_eq!(place.get(&path).await.body["active"], false);
    assert_eq!(place.ask(Method::DELETE, &path, None).await.status, 204);
    assert!(place.told().is_empty(), "it had ended before");
    assert_eq!(place.get("/admin/sessions/nonsense").await.status, 400);
}

#[tokio::test]
async fn sessions_are_ended_together() {
    let place = Place::new().await;
    let ada = place.ada().await;
    let bob = place
        .make(value!({"traits": {"email": "bob@bank.example"}}))
        .await;
    let one = place.session(&ada).await;
    place.session(&ada).await;
    let other = place.session(&bob).await;
    let act = |body| place.ask(Method::POST, "/admin/sessions", Some(body));
    let disabled = act(value!({"action": "disable", "identities": [ada]})).await;
    assert_eq!(disabled.body, value!({"processed": 2, "more": false}));
    let deleted = act(value!({"action": "delete", "sessions": [other.id]})).await;
    assert_eq!(deleted.body["processed"], 1);
    assert_eq!(
        place
            .get(&format!("/admin/sessions/{}", other.id))
            .await
            .status,
        404
    );
    let rest = act(value!({"action": "delete", "identities": ["*"]})).await;
    assert_eq!(rest.body["processed"], 2);
    assert_eq!(
        place
            .get(&format!("/admin/sessions/{}", one.id))
            .await
            .status,
        404
    );
    for wrong in [
        value!({"action": "nonsense", "sessions": [one.id]}),
        value!({"action": "delete"}),
        value!({"action": "delete", "sessions": [one.id], "identities": [ada]}),
        value!({"action": "delete", "sessions": []}),
    ] {
        assert_eq!(act(wrong).await.status, 400);
    }
}

#[tokio::test]
async fn an_operator_ends_a_session_by_its_id() {
    let place = Place::new().await;
    let id = place.ada().await;
    let session = place.session(&id).await;
    let path = format!("/stepgate/v1/sessions/{}/revoke", session.id);
    assert_eq!(place.ask(Method::POST, &path, None).await.status, 204);
    assert!(
        !place
            .store
            .session(session.id)
            .await
            .unwrap()
            .unwrap()
            .active
    );
    let nobody = "/stepgate/v1/sessions/11111111-2222-4333-8444-555555555555/revoke";
    assert_eq!(place.ask(Method::POST, nobody, None).await.status, 404);
    assert_eq!(
        place.get("/stepgate/v1/rules").await.status,
        404,
        "there are none here"
    );
}
