//! HTTP/1 messages off the wire, kept as they came.

use std::io::{BufRead, Read};
use std::ops::Deref;

/// A head and what followed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// First line and header lines as they came, a character for each byte, without the empty line.
    pub(crate) head: String,
    /// The body, chunks taken out of their frames.
    pub(crate) body: Vec<u8>,
    /// Trailer lines of a chunked body.
    pub(crate) trailers: String,
    /// Whether the body came to its end as announced.
    pub(crate) whole: bool,
}

impl Message {
    /// The first line.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// A request's method.
    pub(crate) fn method(&self) -> &str {
        self.line().split(' ').next().unwrap_or_default()
    }

    /// A request's path and query.
    pub(crate) fn target(&self) -> &str {
        self.line().split(' ').nth(1).unwrap_or_default()
    }

    /// Name and value of every header line, in order; one without a colon has no value.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head.split("\r\n").skip(1).filter(|it| !it.is_empty());
        lines
            .map(|line| line.split_once(':').unwrap_or((line, "")))
            .map(|(name, value)| (name, value.trim()))
    }

    /// All values of a header, by its name in any case.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        self.fields()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }

    /// The value of a header that must not come twice.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let all = self.headers(name);
        let count = all.len();
        assert!(count <= 1, "{name} came {count} times:\n{}", self.head);
        all.first().copied()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.head, self.text()))
    }

    /// `error.id` of the error JSON.
    pub(crate) fn error_id(&self) -> String {
        self.json()["error"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Reads a head; `None` when the stream ends before it does.
    pub(crate) fn read_head(reader: &mut impl BufRead) -> Option<Self> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            if reader.read_until(b'\n', &mut bytes).ok()? == 0 {
                return None;
            }
        }
        bytes.truncate(bytes.len() - 2);
        Some(Self {
            head: bytes.into_iter().map(char::from).collect(),
            whole: true,
            ..Self::default()
        })
    }

    /// Reads the body that the head announces by a length or as chunks. Returns whether it
    /// announces one.
    pub(crate) fn read_body(&mut self, reader: &mut impl BufRead) -> bool {
        let coding = self.header("transfer-encoding");
        if coding.is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            self.whole = self.read_chunks(reader).is_some();
            return true;
        }
        let Some(length) = self.header("content-length") else {
            return false;
        };
        let length = length.parse().ok();
        self.whole = length.is_some_and(|length| self.read_bytes(reader, length));
        true
    }

    /// Reads so many bytes, or as many as there are; whether all came.
    fn read_bytes(&mut self, reader: &mut impl BufRead, count: u64) -> bool {
        let before = self.body.len();
        let _ = reader.take(count).read_to_end(&mut self.body);
        u64::try_from(self.body.len() - before) == Ok(count)
    }

    fn read_chunks(&mut self, reader: &mut impl BufRead) -> Option<()> {
        loop {
            let line = read_line(reader)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).ok()?;
            if size == 0 {
                break;
            }
            if !self.read_bytes(reader, size) {
                return None;
            }
            reader.read_exact(&mut [0; 2]).ok()?;
        }
        loop {
            let line = read_line(reader)?;
            if line == "\r\n" {
                return Some(());
            }
            self.trailers.push_str(&line);
        }
    }
}

/// A line with its end; `None` when the stream ends first.
fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.ends_with('\n').then_some(line)
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Its body has an end of its own, not that of the connection.
    pub(crate) framed: bool,
    pub(crate) message: Message,
}

impl Deref for Response {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl Response {
    /// The next head, an interim one as well.
    pub(crate) fn read_head(reader: &mut impl BufRead) -> Option<Self> {
        let message = Message::read_head(reader)?;
        let rest = message.head.strip_prefix("HTTP/1.")?;
        let status = rest.get(2..5)?.parse().ok()?;
        Some(Self {
            status,
            framed: true,
            message,
        })
    }

    /// The next final answer. `to_head`: it answers HEAD and has no body.
    pub(crate) fn read(reader: &mut impl BufRead, to_head: bool) -> Option<Self> {
        let mut response = Self::read_head(reader)?;
        while matches!(response.status, 100 | 102..200) {
            response = Self::read_head(reader)?;
        }
        let has_body = !to_head && !matches!(response.status, 101 | 204 | 304);
        if has_body && !response.message.read_body(reader) {
            response.framed = false;
            let to_end = reader.read_to_end(&mut response.message.body);
            response.message.whole = to_end.is_ok();
        }
        Some(response)
    }
}
