//! What needs a mailbox: verification and recovery.

use ory_kratos_client::apis::{courier_api, frontend_api as public, identity_api as admin};
use ory_kratos_client::models;
use serde_json::json;

use crate::Claim;
use crate::service::{accepted, error_id, open};

pub(crate) const CLAIMS: &[Claim] = &[
    (
        "an address is verified with the code of a mail",
        |service| {
            Box::pin(async move {
                let person = service.person().await;
                let flow = open(&service.public, "verification/api", None).await;
                let id = flow["id"].as_str().expect("an id");
                let submit = |email: Option<String>, code: Option<String>| {
                    let kind = models::update_verification_flow_with_code_method::MethodEnum::Code;
                    let mut method = models::UpdateVerificationFlowWithCodeMethod::new(kind);
                    (method.email, method.code) = (email, code);
                    let body = models::UpdateVerificationFlowBody::Code(Box::new(method));
                    public::update_verification_flow(&service.public, id, body, None, None)
                };
                accepted(submit(Some(person.email.clone()), None).await);
                let (_, code) = service
                    .mailed(&person.email, "verification_code_valid")
                    .await;
                accepted(submit(None, Some(code)).await);
                let identity = admin::get_identity(&service.admin, &person.id, None)
                    .await
                    .expect("one");
                assert!(identity.verifiable_addresses.expect("addresses")[0].verified);
            })
        },
    ),
    (
        "a recovery code is mailed, and one is handed out",
        |service| {
            Box::pin(async move {
                let person = service.person().await;
                let flow = open(&service.public, "recovery/api", None).await;
                let kind = models::update_recovery_flow_with_code_method::MethodEnum::Code;
                let mut method = models::UpdateRecoveryFlowWithCodeMethod::new(kind);
                method.email = Some(person.email.clone());
                let body = models::UpdateRecoveryFlowBody::Code(Box::new(method));
                let id = flow["id"].as_str().expect("an id");
                accepted(public::update_recovery_flow(&service.public, id, body, None, None).await);
                let (mail, _) = service.mailed(&person.email, "recovery_code_valid").await;
                assert_eq!(mail.recipient, person.email);
                let one = courier_api::get_courier_message(&service.admin, &mail.id)
                    .await
                    .expect("one");
                assert_eq!(
                    (one.subject, json!(one.r#type)),
                    (mail.subject, json!("email"))
                );
                let body = models::CreateRecoveryCodeForIdentityBody::new(person.id);
                let made =
                    admin::create_recovery_code_for_identity(&service.admin, Some(body)).await;
                assert_eq!(made.expect("a code").recovery_code.len(), 6);
                let nothing = uuid::Uuid::new_v4().to_string();
                error_id(
                    courier_api::get_courier_message(&service.admin, &nothing).await,
                    404,
                );
            })
        },
    ),
];
