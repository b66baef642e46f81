//! An application that does on the wire whatever a test wants, and writes down what it gets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// Trailer lines of a chunked body.
    pub(super) trailers: String,
    /// Whether the body came to its end.
    pub(super) whole: bool,
}

impl Seen {
    pub(super) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

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
}

/// One connection to the application.
pub(super) struct Line {
    reader: BufReader<TcpStream>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Line {
    /// Reads a request's head.
    pub(super) fn head(&mut self) -> Option<Seen> {
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
        Some(Seen {
            head,
            whole: true,
            ..Seen::default()
        })
    }

    /// Reads a request with its body and writes it down.
    pub(super) fn request(&mut self) -> Option<Seen> {
        let mut seen = self.head()?;
        if let Some(length) = seen.one("content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            seen.whole = self.reader.read_exact(&mut body).is_ok();
            seen.body = body;
        } else if seen.one("transfer-encoding") == Some("chunked") {
            seen.whole = self.chunks(&mut seen).is_some();
        }
        self.seen.lock().unwrap().push(seen.clone());
        Some(seen)
    }

    fn chunks(&mut self, seen: &mut Seen) -> Option<()> {
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
            seen.body.extend(chunk);
        }
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).ok()?;
            if line == "\r\n" {
                return Some(());
            }
            seen.trailers.push_str(&line);
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> bool {
        self.reader.get_mut().write_all(bytes).is_ok()
    }

    pub(super) fn read(&mut self, bytes: &mut [u8]) -> usize {
        self.reader.read(bytes).unwrap_or(0)
    }

    pub(super) fn close(&self) {
        let _ = self.reader.get_ref().shutdown(Shutdown::Both);
    }
}

/// The application.
pub(super) struct App {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

/// A complete answer.
pub(super) fn ok(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl App {
    /// Says `hello` to everything.
    pub(super) fn start() -> Self {
        Self::replying(|_| ok("hello"))
    }

    /// Answers each request with the bytes that `reply` gives.
    pub(super) fn replying(reply: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::serving(move |line, _| {
            while let Some(seen) = line.request() {
                if !line.write(&reply(&seen)) {
                    return;
                }
            }
        })
    }

    /// Does with each connection what `serve` does; the number counts them from 0.
    pub(super) fn serving(serve: impl Fn(&mut Line, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (log, count, serve) = (Arc::clone(&seen), Arc::clone(&connections), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = count.fetch_add(1, Ordering::SeqCst);
                stream.set_nodelay(true).unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(30)))
                    .unwrap();
                let (serve, seen) = (Arc::clone(&serve), Arc::clone(&log));
                std::thread::spawn(move || {
                    let mut line = Line {
                        reader: BufReader::new(stream),
                        seen,
                    };
                    serve(&mut line, number);
                    line.close();
                });
            }
        });
        Self {
            address,
            seen,
            connections,
        }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.into_iter().next().unwrap()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
