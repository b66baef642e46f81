//! What outlives a worker: nothing is lost, nothing goes out twice.

use std::time::Duration;

use stepgate::identity::Channel;
use stepgate::identity::settings::Secrets;
use stepgate::keyring::Keyring;
use stepgate::secret::SecretString;
use stepgate::store::{AfterFailure, Dsn, MailStatus, MailsWanted, Store};

use super::server::Temper;
use super::world::World;

fn wanted(count: u32) -> MailsWanted {
    MailsWanted {
        channel: Channel::Email,
        count,
        max_tries: 6,
        lease: Duration::from_secs(90),
    }
}

fn keys() -> Keyring {
    Keyring::new(&Secrets {
        default: vec![SecretString::new("a secret for tests only".to_owned())],
        ..Secrets::default()
    })
    .unwrap()
}

#[tokio::test]
async fn a_mail_that_was_stored_goes_out_after_a_crash() {
    let (mut world, server) = World::with_server().await;
    let folder = tempfile::tempdir().unwrap();
    let dsn = Dsn::Sqlite(folder.path().join("mail.db"));
    world.store = Store::open(&dsn, keys()).await.unwrap();
    let id = world.post("ada@example.com").await;
    // Nothing is closed, as when a process is killed.
    std::mem::forget(world.store.clone());
    world.store = Store::open(&dsn, keys()).await.unwrap();
    assert_eq!(world.send_due().await, 1);
    assert_eq!(world.status(id).await, MailStatus::Sent);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_worker_that_died_while_sending_is_followed_by_another_under_the_same_name() {
    let (world, server) = World::with_server().await;
    let id = world.post("ada@example.com").await;
    // It takes the mail, and is never heard of again.
    let taken = world.store.take_mails(wanted(10), world.clock.wall()).await;
    assert_eq!(taken.unwrap().len(), 1);
    world.clock.advance(Duration::from_secs(89));
    assert_eq!(world.send_due().await, 0, "the lease is not over");
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.send_due().await, 1);
    let record = world.record(id).await;
    assert_eq!((record.status, record.send_count), (MailStatus::Sent, 2));
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0]
            .header("Message-ID")
            .unwrap()
            .contains(&id.to_string())
    );
}

#[tokio::test]
async fn workers_that_always_die_do_not_send_for_ever() {
    let (world, _server) = World::with_server().await;
    let id = world.post("ada@example.com").await;
    for _ in 0..6 {
        let taken = world.store.take_mails(wanted(1), world.clock.wall()).await;
        assert_eq!(taken.unwrap().len(), 1);
        world.clock.advance(Duration::from_secs(91));
    }
    assert_eq!(world.send_due().await, 0);
    assert_eq!(world.status(id).await, MailStatus::Abandoned);
}

#[tokio::test]
async fn a_late_worker_has_no_say_any_more() {
    let (world, _server) = World::with_server().await;
    let id = world.post("ada@example.com").await;
    let late = world.store.take_mails(wanted(1), world.clock.wall()).await;
    let late = late.unwrap().remove(0);
    world.clock.advance(Duration::from_secs(91));
    assert_eq!(world.send_due().await, 1);
    let now = world.clock.wall();
    assert!(!world.store.mail_sent(&late, now).await.unwrap());
    let failed = world
        .store
        .mail_failed(&late, "no", AfterFailure::Abandon, now)
        .await;
    assert!(!failed.unwrap());
    assert_eq!(world.status(id).await, MailStatus::Sent);
    assert_eq!(world.reasons(id).await, [None]);
}

#[tokio::test]
async fn two_workers_on_one_database_send_each_mail_once() {
    let (mut world, server) = World::with_server().await;
    let folder = tempfile::tempdir().unwrap();
    let dsn = Dsn::Sqlite(folder.path().join("mail.db"));
    world.store = Store::open(&dsn, keys()).await.unwrap();
    world.config.patience = Duration::from_secs(20);
    for number in 0..40 {
        world.post(&format!("person-{number}@example.com")).await;
    }
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let one = world.worker();
    // The other process has connections of its own.
    world.store = Store::open(&dsn, keys()).await.unwrap();
    let other = world.worker();
    for _ in 0..6 {
        let (a, b) = tokio::join!(one.send_due(Channel::Email), other.send_due(Channel::Email));
        first.push(a.unwrap());
        second.push(b.unwrap());
    }
    let mut to: Vec<String> = server.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to.len(), 40);
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 40, "each went out once");
    assert!(first.iter().sum::<usize>() > 0 && second.iter().sum::<usize>() > 0);
}

#[tokio::test]
async fn one_mail_that_fails_does_not_hold_up_the_others() {
    let (world, server) = World::with_server().await;
    let bad = world.post("nobody").await;
    let good = world.post("ada@example.com").await;
    assert_eq!(world.send_due().await, 2);
    assert_eq!(world.status(bad).await, MailStatus::Abandoned);
    assert_eq!(world.status(good).await, MailStatus::Sent);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_mail_that_can_not_be_opened_any_more_is_given_up() {
    let (mut world, server) = World::with_server().await;
    let folder = tempfile::tempdir().unwrap();
    let dsn = Dsn::Sqlite(folder.path().join("mail.db"));
    world.store = Store::open(&dsn, keys()).await.unwrap();
    let id = world.post("ada@example.com").await;
    // Opened with another secret.
    world.store = Store::open(&dsn, Keyring::ephemeral()).await.unwrap();
    assert_eq!(world.send_due().await, 1);
    assert_eq!(world.status(id).await, MailStatus::Abandoned);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_stop_waits_for_what_is_under_way() {
    let (world, server) = World::with_server().await;
    server.set(Temper::Silent);
    let id = world.post("ada@example.com").await;
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(world.worker().run(stop.clone()));
    while server.connections() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.cancel();
    running.await.unwrap();
    // The try ran into its limit and that was noted, not left to the lease.
    assert_eq!(world.status(id).await, MailStatus::Queued);
    assert_eq!(
        world.reasons(id).await,
        [Some("it took too long".to_owned())]
    );
}

#[tokio::test]
async fn what_is_in_the_database_does_not_show_the_code() {
    let (mut world, _server) = World::with_server().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    world.store = Store::open(&Dsn::Sqlite(path.clone()), keys())
        .await
        .unwrap();
    world.post("ada@example.com").await;
    world.store.close().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let found = bytes.windows(6).any(|window| window == b"482915");
        assert!(!found, "the code can be read in the file");
    }
}
