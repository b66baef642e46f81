//! A client that sends bytes as they are and keeps what comes back.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// One response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body ended as its framing says.
    pub(crate) complete: bool,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let hit = self
            .headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name));
        hit.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What came back on one connection.
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
}

/// How long nothing may come after the first whole response before the exchange counts as over.
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
    let expects_no_body = bytes.starts_with(b"HEAD ");
    let found = read_responses(stream, expects_no_body, patience);
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
                if responses.last().is_some_and(|response| response.complete) {
                    break;
                }
            }
            Err(_) => {
                found.closed = true;
                break;
            }
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
    found.responses = parse(&found.bytes, to_head, found.closed);
    found
}

/// Reads responses one after the other. `to_head`: they answer HEAD and have no body.
pub(crate) fn parse(bytes: &[u8], to_head: bool, closed: bool) -> Vec<Response> {
    let mut responses = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
        let head: String = rest[..end].iter().map(|byte| char::from(*byte)).collect();
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let Some(status) = line.strip_prefix("HTTP/1.").and_then(|text| text.get(2..5)) else {
            break;
        };
        let mut response = Response {
            status: status.parse().unwrap_or(0),
            headers: lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            ..Response::default()
        };
        rest = &rest[end + 4..];
        if (100..200).contains(&response.status) && response.status != 101 {
            continue;
        }
        let used = take_body(&mut response, rest, to_head, closed);
        rest = &rest[used..];
        let whole = response.complete;
        responses.push(response);
        if !whole {
            break;
        }
    }
    responses
}

/// Fills in the body and returns how many bytes it took.
fn take_body(response: &mut Response, rest: &[u8], to_head: bool, closed: bool) -> usize {
    if to_head || matches!(response.status, 101 | 204 | 304) {
        response.complete = true;
        return 0;
    }
    let chunked = response.header("transfer-encoding").is_some();
    if chunked {
        return take_chunks(response, rest);
    }
    if let Some(length) = response
        .header("content-length")
        .and_then(|text| text.parse().ok())
    {
        let length: usize = length;
        let there = length.min(rest.len());
        response.body = rest[..there].to_vec();
        response.complete = there == length;
        return there;
    }
    response.body = rest.to_vec();
    response.complete = closed;
    rest.len()
}

fn take_chunks(response: &mut Response, bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else {
            return bytes.len();
        };
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        let Ok(size) = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16) else {
            return bytes.len();
        };
        at += end + 2;
        if size == 0 {
            let trailers = &bytes[at..];
            let last = if trailers.starts_with(b"\r\n") {
                Some(2)
            } else {
                trailers
                    .windows(4)
                    .position(|four| four == b"\r\n\r\n")
                    .map(|end| end + 4)
            };
            response.complete = last.is_some();
            return last.map_or(bytes.len(), |end| at + end);
        }
        let Some(chunk) = bytes.get(at..at + size) else {
            response
                .body
                .extend_from_slice(&bytes[at.min(bytes.len())..]);
            return bytes.len();
        };
        response.body.extend_from_slice(chunk);
        at = (at + size + 2).min(bytes.len());
    }
}

/// One GET with a session cookie, as an API client.
pub(crate) fn get(address: SocketAddr, host: &str, target: &str, cookie: &str) -> Exchange {
    let cookie = if cookie.is_empty() {
        String::new()
    } else {
        format!("Cookie: session={cookie}\r\n")
    };
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n{cookie}Connection: close\r\n\r\n"
    );
    exchange(address, request.as_bytes(), Duration::from_secs(10))
}
