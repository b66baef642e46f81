//! Ways other than a mail server.

use std::time::Duration;

use stepgate::courier::Way;
use stepgate::identity::Channel;
use stepgate::store::MailStatus;

use super::world::World;

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
