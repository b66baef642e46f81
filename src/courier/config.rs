//! How messages are sent.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::jsonnet::Snippet;
use crate::secret::SecretString;
use crate::store::TakenMail;

/// `courier` of the configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// How mail goes out.
    pub email: Way,
    /// How text messages go out.
    pub sms: Way,
    /// Who the mails are from.
    pub from: Sender,
    /// Further headers of every mail.
    pub headers: Vec<(String, String)>,
    /// How often a message is tried again after it failed.
    pub message_retries: u32,
    /// Messages that are under way at a time, per channel and process.
    pub pull_count: u32,
    /// Time between two looks for messages that others left or that are due again.
    pub pull_wait: Duration,
    /// How long one try may take in all.
    pub patience: Duration,
    /// Whether people are told by mail when a factor or their password changes.
    pub tell_changes: bool,
    /// The operator's own templates.
    pub overrides: super::Overrides,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            email: Way::Nowhere,
            sms: Way::Nowhere,
            from: Sender::default(),
            headers: Vec::new(),
            message_retries: 5,
            pull_count: 10,
            pull_wait: Duration::from_secs(1),
            patience: Duration::from_secs(30),
            tell_changes: false,
            overrides: super::Overrides::default(),
        }
    }
}

/// Who mails are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The address.
    pub address: String,
    /// The name beside it.
    pub name: Option<String>,
}

impl Default for Sender {
    fn default() -> Self {
        Self {
            address: "no-reply@localhost".to_owned(),
            name: None,
        }
    }
}

/// A way for messages to go.
#[derive(Clone, Debug, Default)]
pub enum Way {
    /// None is configured: every message is given up.
    #[default]
    Nowhere,
    /// To a mail server.
    Smtp(Arc<SmtpServer>),
    /// To a service that sends them on.
    Http(Arc<HttpService>),
    /// Into a folder, one file each, for development.
    Folder(PathBuf),
    /// To somebody within this process: the demo.
    Desk(Arc<dyn Desk>),
}

/// Takes messages within this process.
pub trait Desk: Send + Sync + fmt::Debug {
    /// A message has come.
    fn take(&self, mail: &TakenMail);
}

/// `courier.smtp`
#[derive(Clone, Debug)]
pub struct SmtpServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// When the connection is encrypted.
    pub encryption: Encryption,
    /// Whether its certificate is looked at.
    pub verify: bool,
    /// The name that its certificate must have.
    pub server_name: String,
    /// Whom to log in as.
    pub login: Option<(String, SecretString)>,
    /// The name that this side greets with.
    pub local_name: String,
    /// A certificate of this side, and its key, as PEM.
    pub client_certificate: Option<(Vec<u8>, SecretString)>,
}

/// When a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// From the first byte (`smtps://`).
    Implicit,
    /// By STARTTLS, or not at all (`smtp://`).
    StartTls,
    /// Never (`smtp://..?disable_starttls=true`).
    None,
}

/// A service that messages are handed to.
#[derive(Clone, Debug)]
pub struct HttpService {
    /// Where to. It may hold a key: no message shows it.
    pub url: SecretString,
    /// The HTTP method, in capitals.
    pub method: String,
    /// Headers, with what shows who is calling.
    pub headers: Vec<(String, SecretString)>,
    /// Makes the body from `ctx`; none sends Kratos' own.
    pub body: Option<Snippet>,
}
