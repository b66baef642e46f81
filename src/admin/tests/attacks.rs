//! Requests that want more than they may have, or cost more than they should.

use super::*;

const BCRYPT: &str = "$2b$04$OlqGDrfdfkiQnM83NKaB7ejgtVTgGMtI/6d9cLD8USfWhs.gtRG0S";

fn credentials(kind: &str, config: &Value) -> Value {
    value!({
        "traits": {"email": "eve@bank.example"},
        "credentials": {kind: {"config": config}},
    })
}

#[tokio::test]
async fn members_that_nobody_asked_for_are_refused_wherever_they_stand() {
    let place = Place::new().await;
    let ada = place.ada().await;
    let email = || value!({"email": "eve@bank.example"});
    let new = |key: &str| value!({"traits": email(), key: "x"});
    for key in [
        "id",
        "state_changed_at",
        "created_at",
        "nid",
        "available_aal",
        "ID",
        "Traits",
    ] {
        let made = place
            .ask(Method::POST, "/admin/identities", Some(new(key)))
            .await;
        assert_eq!(made.status, 400, "{key}: {}", made.body);
        let path = format!("/admin/identities/{ada}");
        let replaced = place.ask(Method::PUT, &path, Some(new(key))).await;
        assert_eq!(replaced.status, 400, "{key}: {}", replaced.body);
    }
    for body in [
        credentials(
            "password",
            &value!({"hashed_password": BCRYPT, "identifiers": ["root"]}),
        ),
        credentials(
            "totp",
            &value!({"totp_url": "otpauth://totp/x?secret=A", "aal": "aal2"}),
        ),
        credentials(
            "lookup_secret",
            &value!({"recovery_codes": [{"code": "x"}]}),
        ),
        credentials("nonsense", &value!({})),
        value!({"traits": {"email": "eve@bank.example", "admin": true}}),
        value!({"traits": ["eve@bank.example"]}),
        value!({"traits": null}),
        value!([{"traits": {"email": "eve@bank.example"}}]),
    ] {
        let made = place
            .ask(Method::POST, "/admin/identities", Some(body.clone()))
            .await;
        assert_eq!(made.status, 400, "{body}: {}", made.body);
    }
    let list = place.get("/admin/identities").await;
    assert_eq!(list.body.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_credential_of_one_type_is_not_taken_for_another() {
    let place = Place::new().await;
    for body in [
        credentials(
            "password",
            &value!({"totp_url": "otpauth://totp/x?secret=A"}),
        ),
        credentials("password", &value!({"hashed_password": {"$ne": ""}})),
        credentials("password", &value!({"hashed_password": ["x"]})),
        credentials("totp", &value!({"totp_url": 7})),
        credentials("totp", &value!({"hashed_password": BCRYPT})),
        credentials("lookup_secret", &value!({"codes": "abcdefgh"})),
        credentials("lookup_secret", &value!({"codes": [7]})),
        credentials("oidc", &value!({"providers": [{"provider": "x"}]})),
        credentials(
            "oidc",
            &value!({"providers": [{"provider": "x", "subject": 7}]}),
        ),
        credentials("passkey", &value!({"credentials": []})),
    ] {
        let made = place
            .ask(Method::POST, "/admin/identities", Some(body.clone()))
            .await;
        assert_eq!(made.status, 400, "{body}: {}", made.body);
    }
}

#[tokio::test]
async fn hashes_that_would_stop_the_service_are_refused_however_they_come() {
    let place = Place::new().await;
    let ada = place.ada().await;
    let path = format!("/admin/identities/{ada}");
    for hash in [
        "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$AAAAAAAA",
        "$scrypt$ln=1048576,r=8,p=1$c2FsdA==$AAAAAA==",
        "$pbkdf2-sha512$i=4000000000,l=4$c2FsdA$AAAAAA",
        "$6$salt$hash",
        "correct horse battery",
    ] {
        let config = value!({"hashed_password": hash});
        let made = place
            .ask(
                Method::POST,
                "/admin/identities",
                Some(credentials("password", &config)),
            )
            .await;
        assert_eq!(made.status, 400, "{hash}: {}", made.body);
        let patch = value!([{
            "op": "replace", "path": "/credentials/password/config/hashed_password", "value": hash,
        }]);
        let patched = place.ask(Method::PATCH, &path, Some(patch)).await;
        assert_eq!(patched.status, 400, "{hash}: {}", patched.body);
    }
    let patch = value!([{
        "op": "replace", "path": "/credentials/password/config/hashed_password", "value": BCRYPT,
    }]);
    assert_eq!(
        place.ask(Method::PATCH, &path, Some(patch)).await.status,
        200
    );
}

#[tokio::test]
async fn a_patch_neither_reaches_protected_parts_nor_tells_what_credentials_hold() {
    let place = Place::new().await;
    let ada = place.ada().await;
    let path = format!("/admin/identities/{ada}");
    let hash = "/credentials/password/config/hashed_password";
    for operation in [
        value!({"op": "add", "path": "/id", "value": "x"}),
        value!({"op": "remove", "path": "/id"}),
        value!({"op": "replace", "path": "", "value": {}}),
        value!({"op": "replace", "path": "/credentials", "value": {}}),
        value!({"op": "replace", "path": "/Credentials", "value": {}}),
        value!({"op": "remove", "path": "/credentials"}),
        value!({"op": "add", "path": "/credentials/oidc", "value": {"config": {}}}),
        value!({"op": "add", "path": "/credentials/OIDC/config", "value": {}}),
        value!({"op": "add", "path": "/credentials/nonsense", "value": {"config": {}}}),
        value!({"op": "add", "path": "/credentials/a~1b", "value": {"config": {}}}),
        value!({"op": "copy", "from": hash, "path": "/metadata_public"}),
        value!({"op": "move", "from": hash, "path": "/traits/nick"}),
        value!({"op": "copy", "from": "/credentials", "path": "/metadata_public"}),
        value!({"op": "copy", "from": "", "path": "/metadata_public"}),
        value!({"op": "move", "from": "/id", "path": "/metadata_public"}),
        value!({"op": "test", "path": hash, "value": "x"}),
        value!({"op": "replace", "path": "/state", "value": "administrator"}),
        value!({"op": "replace", "path": "/state", "value": {"$ne": 1}}),
        value!({"op": "replace", "path": "/schema_id", "value": "nonsense"}),
        value!({"op": "add", "path": "/traits/admin", "value": true}),
        value!({"op": "replace", "path": "/organization_id", "value": "x"}),
        value!({"op": "replace", "path": "/verifiable_addresses", "value": "x"}),
        value!({"op": "REPLACE", "path": "/state", "value": "inactive"}),
        value!("nonsense"),
    ] {
        let patched = place
            .ask(Method::PATCH, &path, Some(value!([operation])))
            .await;
        assert_eq!(patched.status, 400, "{operation}: {}", patched.body);
    }
    assert!(
        place
            .told()
            .iter()
            .all(|event| matches!(event, IdentityEvent::IdentityChanged { .. }))
    );
    let after = place
        .get(&format!("{path}?include_credential=password"))
        .await;
    assert_eq!(after.body["metadata_public"], Value::Null);
    assert_eq!(after.body["state"], "active");
    assert_eq!(after.body["traits"], value!({"email": "Ada@bank.example"}));
}

#[tokio::test]
async fn an_address_becomes_nobodys_by_a_patch() {
    let place = Place::new().await;
    let ada = place.ada().await;
    let path = format!("/admin/identities/{ada}");
    let now = "2026-01-01T00:00:00Z";
    let foreign = value!([{
        "op": "add", "path": "/verifiable_addresses/-", "value": {
            "id": uuid::Uuid::new_v4(), "value": "boss@bank.example", "verified": true,
            "via": "email", "status": "completed", "created_at": now, "updated_at": now,
        },
    }]);
    let patched = place.ask(Method::PATCH, &path, Some(foreign)).await;
    let addresses = patched.body["verifiable_addresses"].to_string();
    assert!(!addresses.contains("boss@"), "{addresses}");
}

#[tokio::test]
async fn tokens_of_pages_that_were_tampered_with_are_refused() {
    let place = Place::new().await;
    let ada = place.ada().await;
    for _ in 0..3 {
        place.session(&ada).await;
    }
    let first = place.get("/admin/sessions?page_size=1").await;
    let link = first.headers["link"].to_str().unwrap();
    let next = link.split(',').find(|link| link.contains("next")).unwrap();
    let token = next.split("page_token=").nth(1).unwrap();
    let token = token.split(['&', '>']).next().unwrap();
    let second = place
        .get(&format!("/admin/sessions?page_size=1&page_token={token}"))
        .await;
    assert_eq!(second.status, 200);
    assert_ne!(second.body, first.body);
    let mut flipped = token.to_owned().into_bytes();
    flipped[10] = if flipped[10] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    for forged in [
        flipped.as_str(),
        token.get(..8).unwrap(),
        "AAAA",
        "1",
        &ada,
        "%00",
        "' OR 1=1 --",
    ] {
        let forged: String = url::form_urlencoded::byte_serialize(forged.as_bytes()).collect();
        let refused = place
            .get(&format!("/admin/sessions?page_token={forged}"))
            .await;
        assert_eq!(refused.status, 400, "{forged}: {}", refused.body);
    }
    for forged in ["nonsense", "-1", "%27%20OR%201=1", "1e9"] {
        let refused = place
            .get(&format!("/admin/identities?page_token={forged}"))
            .await;
        assert_eq!(refused.status, 400, "{forged}: {}", refused.body);
    }
    for size in ["x", "-1", "1e3", "99999999999"] {
        for list in ["identities", "sessions"] {
            let refused = place.get(&format!("/admin/{list}?page_size={size}")).await;
            assert_eq!(refused.status, 400, "{list} {size}: {}", refused.body);
        }
    }
}

#[tokio::test]
async fn a_part_of_an_identifier_is_text_and_no_pattern() {
    let place = Place::new().await;
    place.ada().await;
    for part in ["%25", "_da", "a%25e", "[a]da", "!", "' OR '1'='1"] {
        let part = part.replace(' ', "%20");
        let path = format!("/admin/identities?preview_credentials_identifier_similar={part}");
        let found = place.get(&path).await;
        assert_eq!(found.body, value!([]), "{part}");
    }
}

#[tokio::test]
async fn a_batch_has_its_limits() {
    let place = Place::new().await;
    let patch = |count: usize, password: bool| {
        let one = |at: usize| {
            let mut create = value!({"traits": {"email": format!("p{at}@bank.example")}});
            if password {
                create["credentials"] =
                    value!({"password": {"config": {"password": "correct horse"}}});
            }
            value!({ "create": create })
        };
        value!({"identities": (0..count).map(one).collect::<Vec<_>>()})
    };
    for (count, password) in [(1001, false), (201, true)] {
        let body = patch(count, password);
        let refused = place
            .ask(Method::PATCH, "/admin/identities", Some(body))
            .await;
        assert_eq!(refused.status, 400, "{count} {password}: {}", refused.body);
    }
    let list = place.get("/admin/identities").await;
    assert_eq!(
        list.body,
        value!([]),
        "all or nothing is made of a batch that is too large"
    );
}

#[tokio::test]
async fn a_page_on_another_site_gets_nothing_done() {
    let place = Place::new().await;
    let ada = place.ada().await;
    let path = format!("/admin/identities/{ada}");
    let delete = |headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(Method::DELETE).uri(&path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    };
    for headers in [
        &[("host", "rebound.evil.example")][..],
        &[("host", "localhost.evil.example:4434")],
        &[("host", "127.0.0.1.nip.io")],
        &[("host", "localhost"), ("origin", "https://evil.example")],
        &[("host", "localhost"), ("origin", "null")],
        &[("host", "localhost"), ("origin", "http://localhost")],
        &[("host", "localhost"), ("sec-fetch-site", "cross-site")],
        &[("host", "localhost"), ("sec-fetch-site", "same-site")],
        &[("host", "localhost"), ("host", "evil.example")],
    ] {
        let answer = place.router.clone().oneshot(delete(headers)).await.unwrap();
        assert_eq!(answer.status().as_u16(), 403, "{headers:?}");
    }
    let form = Request::post("/admin/identities")
        .header("host", "localhost")
        .header("content-type", "text/plain")
        .header("content-length", "2")
        .body(Body::from("{}"));
    let answer = place.router.clone().oneshot(form.unwrap()).await.unwrap();
    assert_eq!(answer.status().as_u16(), 415);
    assert_eq!(place.get(&path).await.status, 200);
}
