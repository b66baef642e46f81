//! Mail servers: encrypted, kind, and otherwise.

use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use stepgate::courier::{Encryption, Sender, SmtpServer, Way};
use stepgate::identity::Channel;
use stepgate::secret::SecretString;
use stepgate::store::MailStatus;

use super::server::{Lock, MailServer, Temper};
use super::world::{World, smtp, way_to};

#[tokio::test]
async fn a_mail_arrives_with_its_code_and_a_stable_name() {
    let (mut world, server) = World::with_server().await;
    world.config.from = Sender {
        address: "no-reply@bank.example".to_owned(),
        name: Some("Bänk, \"the\" best".to_owned()),
    };
    world.config.headers = vec![("X-Campaign".to_owned(), "sign in".to_owned())];
    let id = world.post("ada@example.com").await;
    assert_eq!(world.send_due().await, 1);
    let mail = &server.mails()[0];
    assert!(mail.to.contains("<ada@example.com>"), "{}", mail.to);
    assert!(
        mail.from.contains("<no-reply@bank.example>"),
        "{}",
        mail.from
    );
    assert_eq!(mail.header("Subject"), Some("Use code 482915 to log in"));
    assert_eq!(
        mail.header("Message-ID"),
        Some(&*format!("<{id}@bank.example>"))
    );
    assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(mail.header("X-Campaign"), Some("sign in"));
    assert_eq!(mail.header("Date"), Some("Sun, 01 Mar 2026 12:00:00 +0000"));
    assert!(mail.text.contains("text/plain") && mail.text.contains("text/html"));
    let record = world.record(id).await;
    assert_eq!((record.status, record.send_count), (MailStatus::Sent, 1));
    assert_eq!(world.reasons(id).await, [None]);
    assert_eq!(world.send_due().await, 0);
}

#[rstest]
#[case(Lock::StartTls, Encryption::StartTls)]
#[case(Lock::Implicit, Encryption::Implicit)]
#[tokio::test]
async fn a_connection_is_encrypted_before_anybody_logs_in(
    #[case] lock: Lock,
    #[case] encryption: Encryption,
) {
    let server = MailServer::start(lock);
    let login = ("ada".to_owned(), SecretString::new("secret".to_owned()));
    let way = Way::Smtp(Arc::new(SmtpServer {
        verify: false,
        login: Some(login),
        ..smtp(&server, encryption)
    }));
    let world = World::new(way).await;
    let id = world.post("ada@example.com").await;
    world.send_due().await;
    assert_eq!(
        world.status(id).await,
        MailStatus::Sent,
        "{:?}",
        world.reasons(id).await
    );
    let mail = &server.mails()[0];
    assert!(mail.encrypted);
    assert_eq!(mail.auth.as_deref(), Some("AUTH PLAIN AGFkYQBzZWNyZXQ="));
}

#[rstest]
#[case(Lock::StartTls, Encryption::StartTls)]
#[case(Lock::Implicit, Encryption::Implicit)]
#[tokio::test]
async fn a_certificate_that_nobody_knows_is_refused(
    #[case] lock: Lock,
    #[case] encryption: Encryption,
) {
    let server = MailServer::start(lock);
    let world = World::new(way_to(&server, encryption)).await;
    let id = world.post("ada@example.com").await;
    world.send_due().await;
    assert_eq!(world.status(id).await, MailStatus::Queued);
    assert!(server.mails().is_empty());
}

#[rstest]
#[case(Temper::HidesTls)]
#[case(Temper::DropsTls)]
#[tokio::test]
async fn nothing_goes_out_in_the_clear_where_encryption_is_asked_for(#[case] temper: Temper) {
    let server = MailServer::start(Lock::StartTls);
    server.set(temper);
    let way = Way::Smtp(Arc::new(SmtpServer {
        verify: false,
        ..smtp(&server, Encryption::StartTls)
    }));
    let world = World::new(way).await;
    let id = world.post("ada@example.com").await;
    world.send_due().await;
    assert_eq!(world.status(id).await, MailStatus::Queued);
    assert!(server.mails().is_empty());
}

