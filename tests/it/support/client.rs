//! A client that sends exactly the bytes it is given.

use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

pub(crate) use super::message::Response;

/// How long a test waits for an answer at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            reader: BufReader::new(stream),
        }
    }

    /// The same, where the other end may be gone.
    pub(crate) fn try_open(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let reader = BufReader::new(stream);
        Some(Self { reader })
    }

    /// The same as a client at the address `from`.
    pub(crate) fn open_from(from: IpAddr, address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let reader = BufReader::new(stream);
        Self { reader }
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        self.reader.get_mut()
    }

    /// Sends bytes. The other end may have closed already; what it says shows that.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.reader.get_mut().write_all(bytes.as_ref());
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        let _ = self.reader.get_mut().shutdown(Shutdown::Write);
    }

    /// Sends a request and reads the answer.
    pub(crate) fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Response {
        let to_head = bytes.as_ref().starts_with(b"HEAD ");
        self.send(bytes);
        self.receive(to_head).expect("an answer")
    }

    /// The next answer; `None` when the connection ends before its head is whole.
    pub(crate) fn receive(&mut self, to_head: bool) -> Option<Response> {
        Response::read(&mut self.reader, to_head)
    }

    /// The next answer, which is none to HEAD.
    pub(crate) fn answer(&mut self) -> Option<Response> {
        self.receive(false)
    }

    /// The next head, an interim one as well.
    pub(crate) fn head(&mut self) -> Option<Response> {
        Response::read_head(&mut self.reader)
    }

    /// The next so many bytes.
    pub(crate) fn read(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        self.reader.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Whether the other end has closed, without another byte.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match self.reader.read(&mut byte) {
            Ok(size) => size == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

/// Sends a request without body on a connection of its own.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    host: &str,
    headers: &[(&str, &str)],
) -> Response {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    Connection::open(address).ask(text)
}

/// What came back on one connection, whatever it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// The bytes as they are.
    pub(crate) bytes: Vec<u8>,
    /// The final responses in them; interim ones (1xx but 101) are left out.
    pub(crate) responses: Vec<Response>,
    /// The server ended the connection.
    pub(crate) closed: bool,
}

impl Exchange {
    pub(crate) fn status(&self) -> Option<u16> {
        self.responses.first().map(|response| response.status)
    }

    /// `error.id` of the first answer's error JSON; empty where there is none.
    pub(crate) fn error_id(&self) -> String {
        let first = self.responses.first();
        let json: Option<serde_json::Value> =
            first.and_then(|it| serde_json::from_slice(&it.body).ok());
        let id = json.and_then(|json| json["error"]["id"].as_str().map(str::to_owned));
        id.unwrap_or_default()
    }
}

/// How long nothing may come after the last whole response before the exchange counts as over.
const QUIET: Duration = Duration::from_millis(150);

/// Sends `bytes` on a new connection and reads until the server closes, or is quiet after at least
/// one whole response, or `patience` is over.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8], patience: Duration) -> Exchange {
    let Ok(stream) = TcpStream::connect(address) else {
        return Exchange {
            closed: true,
            ..Exchange::default()
        };
    };
    let _ = stream.set_nodelay(true);
    // A server that refuses early closes while we still write: both ends must move at once.
    let mut sending = stream.try_clone().unwrap();
    let payload = bytes.to_vec();
    let writer = thread::spawn(move || sending.write_all(&payload).is_ok());
    let found = read_responses(stream, bytes.starts_with(b"HEAD "), patience);
    let _ = writer.join();
    found
}

fn read_responses(mut stream: TcpStream, to_head: bool, patience: Duration) -> Exchange {
    stream.set_read_timeout(Some(QUIET)).unwrap();
    let start = Instant::now();
    let mut found = Exchange::default();
    let mut buffer = vec![0; 64 * 1024];
    while start.elapsed() < patience {
        match stream.read(&mut buffer) {
            Ok(0) => {
                found.closed = true;
                break;
            }
            Ok(count) => found.bytes.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let responses = parse(&found.bytes, to_head, false);
                if responses.last().is_some_and(|it| it.whole) {
                    break;
                }
            }
            Err(_) => {
                found.closed = true;
                break;
            }
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
    found.responses = parse(&found.bytes, to_head, found.closed);
    found
}

/// The answers one after the other, as far as they can be read.
fn parse(bytes: &[u8], to_head: bool, closed: bool) -> Vec<Response> {
    let mut rest = bytes;
    let mut responses = Vec::new();
    while let Some(mut response) = Response::read(&mut rest, to_head) {
        response.message.whole &= response.framed || closed;
        let whole = response.whole;
        responses.push(response);
        if !whole {
            break;
        }
    }
    responses
}

/// One GET with the session cookie `session`, as an API client.
pub(crate) fn get(address: SocketAddr, host: &str, target: &str, cookie: &str) -> Exchange {
    let cookie = if cookie.is_empty() {
        String::new()
    } else {
        format!("Cookie: session={cookie}\r\n")
    };
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n{cookie}\
         Connection: close\r\n\r\n"
    );
    exchange(address, request.as_bytes(), Duration::from_secs(10))
}
