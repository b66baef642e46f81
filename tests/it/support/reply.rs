//! What a test's server does with a request.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::server::Line;

/// What happens to a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// These bytes, then the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, then the connection is closed.
    BytesThenClose(Vec<u8>),
    /// These bytes, then nothing until the peer gives up.
    BytesThenSilence(Vec<u8>),
    /// The head, then the rest byte by byte with this pause.
    Drip(Vec<u8>, Duration),
    /// A head, then a body without end.
    Endless(Vec<u8>),
    /// Nothing, until the peer gives up.
    Silence,
    /// The connection is reset.
    Reset,
    /// What is inside, once the gate is open.
    Held(Arc<Gate>, Box<Self>),
}

impl From<Vec<u8>> for Reply {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl Reply {
    /// A complete answer with a length.
    pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut text = format!("HTTP/1.1 {status}\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        Self::Bytes(text.into_bytes())
    }

    pub(crate) fn json(status: &str, body: &str) -> Self {
        let json = ("Content-Type", "application/json; charset=utf-8");
        Self::answer(status, &[json], body)
    }

    /// Carries it out; whether the connection goes on.
    pub(super) fn send(self, line: &mut Line) -> bool {
        match self {
            Self::Bytes(bytes) => return line.write(&bytes),
            Self::BytesThenClose(bytes) => {
                line.write(&bytes);
            }
            Self::BytesThenSilence(bytes) => {
                line.write(&bytes);
                line.wait();
            }
            Self::Drip(bytes, pause) => {
                for byte in bytes {
                    if !line.write(&[byte]) {
                        break;
                    }
                    std::thread::sleep(pause);
                }
            }
            Self::Endless(head) => {
                line.write(&head);
                while line.write(&[b' '; 8192]) {}
            }
            Self::Silence => line.wait(),
            Self::Reset => line.reset(),
            Self::Held(gate, inner) => {
                gate.pass();
                return inner.send(line);
            }
        }
        false
    }
}

/// Holds answers back until it is opened.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let guard = self.open.lock().unwrap();
        drop(self.opened.wait_while(guard, |open| !*open).unwrap());
    }
}
