//! Sending what is stored.
//!
//! Each channel has its own loop and its own places, so that a mail server that hangs holds up no
//! text message, and nothing else waits for either. A message is taken by one write, tried within
//! a limit on time, and what came of it is written down; whoever dies in between leaves a lease
//! that runs out.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::config::{Config, Way};
use super::delivery::{Delivered, DeliveryError};
use super::letter::letter;
use super::smtp::Smtp;
use super::webhook::Caller;
use super::{Courier, folder};
use crate::clock::Clock;
use crate::identity::Channel;
use crate::jsonnet::Runner;
use crate::outbound::Outbound;
use crate::store::{AfterFailure, MailsWanted, Store, StoreError, TakenMail};

/// The first pause before another try; each further one is three times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// A try is broken off long before its lease is over.
const LEASE_PER_PATIENCE: u32 = 3;
/// How long tries that are under way get when the program is told to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Sends messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Worker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    courier: Courier,
    clock: Clock,
    smtp: Smtp,
    caller: Caller,
}

impl Worker {
    /// A worker on this storage, which goes by the courier's configuration.
    #[must_use]
    pub fn new(courier: Courier, store: Store, outbound: Outbound, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            store,
            courier,
            clock,
            smtp: Smtp::default(),
            caller: Caller {
                outbound,
                runner: Runner::default(),
            },
        }))
    }

    /// Sends until told to stop; then what is under way gets a moment to end.
    pub async fn run(self, stop: CancellationToken) {
        if matches!(self.0.courier.config().email, Way::Nowhere) {
            tracing::warn!("no mail goes out: `courier.smtp.connection_uri` is not set");
        }
        tokio::join!(
            self.serve(Channel::Email, &stop),
            self.serve(Channel::Sms, &stop)
        );
    }

    async fn serve(&self, channel: Channel, stop: &CancellationToken) {
        let config = self.0.courier.config();
        let mut posted = self.0.store.mails_posted();
        let mut tries = JoinSet::new();
        while !stop.is_cancelled() {
            posted.mark_unchanged();
            if let Err(error) = self.fill(channel, &mut tries).await {
                tracing::warn!(%error, "messages could not be read; they are looked for again");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                _ended = tries.join_next(), if !tries.is_empty() => {}
                _more = posted.changed() => {}
                () = tokio::time::sleep(config.pull_wait) => {}
            }
        }
        let ending = async { while tries.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_PATIENCE, ending).await.is_err() {
            tracing::warn!("messages that were under way are tried again later");
        }
    }

    /// Takes as many messages as there are places, and begins to send them.
    async fn fill(&self, channel: Channel, tries: &mut JoinSet<()>) -> Result<usize, StoreError> {
        while tries.try_join_next().is_some() {}
        let config = self.0.courier.config();
        let busy = u32::try_from(tries.len()).unwrap_or(u32::MAX);
        let count = config.pull_count.saturating_sub(busy);
        if count == 0 {
            return Ok(0);
        }
        let wanted = MailsWanted {
            channel,
            count,
            max_tries: config.message_retries.saturating_add(1),
            lease: config.patience.saturating_mul(LEASE_PER_PATIENCE),
        };
        let taken = self.0.store.take_mails(wanted, self.0.clock.wall()).await?;
        let number = taken.len();
        for mail in taken {
            let worker = self.clone();
            tries.spawn(async move { worker.send(mail).await });
        }
        Ok(number)
    }

    /// Sends what is due now, once, and waits for the end of it. Gives how many were tried.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn send_due(&self, channel: Channel) -> Result<usize, StoreError> {
        let mut tries = JoinSet::new();
        let number = self.fill(channel, &mut tries).await?;
        while tries.join_next().await.is_some() {}
        Ok(number)
    }

    async fn send(&self, mail: TakenMail) {
        let patience = self.0.courier.config().patience;
        let tried = tokio::time::timeout(patience, self.deliver(&mail)).await;
        let tried = tried
            .unwrap_or_else(|_late| Err(DeliveryError::Passing("it took too long".to_owned())));
        match tried {
            Ok(delivered) => {
                self.note_sent(&mail).await;
                delivered.say_goodbye().await;
            }
            Err(error) => self.note_failed(&mail, &error).await,
        }
    }

    async fn deliver(&self, mail: &TakenMail) -> Result<Delivered, DeliveryError> {
        let config = self.0.courier.config();
        let lost = || DeliveryError::Final("what was stored can't be read".to_owned());
        let content = mail.content.as_ref().ok_or_else(lost)?;
        let way = match mail.channel {
            Channel::Email => &config.email,
            Channel::Sms => &config.sms,
        };
        match way {
            Way::Nowhere => {
                let why = format!("no way is configured for {}", mail.channel.as_str());
                Err(DeliveryError::Final(why))
            }
            Way::Smtp(server) => {
                let message = letter(mail, content, config)?;
                self.0.smtp.send(server, &message).await
            }
            Way::Http(service) => {
                let patience = config.patience;
                self.0.caller.call(service, mail, content, patience).await
            }
            Way::Folder(folder) => {
                let message = letter(mail, content, config)?;
                folder::write(folder, mail, &message).await
            }
            Way::Desk(desk) => {
                desk.take(mail);
                Ok(Delivered::default())
            }
        }
    }

    async fn note_sent(&self, mail: &TakenMail) {
        match self.0.store.mail_sent(mail, self.0.clock.wall()).await {
            Ok(true) => {
                tracing::debug!(mail.id = %mail.id, template = mail.template_type, "mail sent");
            }
            Ok(false) => tracing::warn!(
                mail.id = %mail.id,
                "a mail was sent after its lease was over: it may have gone out twice"
            ),
            Err(error) => tracing::error!(
                mail.id = %mail.id, %error,
                "a mail was sent and that could not be noted: it may go out twice"
            ),
        }
    }

    async fn note_failed(&self, mail: &TakenMail, error: &DeliveryError) {
        let config = self.0.courier.config();
        let now = self.0.clock.wall();
        let after = after_failure(config, mail.tries, error, now);
        let template = &*mail.template_type;
        match after {
            AfterFailure::TryAgain(_) => tracing::warn!(
                mail.id = %mail.id, template, tries = mail.tries, reason = %error,
                "a mail did not go out; it is tried again"
            ),
            AfterFailure::Abandon => tracing::error!(
                mail.id = %mail.id, template, tries = mail.tries, reason = %error,
                "a mail did not go out and is given up"
            ),
        }
        let reason = error.to_string();
        let noted = self.0.store.mail_failed(mail, &reason, after, now).await;
        if let Err(error) = noted {
            tracing::error!(mail.id = %mail.id, %error, "that could not be noted");
        }
    }
}

