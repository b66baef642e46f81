//! A mail server of the test's own: it takes mail, or does not, as it was told.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Temper {
    /// Takes everything.
    #[default]
    Kind,
    /// Answers this to RCPT.
    RefusesRecipient(u16),
    /// Answers this to the message itself.
    RefusesMessage(u16),
    /// Takes connections and never says a word.
    Silent,
    /// Greets with 554.
    Unfriendly,
    /// Closes the connection when the message is there, without an answer.
    VanishesAfterData,
    /// Says that STARTTLS is fine and then closes.
    DropsTls,
    /// Takes the message and never answers QUIT.
    SilentAtQuit,
    /// Offers no STARTTLS although it could.
    HidesTls,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    Never,
    StartTls,
    Implicit,
}

/// A mail that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: String,
    pub(crate) encrypted: bool,
    pub(crate) auth: Option<String>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{}:", name.to_lowercase());
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let line = head
            .lines()
            .find(|line| line.to_lowercase().starts_with(&prefix))?;
        Some(line[prefix.len()..].trim())
    }
}

#[derive(Default)]
struct State {
    temper: Mutex<Temper>,
    mails: Mutex<Vec<Received>>,
    connections: Mutex<usize>,
}

/// The server; it lives as long as the process.
#[derive(Clone)]
pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

impl MailServer {
    pub(crate) fn start(lock: Lock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let served = Arc::clone(&state);
        let tls = tls_config();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, tls) = (Arc::clone(&served), Arc::clone(&tls));
                *state.connections.lock().unwrap() += 1;
                std::thread::spawn(move || serve(stream, lock, &tls, &state));
            }
        });
        Self { address, state }
    }

    pub(crate) fn set(&self, temper: Temper) {
        *self.state.temper.lock().unwrap() = temper;
    }

    pub(crate) fn mails(&self) -> Vec<Received> {
        self.state.mails.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.state.connections.lock().unwrap()
    }
}

fn tls_config() -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key);
    Arc::new(config.unwrap())
}

trait Line: Read + Write {}
impl<T: Read + Write> Line for T {}

fn encrypt(stream: TcpStream, tls: &Arc<ServerConfig>) -> Box<dyn Line> {
    let connection = ServerConnection::new(Arc::clone(tls)).unwrap();
    Box::new(StreamOwned::new(connection, stream))
}

fn serve(stream: TcpStream, lock: Lock, tls: &Arc<ServerConfig>, state: &State) {
    let temper = *state.temper.lock().unwrap();
    if temper == Temper::Silent {
        // Until the other side gives up.
        let mut byte = [0];
        let mut stream = stream;
        while stream.read(&mut byte).is_ok_and(|read| read > 0) {}
        return;
    }
    let raw = stream.try_clone().unwrap();
    let mut encrypted = lock == Lock::Implicit;
    let mut line: Box<dyn Line> = if encrypted {
        encrypt(stream, tls)
    } else {
        Box::new(stream)
    };
    if temper == Temper::Unfriendly {
        drop(line.write_all(b"554 go away\r\n"));
        return;
    }
    if line.write_all(b"220 test\r\n").is_err() {
        return;
    }
    loop {
        match talk(line, encrypted, lock, temper, state) {
            Some(Next::StartTls) if temper != Temper::DropsTls => {
                line = encrypt(raw.try_clone().unwrap(), tls);
                encrypted = true;
            }
            Some(Next::StartTls) | None => return,
        }
    }
}

enum Next {
    StartTls,
}

/// Speaks until the end, or until the connection is to be encrypted.
fn talk(
    line: Box<dyn Line>,
    encrypted: bool,
    lock: Lock,
    temper: Temper,
    state: &State,
) -> Option<Next> {
    let mut line = BufReader::new(line);
    let mut mail = Received {
        from: String::new(),
        to: String::new(),
        text: String::new(),
        encrypted,
        auth: None,
    };
    loop {
        let mut command = String::new();
        if line.read_line(&mut command).ok()? == 0 {
            return None;
        }
        let verb = command.split_whitespace().next().unwrap_or_default();
        let answer = match verb.to_uppercase().as_str() {
            "EHLO" => {
                let offers = lock == Lock::StartTls && !encrypted && temper != Temper::HidesTls;
                let starttls = if offers { "250-STARTTLS\r\n" } else { "" };
                format!("250-test\r\n{starttls}250-AUTH PLAIN\r\n250 8BITMIME")
            }
            "STARTTLS" => {
                line.get_mut().write_all(b"220 go on\r\n").ok()?;
                return Some(Next::StartTls);
            }
            "AUTH" => {
                mail.auth = Some(command.trim().to_owned());
                "235 welcome".to_owned()
            }
            "MAIL" => {
                mail.from = command.trim().to_owned();
                "250 fine".to_owned()
            }
            "RCPT" => {
                mail.to = command.trim().to_owned();
                if let Temper::RefusesRecipient(code) = temper {
                    format!("{code} not this one")
                } else {
                    "250 fine".to_owned()
                }
            }
            "DATA" => {
                line.get_mut().write_all(b"354 go on\r\n").ok()?;
                mail.text = message(&mut line)?;
                if temper == Temper::VanishesAfterData {
                    return None;
                }
                if let Temper::RefusesMessage(code) = temper {
                    format!("{code} not like this")
                } else {
                    state.mails.lock().unwrap().push(mail.clone());
                    "250 taken".to_owned()
                }
            }
            "QUIT" if temper == Temper::SilentAtQuit => continue,
            "QUIT" => {
                drop(line.get_mut().write_all(b"221 bye\r\n"));
                return None;
            }
            _ => "250 fine".to_owned(),
        };
        let answer = format!("{answer}\r\n");
        line.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

fn message(line: &mut impl std::io::BufRead) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut part = String::new();
        if line.read_line(&mut part).ok()? == 0 {
            return None;
        }
        if part == ".\r\n" {
            return Some(text);
        }
        text.push_str(part.strip_prefix('.').unwrap_or(&part));
    }
}
