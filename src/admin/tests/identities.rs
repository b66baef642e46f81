//! Identities: made, read, changed, found, deleted.

use super::*;

#[tokio::test]
async fn an_identity_is_made_and_read_in_kratos_shape() {
    let place = Place::new().await;
    let made = place
        .ask(
            Method::POST,
            "/identities",
            Some(value!({
                "traits": {"email": "ada@bank.example"}, "external_id": "ext-1",
                "metadata_admin": {"note": "vip"},
                "verifiable_addresses":
                    [{"value": "ada@bank.example", "via": "email", "verified": true}],
            })),
        )
        .await;
    assert_eq!(made.status, 201);
    let id = made.body["id"].as_str().unwrap();
    let location = made.headers["location"].to_str().unwrap();
    assert_eq!(location, format!("http://127.0.0.1:4434/identities/{id}"));
    let read = place.get("/admin/identities/by/external/ext-1").await;
    assert_eq!((read.status, &read.body["id"]), (200, &value!(id)));
    assert_eq!(
        read.body["schema_url"],
        "https://id.bank.example/schemas/ZGVmYXVsdA"
    );
    assert_eq!(read.body["verifiable_addresses"][0]["status"], "completed");
    assert_eq!(read.body["metadata_public"], Value::Null);
    assert_eq!(read.body["metadata_admin"]["note"], "vip");
    let password = &read.body["credentials"]["password"];
    assert_eq!(password["identifiers"], value!(["ada@bank.example"]));
    assert!(password.get("config").is_none());
    assert_eq!(
        read.headers["cache-control"],
        "private, no-cache, no-store, must-revalidate"
    );
}

