//! Ways other than a mail server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use stepgate::courier::{HttpService, Way};
use stepgate::identity::Channel;
use stepgate::jsonnet::Snippet;
use stepgate::secret::SecretString;
use stepgate::store::MailStatus;

use super::world::World;
use crate::support::server::{Server, ok};

const NUMBER: &str = "+491701234567";

fn service(server: &Server, body: Option<&str>) -> Way {
    let secret = |text: &str| SecretString::new(text.to_owned());
    Way::Http(Arc::new(HttpService {
        url: secret(&format!(
            "{}/send?key=s3cret",
            server.url().trim_end_matches('/')
        )),
        method: "POST".to_owned(),
        headers: vec![("x-api-key".to_owned(), secret("another-s3cret"))],
        body: body.map(|text| Snippet::parse("body.jsonnet", text).unwrap()),
    }))
}

async fn world_with(server: &Server, body: Option<&str>) -> World {
    let mut world = World::new(Way::Nowhere).await;
    world.config.sms = service(server, body);
    world
}

#[tokio::test]
async fn a_service_gets_a_text_message_in_kratos_own_shape() {
    let server = Server::replying(|_| ok(""));
    let world = world_with(&server, None).await;
    let id = world.post_by(Channel::Sms, NUMBER).await;
    assert_eq!(world.worker().send_due(Channel::Sms).await.unwrap(), 1);
    assert_eq!(world.status(id).await, MailStatus::Sent);
    let request = server.only();
    assert_eq!(
        (request.method(), request.target()),
        ("POST", "/send?key=s3cret")
    );
    assert_eq!(request.header("x-api-key"), Some("another-s3cret"));
    assert_eq!(request.header("idempotency-key"), Some(&*id.to_string()));
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["recipient"], NUMBER);
    assert_eq!(body["template_type"], "login_code_valid");
    assert_eq!(body["recovery_code"], json!(null));
    assert!(body["body"].as_str().unwrap().contains("482915"));
}

#[tokio::test]
async fn a_jsonnet_body_gets_what_the_message_was_made_of() {
    let server = Server::replying(|_| ok(""));
    let program = "function(ctx) { to: ctx.recipient, code: ctx.template_data.login_code, \
                   kind: ctx.message_type }";
    let world = world_with(&server, Some(program)).await;
    world.post_by(Channel::Sms, NUMBER).await;
    world.worker().send_due(Channel::Sms).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&server.only().body).unwrap();
    assert_eq!(
        body,
        json!({ "to": NUMBER, "code": "482915", "kind": "phone" })
    );
}

#[tokio::test]
async fn a_service_that_fails_is_called_again_and_its_reason_shows_no_key() {
    let calls = AtomicUsize::new(0);
    let server = Server::replying(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".to_vec(),
        1 => b"nonsense\r\n\r\n".to_vec(),
        _ => ok(""),
    });
    let world = world_with(&server, None).await;
    let id = world.post_by(Channel::Sms, NUMBER).await;
    for _ in 0..3 {
        world.worker().send_due(Channel::Sms).await.unwrap();
        world.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(world.status(id).await, MailStatus::Sent);
    let reasons = world.reasons(id).await;
    assert_eq!(reasons.len(), 3);
    assert_eq!(reasons[0].as_deref(), Some("the service answered 503"));
    assert!(reasons[1].is_some() && reasons[2].is_none());
    assert!(!format!("{reasons:?}").contains("s3cret"));
    assert!(!format!("{:?}", world.config).contains("s3cret"));
}

#[tokio::test]
async fn a_body_that_can_not_be_made_is_tried_again_and_named() {
    let server = Server::replying(|_| ok(""));
    let world = world_with(&server, Some("function(ctx) ctx.nothing")).await;
    let id = world.post_by(Channel::Sms, NUMBER).await;
    world.worker().send_due(Channel::Sms).await.unwrap();
    assert_eq!(world.status(id).await, MailStatus::Queued);
    let reasons = world.reasons(id).await;
    assert!(
        reasons[0].as_deref().unwrap().contains("body.jsonnet"),
        "{reasons:?}"
    );
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_folder_gets_one_whole_file_a_mail() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(Way::Folder(folder.path().join("mails"))).await;
    let id = world.post("ada@example.com").await;
    world.send_due().await;
    assert_eq!(world.status(id).await, MailStatus::Sent);
    let files: Vec<_> = std::fs::read_dir(folder.path().join("mails"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert!(files[0].extension().is_some_and(|name| name == "eml"));
    assert!(text.contains("To: ada@example.com") && text.contains("482915"));
}

#[tokio::test]
async fn without_a_way_a_message_is_given_up_and_says_so() {
    let world = World::new(Way::Nowhere).await;
    let id = world.post_by(Channel::Sms, "+491701234567").await;
    world.worker().send_due(Channel::Sms).await.unwrap();
    assert_eq!(world.status(id).await, MailStatus::Abandoned);
    let reasons = world.reasons(id).await;
    assert_eq!(reasons[0].as_deref(), Some("no way is configured for sms"));
}

#[tokio::test]
async fn a_running_worker_is_woken_by_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(Way::Folder(folder.path().to_owned())).await;
    // So long that only the commit itself can be the reason.
    world.config.pull_wait = Duration::from_secs(3600);
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(world.worker().run(stop.clone()));
    tokio::task::yield_now().await;
    let id = world.post("ada@example.com").await;
    let sent = async {
        while world.status(id).await != MailStatus::Sent {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), sent)
        .await
        .unwrap();
    stop.cancel();
    running.await.unwrap();
}
