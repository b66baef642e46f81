//! Flows of people: native and in a browser.

use ory_kratos_client::apis::frontend_api as public;
use ory_kratos_client::models::{self, AuthenticatorAssuranceLevel};
use serde_json::json;

use crate::Claim;
use crate::service::{
    PASSWORD, accepted, csrf, error_id, login_with_password, login_with_totp, messages, node, open,
    refused, totp,
};

pub(crate) const CLAIMS: &[Claim] = &[
    ("a registration opens a session", |service| {
        Box::pin(async move {
            let flow = open(&service.public, "registration/api", None).await;
            let id = flow["id"].as_str().expect("an id");
            let email = format!("rust-{}@clients.example", uuid::Uuid::new_v4());
            let submit = |password: &str| {
                let traits = json!({"email": email, "age": 42});
                let method = models::UpdateRegistrationFlowWithPasswordMethod::new(
                    "password".into(),
                    password.into(),
                    traits,
                );
                let body = models::UpdateRegistrationFlowBody::Password(Box::new(method));
                public::update_registration_flow(&service.public, id, body, None)
            };
            let short = refused(submit("1234567").await, 400);
            assert_eq!(messages(&short), [4_000_032]);
            accepted(submit(PASSWORD).await);
            let token = service.token(&email).await;
            let identity = service.session(&token).await.identity.expect("an identity");
            assert_eq!(identity.traits, Some(json!({"email": email, "age": 42})));
        })
    }),
    ("a session tells who, how and until when", |service| {
        Box::pin(async move {
            let person = service.person().await;
            let done = service
                .sign_in(&person.email, PASSWORD)
                .await
                .expect("a login");
            let token = done.session_token.expect("a token");
            let session = service.session(&token).await;
            assert_eq!(session.id, done.session.id);
            assert_eq!(session.active, Some(true));
            let level = session.authenticator_assurance_level;
            assert_eq!(level, Some(AuthenticatorAssuranceLevel::Aal1));
            let methods = session.authentication_methods.expect("methods");
            assert_eq!(methods.len(), 1);
            let method = methods[0].method;
            assert_eq!(
                method,
                Some(models::session_authentication_method::MethodEnum::Password)
            );
            let identity = session.identity.expect("an identity");
            assert_eq!(identity.id, person.id);
            assert_eq!(identity.state, Some(models::identity::StateEnum::Active));
            assert_eq!(identity.verifiable_addresses.expect("addresses").len(), 1);
            assert_eq!(session.devices.expect("devices").len(), 1);
        })
    }),
    ("nobody and wrong passwords are refused", |service| {
        Box::pin(async move {
            let nobody = public::to_session(&service.public, Some("ory_st_nonsense"), None, None);
            error_id(nobody.await, 401);
            let person = service.person().await;
            let wrong = service.sign_in(&person.email, "not-the-right-one").await;
            assert_eq!(messages(&refused(wrong, 400)), [4_000_006]);
        })
    }),
    (
        "an authenticator app is asked for at the next login",
        |service| {
            Box::pin(async move {
                let person = service.person().await;
                let first = service.token(&person.email).await;
                let secret = service.enrol(&first).await;
                let level = service.session(&first).await.authenticator_assurance_level;
                assert_eq!(level, Some(AuthenticatorAssuranceLevel::Aal2));
                let token = service.token(&person.email).await;
                let asked = public::to_session(&service.public, Some(&token), None, None).await;
                assert_eq!(error_id(asked, 403), "session_aal2_required");
                let flow = open(&service.public, "login/api?aal=aal2", Some(&token)).await;
                assert_eq!(flow["requested_aal"], "aal2");
                let id = flow["id"].as_str().expect("an id");
                let submit = |code: String| {
                    let body = login_with_totp(code, None);
                    public::update_login_flow(&service.public, id, body, Some(&token), None)
                };
                assert_eq!(
                    messages(&refused(submit("000000".into()).await, 400)),
                    [4_000_008]
                );
                let done = submit(totp(&secret, 1)).await.expect("the second step");
                assert_eq!(done.session_token.as_deref(), Some(token.as_str()));
                let methods = service.session(&token).await.authentication_methods;
                let names: Vec<_> = methods
                    .into_iter()
                    .flatten()
                    .map(|it| json!(it.method))
                    .collect();
                assert_eq!(names, ["password", "totp"]);
            })
        },
    ),
    ("a recovery code is used once", |service| {
        Box::pin(async move {
            let person = service.person().await;
            let token = service.token(&person.email).await;
            let flow = open(&service.public, "settings/api", Some(&token)).await;
            let method = || models::UpdateSettingsFlowWithLookupMethod::new("lookup_secret".into());
            let mut make = method();
            make.lookup_secret_regenerate = Some(true);
            let body = models::UpdateSettingsFlowBody::LookupSecret(Box::new(make));
            service.change(&token, &flow, body).await;
            let id = flow["id"].as_str().expect("an id");
            let shown = open(
                &service.public,
                &format!("settings/flows?id={id}"),
                Some(&token),
            )
            .await;
            let context = &node(&shown, "lookup_secret_codes")["attributes"]["text"]["context"];
            let code = context["secrets"][0]["text"]
                .as_str()
                .expect("a code")
                .to_owned();
            let mut confirm = method();
            confirm.lookup_secret_confirm = Some(true);
            let body = models::UpdateSettingsFlowBody::LookupSecret(Box::new(confirm));
            service.change(&token, &flow, body).await;
            let token = service.token(&person.email).await;
            let statuses = [true, false];
            for works in statuses {
                let flow = open(
                    &service.public,
                    "login/api?aal=aal2&refresh=true",
                    Some(&token),
                )
                .await;
                let method = models::UpdateLoginFlowWithLookupSecretMethod::new(
                    code.clone(),
                    "lookup_secret".into(),
                );
                let body = models::UpdateLoginFlowBody::LookupSecret(Box::new(method));
                let id = flow["id"].as_str().expect("an id");
                let done =
                    public::update_login_flow(&service.public, id, body, Some(&token), None).await;
                if works {
                    done.expect("the first use");
                } else {
                    assert_eq!(messages(&refused(done, 400)), [4_000_012]);
                }
            }
        })
    }),
    ("other sessions are listed and ended", |service| {
        Box::pin(async move {
            let person = service.person().await;
            let (one, _two) = (
                service.token(&person.email).await,
                service.token(&person.email).await,
            );
            let mine = service.token(&person.email).await;
            let at = &service.public;
            let others =
                public::list_my_sessions(at, None, None, None, None, Some(&mine), None).await;
            assert_eq!(others.expect("a list").len(), 2);
            let first = service.session(&one).await.id;
            public::disable_my_session(at, &first, Some(&mine), None)
                .await
                .expect("ended");
            error_id(public::to_session(at, Some(&one), None, None).await, 401);
            let rest = public::disable_my_other_sessions(at, Some(&mine), None).await;
            assert_eq!(rest.expect("a count").count, Some(1));
            let body = models::PerformNativeLogoutBody::new(mine.clone());
            public::perform_native_logout(at, body)
                .await
                .expect("a logout");
            error_id(public::to_session(at, Some(&mine), None, None).await, 401);
        })
    }),
    ("a browser takes the second step and signs out", |service| {
        Box::pin(async move {
            let person = service.person().await;
            let secret = service.enrol(&service.token(&person.email).await).await;
            let browser = service.browser();
            let flow = open(&browser, "login/browser", None).await;
            let id = flow["id"].as_str().expect("an id");
            let forged = login_with_password(&person.email, PASSWORD, Some("wrong".into()));
            let forged = public::update_login_flow(&browser, id, forged, None, None).await;
            assert_eq!(error_id(forged, 403), "security_csrf_violation");
            let body = login_with_password(&person.email, PASSWORD, csrf(&flow));
            let next = public::update_login_flow(&browser, id, body, None, None).await;
            let next = refused(next, 422);
            assert_eq!(next["error"]["id"], "browser_location_change_required");
            assert!(
                next["redirect_browser_to"]
                    .as_str()
                    .expect("a URL")
                    .contains("aal=aal2")
            );
            let flow = open(&browser, "login/browser?aal=aal2", None).await;
            let body = login_with_totp(totp(&secret, 1), csrf(&flow));
            let id = flow["id"].as_str().expect("an id");
            // The answer has `continue_with`, which this SDK reads from no server.
            accepted(public::update_login_flow(&browser, id, body, None, None).await);
            let session = public::to_session(&browser, None, None, None)
                .await
                .expect("a session");
            let level = session.authenticator_assurance_level;
            assert_eq!(level, Some(AuthenticatorAssuranceLevel::Aal2));
            let logout = public::create_browser_logout_flow(&browser, None, None).await;
            let logout = logout.expect("a logout");
            assert!(logout.logout_url.contains(&logout.logout_token));
            let token = Some(logout.logout_token.as_str());
            // Nobody is where it leads to.
            let _elsewhere = public::update_logout_flow(&browser, token, None, None).await;
            error_id(public::to_session(&browser, None, None, None).await, 401);
        })
    }),
];