#[rstest]
#[case(Temper::RefusesRecipient(550))]
#[case(Temper::RefusesMessage(554))]
#[tokio::test]
async fn what_a_server_refuses_for_good_is_given_up_at_once(#[case] temper: Temper) {
    let (world, server) = World::with_server().await;
    server.set(temper);
    let id = world.post("ada@example.com").await;
    world.send_due().await;
    assert_eq!(world.status(id).await, MailStatus::Abandoned);
    let reasons = world.reasons(id).await;
    assert!(reasons[0].as_deref().unwrap().contains("55"), "{reasons:?}");
}

#[rstest]
#[case(Temper::RefusesRecipient(451))]
#[case(Temper::RefusesRecipient(530))]
#[case(Temper::RefusesMessage(452))]
#[case(Temper::Unfriendly)]
#[case(Temper::Silent)]
#[case(Temper::VanishesAfterData)]
#[tokio::test]
async fn what_may_pass_is_tried_again_later(#[case] temper: Temper) {
    let (world, server) = World::with_server().await;
    server.set(temper);
    let id = world.post("ada@example.com").await;
    assert_eq!(world.send_due().await, 1);
    assert_eq!(
        world.status(id).await,
        MailStatus::Queued,
        "{:?}",
        world.reasons(id).await
    );
    assert_eq!(world.send_due().await, 0, "not at once");
    server.set(Temper::Kind);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.send_due().await, 1);
    assert_eq!(world.status(id).await, MailStatus::Sent);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_server_that_does_not_listen_is_tried_as_often_as_configured() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let server = MailServer::start(Lock::Never);
    let way = Way::Smtp(Arc::new(SmtpServer {
        port,
        ..smtp(&server, Encryption::None)
    }));
    let mut world = World::new(way).await;
    world.config.message_retries = 2;
    let id = world.post("ada@example.com").await;
    let mut tries = 0;
    for _ in 0..10 {
        tries += world.send_due().await;
        world.clock.advance(Duration::from_secs(3600));
    }
    assert_eq!(tries, 3);
    let record = world.record(id).await;
    assert_eq!(
        (record.status, record.send_count),
        (MailStatus::Abandoned, 3)
    );
    assert_eq!(world.reasons(id).await.len(), 3);
}

#[tokio::test]
async fn a_server_that_hangs_at_the_end_does_not_get_the_mail_twice() {
    let (world, server) = World::with_server().await;
    server.set(Temper::SilentAtQuit);
    let id = world.post("ada@example.com").await;
    world.send_due().await;
    assert_eq!(world.status(id).await, MailStatus::Sent);
    assert_eq!(server.mails().len(), 1);
}

#[rstest]
#[case("ada@example.com\r\nBcc: eve@example.com")]
#[case("ada@example.com>\r\nRCPT TO:<eve@example.com")]
#[case("ada@example.com, eve@example.com")]
#[case("no address")]
#[case("")]
#[tokio::test]
async fn an_address_that_is_none_never_reaches_a_server(#[case] to: &str) {
    let (world, server) = World::with_server().await;
    let id = world.post(to).await;
    world.send_due().await;
    assert_eq!(world.status(id).await, MailStatus::Abandoned);
    assert_eq!(server.connections(), 0);
    let reasons = world.reasons(id).await;
    assert_eq!(
        reasons[0].as_deref(),
        Some("the recipient is no mail address")
    );
}

#[tokio::test]
async fn a_mail_server_that_hangs_holds_up_no_text_message() {
    let (mut world, server) = World::with_server().await;
    server.set(Temper::Silent);
    world.config.patience = Duration::from_secs(60);
    world.config.pull_count = 1;
    let folder = tempfile::tempdir().unwrap();
    world.config.sms = Way::Folder(folder.path().to_owned());
    world.post("ada@example.com").await;
    world.post("bob@example.com").await;
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(world.worker().run(stop.clone()));
    // A text message has no address that a folder could write; that it is given up shows that its
    // turn came.
    let id = world.post_by(Channel::Sms, "+491701234567").await;
    while world.status(id).await != MailStatus::Abandoned {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.connections(), 1, "as many as there are places");
    running.abort();
}
