//! A small HTTP/1.1 server over blocking sockets: reads requests whole, answers with whatever bytes
//! a test wants, lies included.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use socket2::SockRef;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Request line and header lines, verbatim.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// Path and query.
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// All values of a header.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        lines
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// These bytes, then the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, then the connection is closed.
    BytesThenClose(Vec<u8>),
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

/// Decides what happens to each request.
pub(crate) type Script = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// A running server. Stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    script: Script,
    received: Mutex<Vec<Received>>,
    arrived: Condvar,
    connections: AtomicUsize,
    stopped: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Server {
    pub(crate) fn start(script: Script) -> Self {
        Self::start_at("127.0.0.1:0", script)
    }

    /// A server at a given address: to come back where another one was.
    pub(crate) fn start_at(address: &str, script: Script) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script,
            received: Mutex::default(),
            arrived: Condvar::new(),
            connections: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepting.stopped.load(Ordering::SeqCst) {
                    return;
                }
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                accepting
                    .open
                    .lock()
                    .unwrap()
                    .push(stream.try_clone().unwrap());
                let shared = Arc::clone(&accepting);
                std::thread::spawn(move || serve(&shared, &stream));
            }
        });
        Self { address, shared }
    }

    /// Everything that was received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many requests have arrived.
    pub(crate) fn until_received(&self, count: usize) {
        let guard = self.shared.received.lock().unwrap();
        let limit = Duration::from_secs(20);
        let (guard, late) = self
            .shared
            .arrived
            .wait_timeout_while(guard, limit, |received| received.len() < count)
            .unwrap();
        assert!(
            !late.timed_out(),
            "only {} of {count} requests arrived",
            guard.len()
        );
    }

    /// Stops listening and closes every connection.
    pub(crate) fn stop(&self) {
        if self.shared.stopped.swap(true, Ordering::SeqCst) {
            return;
        }
        // Wakes the accept loop, which lets go of the listener.
        drop(TcpStream::connect(self.address));
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(shared: &Shared, stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let reply = (shared.script)(&request);
        let reset = matches!(reply, Reply::Reset);
        shared.received.lock().unwrap().push(request);
        shared.arrived.notify_all();
        if !send(stream, reply) {
            if reset {
                let peer = stream.peer_addr().ok();
                shared
                    .open
                    .lock()
                    .unwrap()
                    .retain(|other| other.peer_addr().ok() != peer);
                return;
            }
            break;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
}

/// Whether the connection goes on.
fn send(mut stream: &TcpStream, reply: Reply) -> bool {
    match reply {
        Reply::Bytes(bytes) => stream.write_all(&bytes).is_ok(),
        Reply::BytesThenClose(bytes) => {
            let _ = stream.write_all(&bytes);
            false
        }
        Reply::Drip(bytes, pause) => {
            for byte in bytes {
                if stream.write_all(&[byte]).is_err() {
                    break;
                }
                std::thread::sleep(pause);
            }
            false
        }
        Reply::Endless(head) => {
            let _ = stream.write_all(&head);
            while stream.write_all(&[b' '; 8192]).is_ok() {}
            false
        }
        Reply::Silence => {
            let _ = stream.read_to_end(&mut Vec::new());
            false
        }
        Reply::Reset => {
            // The last handle that is closed resets the connection.
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
            false
        }
        Reply::Held(gate, inner) => {
            gate.pass();
            send(stream, *inner)
        }
    }
}

/// Reads one request; bodies by length or in chunks.
fn read_request(reader: &mut BufReader<&TcpStream>) -> Option<Received> {
    let mut head = String::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if line == b"\r\n" {
            break;
        }
        head.push_str(&String::from_utf8_lossy(&line));
    }
    let mut received = Received {
        head,
        body: Vec::new(),
    };
    if let Some(length) = received.header("content-length") {
        received.body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut received.body).ok()?;
    } else if received.header("transfer-encoding").is_some() {
        received.body = read_chunks(reader)?;
    }
    Some(received)
}

fn read_chunks(reader: &mut BufReader<&TcpStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        chunk.truncate(size);
        if size == 0 {
            return Some(body);
        }
        body.extend(chunk);
    }
}
