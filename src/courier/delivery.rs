//! What comes of one try to send a message.

use lettre::transport::smtp::client::AsyncSmtpConnection;

/// Why a message did not go out. The text goes into the log and the database: it never holds what
/// the message says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DeliveryError {
    /// Another try may succeed.
    #[error("{0}")]
    Passing(String),
    /// Another try would end the same.
    #[error("{0}")]
    Final(String),
}

/// The longest reason that is kept, in characters.
const REASON_LIMIT: usize = 300;

impl DeliveryError {
    pub(super) fn passing(why: &(impl std::fmt::Display + ?Sized)) -> Self {
        Self::Passing(short(&why.to_string()))
    }

    pub(super) fn lasting(why: &(impl std::fmt::Display + ?Sized)) -> Self {
        Self::Final(short(&why.to_string()))
    }
}

fn short(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(REASON_LIMIT).collect()
}

/// A message went out. The goodbye to a mail server is said after that was noted: a server that
/// hangs there must not make the message go out twice.
#[derive(Default)]
pub(super) struct Delivered {
    pub(super) connection: Option<Box<AsyncSmtpConnection>>,
}

impl Delivered {
    pub(super) async fn say_goodbye(self) {
        if let Some(mut connection) = self.connection {
            let quit = connection.quit();
            // Whatever the server answers: the message is gone.
            drop(tokio::time::timeout(GOODBYE, quit).await);
        }
    }
}

const GOODBYE: std::time::Duration = std::time::Duration::from_secs(2);
