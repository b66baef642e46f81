//! Mail to a server. One connection a message, and nothing is believed of the server.

use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Identity, TlsParameters, TlsVersion};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::OnceCell;

use super::config::{Encryption, SmtpServer};
use super::delivery::{Delivered, DeliveryError};

/// Answers to a message that are about this server's configuration: it may be mended.
const WANTS_LOGIN: [u16; 4] = [530, 534, 535, 538];

/// A mail server and what it takes to talk to it.
#[derive(Default)]
pub(super) struct Smtp {
    /// Reading the system's certificates takes a while, and is done once.
    tls: OnceCell<TlsParameters>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Smtp")
    }
}

impl Smtp {
    /// Sends a message. The caller sets the limit on time.
    pub(super) async fn send(
        &self,
        server: &SmtpServer,
        message: &Message,
    ) -> Result<Delivered, DeliveryError> {
        // Until the message is handed over, what goes wrong is not the message's fault.
        let connection = self.connect(server).await;
        let mut connection = connection.map_err(|error| DeliveryError::passing(&told(&error)))?;
        let formatted = message.formatted();
        let sent = connection.send(message.envelope(), &formatted).await;
        match sent {
            Ok(_accepted) => Ok(Delivered {
                connection: Some(Box::new(connection)),
            }),
            Err(error) => Err(judge(&error)),
        }
    }

    async fn connect(&self, server: &SmtpServer) -> Result<AsyncSmtpConnection, Error> {
        let name = ClientId::Domain(server.local_name.clone());
        let address = (server.host.as_str(), server.port);
        let implicit = match server.encryption {
            Encryption::Implicit => Some(self.tls(server).await?),
            Encryption::StartTls | Encryption::None => None,
        };
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, None, &name, implicit, None).await?;
        if server.encryption == Encryption::StartTls {
            let tls = self.tls(server).await?;
            connection.starttls(tls, &name).await?;
        }
        if let Some((user, password)) = &server.login {
            let credentials = Credentials::new(user.clone(), password.expose().clone());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }

    async fn tls(&self, server: &SmtpServer) -> Result<TlsParameters, Error> {
        let made = self
            .tls
            .get_or_try_init(|| async { tls_of(server) })
            .await?;
        Ok(made.clone())
    }
}

fn tls_of(server: &SmtpServer) -> Result<TlsParameters, Error> {
    let mut builder = TlsParameters::builder(server.server_name.clone())
        .set_min_tls_version(TlsVersion::Tlsv12)
        .dangerous_accept_invalid_certs(!server.verify);
    if let Some((certificate, key)) = &server.client_certificate {
        builder = builder.identify_with(Identity::from_pem(certificate, key.expose().as_bytes())?);
    }
    builder.build()
}

/// As Kratos does: what the server refuses for good is given up at once.
fn judge(error: &Error) -> DeliveryError {
    let code = error.status().map(u16::from);
    let is_ours = code.is_some_and(|code| WANTS_LOGIN.contains(&code));
    if error.is_permanent() && !is_ours {
        DeliveryError::lasting(&told(error))
    } else {
        DeliveryError::passing(&told(error))
    }
}

/// The error with its causes. The server's own words are among them, ours are not.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
