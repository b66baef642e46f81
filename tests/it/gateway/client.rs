//! A client that sends exactly the bytes it is given.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    pub(super) trailers: String,
    /// Whether the body came to its end as announced.
    pub(super) whole: bool,
}

impl Answer {
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(
            all.len() <= 1,
            "{name} came {} times:\n{}",
            all.len(),
            self.head
        );
        all.first().copied()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// `error.id` of the error JSON.
    pub(super) fn error(&self) -> String {
        let json: serde_json::Value = serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.head, self.text()));
        json["error"]["id"].as_str().unwrap_or_default().to_owned()
    }
}

/// A connection.
pub(super) struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    pub(super) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self {
            reader: BufReader::new(stream),
        }
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        self.reader.get_mut()
    }

    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.reader.get_mut().write_all(bytes.as_ref());
    }

    pub(super) fn finish(&mut self) {
        let _ = self.reader.get_mut().shutdown(Shutdown::Write);
    }

    /// Sends a request and reads the answer.
    pub(super) fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        let head_only = bytes.as_ref().starts_with(b"HEAD ");
        self.send(bytes);
        self.answer_to(head_only).expect("an answer")
    }

    /// The next answer.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        self.answer_to(false)
    }

    fn answer_to(&mut self, head_only: bool) -> Option<Answer> {
        let mut answer = self.head()?;
        while answer.status == 100 || answer.status == 103 {
            answer = self.head()?;
        }
        answer.whole = true;
        if !head_only && !matches!(answer.status, 101 | 204 | 304) {
            answer.whole = self.body(&mut answer).is_some();
        }
        Some(answer)
    }

    /// The next head, an interim one as well.
    pub(super) fn head(&mut self) -> Option<Answer> {
        let mut head = String::new();
        loop {
            let mut line = Vec::new();
            if self.reader.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            if line == b"\r\n" {
                break;
            }
            head.push_str(&String::from_utf8_lossy(&line));
        }
        let status = head.split(' ').nth(1)?.get(..3)?.parse().ok()?;
        Some(Answer {
            status,
            head,
            ..Answer::default()
        })
    }

    fn body(&mut self, answer: &mut Answer) -> Option<()> {
        if let Some(length) = answer.one("content-length") {
            let mut left: usize = length.parse().unwrap();
            while left > 0 {
                let mut part = vec![0; left.min(64 * 1024)];
                let size = self.reader.read(&mut part).ok().filter(|size| *size > 0)?;
                answer.body.extend_from_slice(&part[..size]);
                left -= size;
            }
            return Some(());
        }
        if answer.one("transfer-encoding") == Some("chunked") {
            return self.chunks(answer);
        }
        self.reader.read_to_end(&mut answer.body).ok().map(|_| ())
    }

    fn chunks(&mut self, answer: &mut Answer) -> Option<()> {
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let size = usize::from_str_radix(line.trim(), 16).ok()?;
            if size == 0 {
                break;
            }
            let mut chunk = vec![0; size + 2];
            self.reader.read_exact(&mut chunk).ok()?;
            chunk.truncate(size);
            answer.body.extend(chunk);
        }
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).ok()?;
            if line == "\r\n" {
                return Some(());
            }
            answer.trailers.push_str(&line);
        }
    }

    pub(super) fn read(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        self.reader.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Whether the other end has closed, without another byte.
    pub(super) fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match self.reader.read(&mut byte) {
            Ok(size) => size == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}