#[tokio::test]
async fn a_hash_is_shown_only_when_asked_for() {
    let place = Place::new().await;
    let id = place.ada().await;
    let plain = place.get(&format!("/identities/{id}")).await;
    assert!(!plain.body.to_string().contains("$argon2id$"));
    let asked = place
        .get(&format!("/identities/{id}?include_credential=password"))
        .await;
    let hash = asked.body["credentials"]["password"]["config"]["hashed_password"].as_str();
    assert!(hash.unwrap().starts_with("$argon2id$"));
    let wrong = place
        .get(&format!("/identities/{id}?include_credential=nonsense"))
        .await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn an_identity_is_replaced_patched_and_deleted_and_each_is_told() {
    let place = Place::new().await;
    let id = place.ada().await;
    let path = format!("/admin/identities/{id}");
    place.told();
    let put = value!({"traits": {"email": "moved@bank.example"}, "state": "inactive"});
    let replaced = place.ask(Method::PUT, &path, Some(put)).await;
    assert_eq!(
        (replaced.status, &replaced.body["state"]),
        (200, &value!("inactive"))
    );
    let identity: IdentityId = id.parse().unwrap();
    let changed = IdentityEvent::IdentityChanged { identity };
    let factors = IdentityEvent::FactorsChanged { identity };
    assert_eq!(place.told(), [changed, factors]);
    let account = place.store.account(identity).await.unwrap().unwrap();
    let password = account.credentials.find(CredentialType::Password).unwrap();
    assert_eq!(password.identifiers, ["moved@bank.example"]);
    assert!(
        password.config["hashed_password"].is_string(),
        "the password stays"
    );

    let patch = value!([
        {"op": "replace", "path": "/state", "value": "active"},
        {"op": "add", "path": "/traits/name", "value": "Ada"},
        {"op": "add", "path": "/metadata_public", "value": {"plan": "gold"}},
    ]);
    let patched = place.ask(Method::PATCH, &path, Some(patch)).await;
    assert_eq!(patched.body["traits"]["name"], "Ada");
    assert_eq!(patched.body["state"], "active");
    assert_eq!(place.told(), [changed]);
    let wrong = value!([{"op": "replace", "path": "/traits/email", "value": "x"}]);
    assert_eq!(
        place.ask(Method::PATCH, &path, Some(wrong)).await.status,
        400
    );
    let protected = value!([{"op": "replace", "path": "/id", "value": "x"}]);
    assert_eq!(
        place
            .ask(Method::PATCH, &path, Some(protected))
            .await
            .status,
        400
    );

    assert_eq!(place.ask(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(place.told(), [changed]);
    assert_eq!(place.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_second_factor_can_be_taken_away_but_not_the_last_first_one() {
    let place = Place::new().await;
    let id = place
        .make(value!({
            "traits": {"email": "ada@bank.example"},
            "credentials": {
                "password": {"config": {"password": "correct horse battery"}},
                "totp": {"config": {"totp_url": "otpauth://totp/B:a?secret=GEZDGNBVGY3TQOJQ"}},
            },
        }))
        .await;
    let delete = |kind: &str| {
        let path = format!("/admin/identities/{id}/credentials/{kind}");
        let place = &place;
        async move { place.ask(Method::DELETE, &path, None).await.status }
    };
    place.told();
    assert_eq!(delete("totp").await, 204);
    let identity: IdentityId = id.parse().unwrap();
    assert!(
        place
            .told()
            .contains(&IdentityEvent::FactorsChanged { identity })
    );
    for (kind, status) in [
        ("totp", 404),
        ("lookup_secret", 404),
        ("webauthn", 204),
        ("code", 400),
        ("passkey", 404),
        ("nonsense", 404),
        ("password", 400),
    ] {
        assert_eq!(delete(kind).await, status, "{kind}");
    }
}

#[tokio::test]
async fn identities_are_found_by_filters_that_exclude_each_other() {
    let place = Place::new().await;
    let id = place.ada().await;
    place
        .make(value!({"traits": {"email": "bob@bank.example"}}))
        .await;
    let found = |query: &str| {
        let path = format!("/admin/identities?{query}");
        let place = &place;
        async move {
            let got = place.get(&path).await;
            (got.status, got.body.as_array().map(Vec::len))
        }
    };
    assert_eq!(
        found("credentials_identifier=ADA@bank.example").await,
        (200, Some(1))
    );
    assert_eq!(found(&format!("ids={id}&ids={id}")).await, (200, Some(1)));
    assert_eq!(
        found("preview_credentials_identifier_similar=bank").await,
        (200, Some(2))
    );
    assert_eq!(found("ids=nonsense").await.0, 400);
    assert_eq!(
        found(&format!("ids={id}&credentials_identifier=x")).await.0,
        400
    );
    assert_eq!(found("page_size=x").await.0, 400);
    let first = place.get("/admin/identities?page_size=1").await;
    let link = first.headers["link"].to_str().unwrap().to_owned();
    let next = link
        .split("rel=\"first\",<")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    let second = place.get(next).await;
    assert_eq!(second.body.as_array().unwrap().len(), 1);
    assert_ne!(first.body[0]["id"], second.body[0]["id"]);
    assert!(
        !second.headers["link"]
            .to_str()
            .unwrap()
            .contains("rel=\"next\"")
    );
    assert_eq!(found("page=1&per_page=1").await, (200, Some(1)));
    assert_eq!(found("page=11&per_page=100").await.0, 400);
}

#[tokio::test]
async fn many_identities_stand_or_fall_one_by_one() {
    let place = Place::new().await;
    place.ada().await;
    let body = value!({"identities": [
        {"create": {"traits": {"email": "one@bank.example"}},
         "patch_id": "11111111-2222-4333-8444-555555555555"},
        {"create": {"traits": {"email": "ada@bank.example"}}},
    ]});
    let got = place
        .ask(Method::PATCH, "/admin/identities", Some(body))
        .await;
    assert_eq!(got.status, 200);
    let results = &got.body["identities"];
    assert_eq!(results[0]["action"], "create");
    assert_eq!(
        results[0]["patch_id"],
        "11111111-2222-4333-8444-555555555555"
    );
    assert_eq!(
        (&results[1]["action"], &results[1]["error"]["code"]),
        (&value!("error"), &value!(409))
    );
}
