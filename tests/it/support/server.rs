//! A small HTTP/1.1 server over blocking sockets: it writes down every request and answers with
//! whatever bytes a test wants, lies included.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use socket2::SockRef;

pub(crate) use super::message::Message;
use super::reply::Reply;

/// How long a connection may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. It lives until it is stopped or the test process ends.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Message>>,
    arrived: Condvar,
    connections: AtomicUsize,
    stopped: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Server {
    /// Says `hello` to everything.
    pub(crate) fn hello() -> Self {
        Self::replying(|_| ok("hello"))
    }

    /// Says 200 to everything and counts its answers in `X-Sequence`.
    pub(crate) fn echo() -> Self {
        let answered = AtomicUsize::new(0);
        Self::replying(move |request| {
            let sequence = answered.fetch_add(1, Ordering::SeqCst);
            let body = if request.method() == "HEAD" { "" } else { "ok" };
            format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Sequence: {sequence}\r\n\r\n{body}")
                .into_bytes()
        })
    }

    /// Answers each request, once its body is there, as `reply` says.
    pub(crate) fn replying<R: Into<Reply>>(
        reply: impl Fn(&Message) -> R + Send + Sync + 'static,
    ) -> Self {
        Self::replying_at("127.0.0.1:0", reply)
    }

    /// The same at a given address: to come back where another one was.
    pub(crate) fn replying_at<R: Into<Reply>>(
        address: &str,
        reply: impl Fn(&Message) -> R + Send + Sync + 'static,
    ) -> Self {
        Self::serving_at(address, move |line, _| {
            while let Some(request) = line.request() {
                if !reply(&request).into().send(line) {
                    return;
                }
            }
        })
    }

    /// Does with each connection what `serve` does; the number counts them from 0.
    pub(crate) fn serving(serve: impl Fn(&mut Line, usize) + Send + Sync + 'static) -> Self {
        Self::serving_at("127.0.0.1:0", serve)
    }

    fn serving_at(address: &str, serve: impl Fn(&mut Line, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::default(),
        };
        let (shared, serve) = (Arc::clone(&server.shared), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let number = shared.connections.fetch_add(1, Ordering::SeqCst);
                let mut line = Line::over(stream, &shared);
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || {
                    serve(&mut line, number);
                    line.end();
                });
            }
        });
        server
    }

    /// Everything that was received so far.
    pub(crate) fn received(&self) -> Vec<Message> {
        self.shared.received.lock().unwrap().clone()
    }

    /// What was received since the last call.
    pub(crate) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *self.shared.received.lock().unwrap())
    }

    /// The one request that was received.
    pub(crate) fn only(&self) -> Message {
        let received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.into_iter().next().unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
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
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// A complete answer.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// One connection to the server.
pub(crate) struct Line {
    reader: BufReader<TcpStream>,
    shared: Arc<Shared>,
    reset: bool,
}

impl Line {
    fn over(stream: TcpStream, shared: &Arc<Shared>) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let handle = stream.try_clone().unwrap();
        shared.open.lock().unwrap().push(handle);
        Self {
            reader: BufReader::new(stream),
            shared: Arc::clone(shared),
            reset: false,
        }
    }

    /// Reads a request's head and nothing of its body, without writing it down.
    pub(crate) fn head(&mut self) -> Option<Message> {
        Message::read_head(&mut self.reader)
    }

    /// Reads a request with its body and writes it down; `None` when it ended too early.
    pub(crate) fn request(&mut self) -> Option<Message> {
        let mut request = self.head()?;
        request.read_body(&mut self.reader);
        self.shared.received.lock().unwrap().push(request.clone());
        self.shared.arrived.notify_all();
        request.whole.then_some(request)
    }

    /// Whether the bytes could be written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> bool {
        self.reader.get_mut().write_all(bytes).is_ok()
    }

    /// How many bytes came; 0 at the end.
    pub(crate) fn read(&mut self, bytes: &mut [u8]) -> usize {
        self.reader.read(bytes).unwrap_or(0)
    }

    /// Says nothing until the peer gives up.
    pub(crate) fn wait(&mut self) {
        let _ = self.reader.read_to_end(&mut Vec::new());
    }

    /// Lets the connection end in a reset.
    pub(crate) fn reset(&mut self) {
        // The last handle that is closed resets the connection.
        let _ = SockRef::from(self.reader.get_ref()).set_linger(Some(Duration::ZERO));
        self.reset = true;
    }

    fn end(self) {
        let stream = self.reader.into_inner();
        let peer = stream.peer_addr().ok();
        let mut open = self.shared.open.lock().unwrap();
        open.retain(|other| other.peer_addr().ok() != peer);
        if !self.reset {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
