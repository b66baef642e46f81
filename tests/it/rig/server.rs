//! A server that records what it is sent, byte for byte, and answers as it is told to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// One request as it arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    /// Request line and headers, verbatim, with the empty line.
    pub(crate) head: Vec<u8>,
    /// The body, chunks taken out of their frames.
    pub(crate) body: Vec<u8>,
    /// The whole body arrived.
    pub(crate) complete: bool,
}

impl Recorded {
    fn text(&self) -> String {
        self.head.iter().map(|byte| char::from(*byte)).collect()
    }

    pub(crate) fn method(&self) -> String {
        self.text().split(' ').next().unwrap_or_default().to_owned()
    }

    pub(crate) fn target(&self) -> String {
        self.text().split(' ').nth(1).unwrap_or_default().to_owned()
    }

    /// Name and value of every header line, in order.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let text = self.text();
        let lines = text.split("\r\n").skip(1).filter(|line| !line.is_empty());
        lines
            .map(|line| line.split_once(':').unwrap_or((line, "")))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect()
    }

    /// The first value of a header, by its name in any case.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let headers = self.headers();
        let hit = headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name));
        hit.map(|(_, value)| value.clone())
    }
}

/// What to do with the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Read the next request.
    Keep,
    /// Close it.
    Close,
}

/// Writes the answer to a request. It is called when the head is there and, for
/// [`Server::start`], the body too.
pub(crate) type Answer = dyn Fn(&Recorded, &mut TcpStream) -> Next + Send + Sync;

/// A server on a port of its own; it lives until the test process ends.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    recorded: Arc<Mutex<Vec<Recorded>>>,
}

impl Server {
    /// Answers each request once its body is there.
    pub(crate) fn start(
        answer: impl Fn(&Recorded, &mut TcpStream) -> Next + Send + Sync + 'static,
    ) -> Self {
        Self::run(Arc::new(answer), true)
    }

    /// Answers as soon as the head is there; the body is not read.
    pub(crate) fn start_early(
        answer: impl Fn(&Recorded, &mut TcpStream) -> Next + Send + Sync + 'static,
    ) -> Self {
        Self::run(Arc::new(answer), false)
    }

    /// An application that says 200 to everything and counts its answers in `X-Sequence`.
    pub(crate) fn echo() -> Self {
        let answered = AtomicUsize::new(0);
        Self::start(move |request, stream| {
            let sequence = answered.fetch_add(1, Ordering::SeqCst);
            let body = if request.method() == "HEAD" { "" } else { "ok" };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Sequence: {sequence}\r\n\r\n{body}"
            );
            match stream.write_all(answer.as_bytes()) {
                Ok(()) => Next::Keep,
                Err(_) => Next::Close,
            }
        })
    }

    fn run(answer: Arc<Answer>, wait_for_body: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            recorded: Arc::default(),
        };
        let accepting = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, answer) = (accepting.clone(), Arc::clone(&answer));
                thread::spawn(move || server.serve(stream, &*answer, wait_for_body));
            }
        });
        server
    }

    fn serve(&self, mut stream: TcpStream, answer: &Answer, wait_for_body: bool) {
        let _ = stream.set_nodelay(true);
        let mut read = Vec::new();
        loop {
            let Some(end) = fill_until(&mut stream, &mut read, head_end) else {
                return;
            };
            let mut request = Recorded {
                head: read.drain(..end).collect(),
                ..Recorded::default()
            };
            let place = {
                let mut recorded = self.recorded.lock().unwrap();
                recorded.push(request.clone());
                recorded.len() - 1
            };
            if wait_for_body {
                let body = take_body(&mut stream, &mut read, &request);
                request.complete = body.is_some();
                request.body = body.unwrap_or_default();
                if let Some(entry) = self.recorded.lock().unwrap().get_mut(place) {
                    *entry = request.clone();
                }
                if !request.complete {
                    return;
                }
            }
            if answer(&request, &mut stream) == Next::Close {
                return;
            }
        }
    }

    /// What arrived since the last call.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.recorded.lock().unwrap())
    }

    /// What arrived so far.
    pub(crate) fn seen(&self) -> Vec<Recorded> {
        self.recorded.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map(|at| at + 4)
}

/// Reads until `found` names a position; `None` when the peer is gone before.
fn fill_until(
    stream: &mut TcpStream,
    read: &mut Vec<u8>,
    found: impl Fn(&[u8]) -> Option<usize>,
) -> Option<usize> {
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(at) = found(read) {
            return Some(at);
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => read.extend_from_slice(&buffer[..count]),
        }
    }
}

fn take_body(stream: &mut TcpStream, read: &mut Vec<u8>, request: &Recorded) -> Option<Vec<u8>> {
    let chunked = request
        .header("transfer-encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    if chunked {
        return take_chunks(stream, read);
    }
    let length = request
        .header("content-length")
        .map_or(Some(0), |text| text.parse().ok())?;
    let end = fill_until(stream, read, |bytes| {
        (bytes.len() >= length).then_some(length)
    })?;
    Some(read.drain(..end).collect())
}

fn take_chunks(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line_end = |bytes: &[u8]| {
            bytes
                .windows(2)
                .position(|two| two == b"\r\n")
                .map(|at| at + 2)
        };
        let end = fill_until(stream, read, line_end)?;
        let line: Vec<u8> = read.drain(..end).collect();
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        let size = usize::from_str_radix(text.split(';').next().unwrap_or_default(), 16).ok()?;
        if size == 0 {
            break;
        }
        fill_until(stream, read, |bytes| {
            (bytes.len() >= size + 2).then_some(size)
        })?;
        body.extend(read.drain(..size));
        read.drain(..2);
    }
    // Trailers, up to the empty line.
    loop {
        let line_end = |bytes: &[u8]| {
            bytes
                .windows(2)
                .position(|two| two == b"\r\n")
                .map(|at| at + 2)
        };
        let end = fill_until(stream, read, line_end)?;
        read.drain(..end);
        if end == 2 {
            return Some(body);
        }
    }
}

/// Waits until `is_so` holds, at most ten seconds: for things that another party does in its own
/// time. Returns whether it came to hold.
pub(crate) fn eventually(is_so: impl Fn() -> bool) -> bool {
    for _ in 0..1000 {
        if is_so() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}
