//! The administration.

use ory_kratos_client::apis::identity_api as admin;
use ory_kratos_client::apis::{frontend_api, metadata_api};
use ory_kratos_client::models;
use serde_json::json;

use crate::Claim;
use crate::service::{PASSWORD, error_id, messages, refused};

pub(crate) const CLAIMS: &[Claim] = &[
    ("the service is alive, ready and has a version", |service| {
        Box::pin(async move {
            assert_eq!(
                metadata_api::is_alive(&service.admin)
                    .await
                    .expect("alive")
                    .status,
                "ok"
            );
            metadata_api::is_ready(&service.admin).await.expect("ready");
            let version = metadata_api::get_version(&service.admin)
                .await
                .expect("a version");
            assert!(!version.version.is_empty());
        })
    }),
    (
        "an imported hash signs in and is shown only when asked for",
        |service| {
            Box::pin(async move {
                let email = format!("rust-{}@clients.example", uuid::Uuid::new_v4());
                let traits = json!({"email": email});
                let mut body = models::CreateIdentityBody::new("person".into(), traits);
                // The password below, in another system's way: scrypt with small parameters.
                let hash = "$scrypt$ln=1024,r=8,p=1$c29tZS1zYWx0LXZhbHVlIQ==$\
                    deEhm9coY5a1dgh0pxT3fSSzSjFHnR3PiJXRJjbOr3E=";
                let config = json!({"password": {"config": {"hashed_password": hash}}});
                body.credentials = Some(Box::new(
                    serde_json::from_value(config).expect("credentials"),
                ));
                body.metadata_admin = Some(Some(json!({"note": "imported"})));
                let made = admin::create_identity(&service.admin, Some(body))
                    .await
                    .expect("a person");
                let one = admin::get_identity(&service.admin, &made.id, None)
                    .await
                    .expect("a person");
                assert_eq!(one.metadata_admin, Some(Some(json!({"note": "imported"}))));
                let config = |identity: models::Identity| {
                    let mut credentials = identity.credentials.expect("credentials");
                    credentials.remove("password").expect("a password").config
                };
                assert_eq!(config(one), None);
                let asked = Some(vec!["password".to_owned()]);
                let whole = admin::get_identity(&service.admin, &made.id, asked)
                    .await
                    .expect("a person");
                assert_eq!(config(whole).expect("a config")["hashed_password"], hash);
                service.token(&email).await;
                refused(service.sign_in(&email, "not-the-right-one").await, 400);
            })
        },
    ),
    (
        "identities are listed, patched, replaced and deleted",
        |service| {
            Box::pin(async move {
                let person = service.person().await;
                let at = &service.admin;
                let list = |name| {
                    admin::list_identities(
                        at,
                        None,
                        None,
                        Some(10),
                        None,
                        None,
                        None,
                        name,
                        None,
                        None,
                        None,
                    )
                };
                let found = list(Some(person.email.as_str())).await.expect("a list");
                assert_eq!(
                    found.iter().map(|it| &it.id).collect::<Vec<_>>(),
                    [&person.id]
                );
                assert!(!list(None).await.expect("a list").is_empty());
                let mut add = models::JsonPatch::new("add".into(), "/traits/nick".into());
                add.value = Some(Some(json!("Addie")));
                let patched = admin::patch_identity(at, &person.id, Some(vec![add])).await;
                assert_eq!(
                    patched.expect("a person").traits.expect("traits")["nick"],
                    "Addie"
                );
                let mut forbidden = models::JsonPatch::new("replace".into(), "/id".into());
                forbidden.value = Some(Some(json!("x")));
                error_id(
                    admin::patch_identity(at, &person.id, Some(vec![forbidden])).await,
                    400,
                );
                let inactive = models::update_identity_body::StateEnum::Inactive;
                let traits = json!({"email": person.email});
                let body = models::UpdateIdentityBody::new("person".into(), inactive, traits);
                let replaced = admin::update_identity(at, &person.id, Some(body))
                    .await
                    .expect("a person");
                assert_eq!(replaced.state, Some(models::identity::StateEnum::Inactive));
                let disabled = service.sign_in(&person.email, PASSWORD).await;
                assert_eq!(messages(&refused(disabled, 400)), [4_010_011]);
                admin::delete_identity(at, &person.id)
                    .await
                    .expect("deleted");
                error_id(admin::get_identity(at, &person.id, None).await, 404);
            })
        },
    ),
    ("a second factor is taken away", |service| {
        Box::pin(async move {
            let person = service.person().await;
            service.enrol(&service.token(&person.email).await).await;
            let at = &service.admin;
            admin::delete_identity_credentials(at, &person.id, "totp", None)
                .await
                .expect("taken");
            let token = service.token(&person.email).await;
            let level = service.session(&token).await.authenticator_assurance_level;
            assert_eq!(level, Some(models::AuthenticatorAssuranceLevel::Aal1));
            let again = admin::delete_identity_credentials(at, &person.id, "totp", None).await;
            error_id(again, 404);
        })
    }),
    ("many identities are made at once", |service| {
        Box::pin(async move {
            let person = service.person().await;
            let create = |email: String| {
                let body =
                    models::CreateIdentityBody::new("person".into(), json!({"email": email}));
                let mut patch = models::IdentityPatch::new();
                patch.create = Some(Box::new(body));
                patch
            };
            let fresh = format!("rust-{}@clients.example", uuid::Uuid::new_v4());
            let mut body = models::PatchIdentitiesBody::new();
            body.identities = Some(vec![create(fresh), create(person.email)]);
            let done = admin::batch_patch_identities(&service.admin, Some(body)).await;
            let outcomes = done.expect("outcomes").identities.expect("a list");
            let actions: Vec<_> = outcomes.iter().map(|it| json!(it.action)).collect();
            assert_eq!(actions, ["create", "error"]);
        })
    }),
    ("sessions are listed, extended and ended", |service| {
        Box::pin(async move {
            let person = service.person().await;
            let token = service.token(&person.email).await;
            let at = &service.admin;
            let listed =
                admin::list_identity_sessions(at, &person.id, None, None, None, None, None);
            let listed = listed.await.expect("a list");
            assert_eq!(listed.len(), 1);
            let id = &listed[0].id;
            let expand = || Some(vec!["identity".to_owned(), "devices".to_owned()]);
            let one = admin::get_session(at, id, expand())
                .await
                .expect("a session");
            assert_eq!(one.identity.expect("an identity").id, person.id);
            admin::extend_session(at, id).await.expect("extended");
            let all = admin::list_sessions(at, Some(500), None, Some(true), expand()).await;
            assert!(all.expect("a list").iter().any(|it| it.id == *id));
            admin::disable_session(at, id).await.expect("ended");
            error_id(
                frontend_api::to_session(&service.public, Some(&token), None, None).await,
                401,
            );
        })
    }),
];