fn after_failure(
    config: &Config,
    tries: u32,
    error: &DeliveryError,
    now: Timestamp,
) -> AfterFailure {
    let again = match error {
        DeliveryError::Passing(_) => tries <= config.message_retries,
        DeliveryError::Final(_) => false,
    };
    if !again {
        return AfterFailure::Abandon;
    }
    let at = now.checked_add(pause_after(tries));
    AfterFailure::TryAgain(at.unwrap_or(Timestamp::MAX))
}

/// 5 s, 15 s, 45 s, 2 min 15 s, ... and never more than 15 minutes.
fn pause_after(tries: u32) -> Duration {
    let factor = 3_u32.saturating_pow(tries.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<u64> = (1..=7).map(|tries| pause_after(tries).as_secs()).collect();
        assert_eq!(seconds, [5, 15, 45, 135, 405, 900, 900]);
        assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn five_retries_are_six_tries() {
        let config = Config::default();
        let passing = DeliveryError::Passing(String::new());
        let after = |tries| after_failure(&config, tries, &passing, Timestamp::UNIX_EPOCH);
        assert!(matches!(after(5), AfterFailure::TryAgain(_)));
        assert_eq!(after(6), AfterFailure::Abandon);
    }

    #[test]
    fn what_is_refused_for_good_is_not_tried_again() {
        let refused = DeliveryError::Final(String::new());
        let after = after_failure(&Config::default(), 1, &refused, Timestamp::UNIX_EPOCH);
        assert_eq!(after, AfterFailure::Abandon);
    }
}
