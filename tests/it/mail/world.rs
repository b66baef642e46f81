//! A store, a clock and workers.

use std::sync::Arc;
use std::time::Duration;

use stepgate::clock::Clock;
use stepgate::courier::{
    Config, Courier, Encryption, MailData, Recipient, SmtpServer, Template, Way, Worker,
};
use stepgate::identity::{Channel, MailId};
use stepgate::keyring::Keyring;
use stepgate::outbound::{Outbound, Reach};
use stepgate::store::{Along, Dsn, MailRecord, MailStatus, Store};

use super::server::{Lock, MailServer};

/// Long enough for a server in this process, short enough for one that never answers.
const PATIENCE: Duration = Duration::from_millis(700);

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
}

impl World {
    pub(crate) async fn new(email: Way) -> Self {
        Self {
            store: Store::open(&Dsn::Memory, Keyring::ephemeral())
                .await
                .unwrap(),
            clock: Clock::manual("2026-03-01T12:00:00Z".parse().unwrap()),
            config: Config {
                email,
                patience: PATIENCE,
                pull_wait: Duration::from_millis(20),
                ..Config::default()
            },
        }
    }

    pub(crate) async fn with_server() -> (Self, MailServer) {
        let server = MailServer::start(Lock::Never);
        let world = Self::new(way_to(&server, Encryption::None)).await;
        (world, server)
    }

    pub(crate) fn courier(&self) -> Courier {
        Courier::new(self.config.clone(), self.clock.clone()).unwrap()
    }

    pub(crate) fn worker(&self) -> Worker {
        let outbound = Outbound::new(Reach::default());
        Worker::new(
            self.courier(),
            self.store.clone(),
            outbound,
            self.clock.clone(),
        )
    }

    /// Stores a mail with a code for this address.
    pub(crate) async fn post(&self, to: &str) -> MailId {
        self.post_by(Channel::Email, to).await
    }

    pub(crate) async fn post_by(&self, channel: Channel, to: &str) -> MailId {
        let recipient = Recipient::new(channel, to, None, None);
        let data = MailData {
            code: Some("482915"),
            expires_in: Some(Duration::from_secs(600)),
            ..MailData::default()
        };
        let mail = self
            .courier()
            .compose(Template::LoginCodeValid, &recipient, &data);
        let id = mail.id;
        self.store.post(&Along::from(mail)).await.unwrap();
        id
    }

    /// Sends what is due, once.
    pub(crate) async fn send_due(&self) -> usize {
        self.worker().send_due(Channel::Email).await.unwrap()
    }

    pub(crate) async fn record(&self, id: MailId) -> MailRecord {
        self.store.mail(id).await.unwrap().unwrap().0
    }

    pub(crate) async fn status(&self, id: MailId) -> MailStatus {
        self.record(id).await.status
    }

    /// Why each try failed; nothing where it did not.
    pub(crate) async fn reasons(&self, id: MailId) -> Vec<Option<String>> {
        let (_, dispatches) = self.store.mail(id).await.unwrap().unwrap();
        dispatches.into_iter().map(|one| one.error).collect()
    }
}

pub(crate) fn smtp(server: &MailServer, encryption: Encryption) -> SmtpServer {
    SmtpServer {
        host: "127.0.0.1".to_owned(),
        port: server.address.port(),
        encryption,
        verify: true,
        server_name: "localhost".to_owned(),
        login: None,
        local_name: "localhost".to_owned(),
        client_certificate: None,
    }
}

pub(crate) fn way_to(server: &MailServer, encryption: Encryption) -> Way {
    Way::Smtp(Arc::new(smtp(server, encryption)))
}
