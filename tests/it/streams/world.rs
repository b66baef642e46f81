//! A gateway between a scripted identity service and an application that streams.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stepgate::streams::Cause;

use crate::support::client::{self, Connection, Response};
use crate::support::eventually;
use crate::support::gateway::{Gateway, now, session};
use crate::support::identity::{Identity, Session};
use crate::support::server::{Line, Server};

pub(super) const RULES: &str = r#"
upstreams:
  app: { url: "UPSTREAM" }
defaults: { upstream: app }
rules:
  - { id: open, match: { path: /open/** }, required_aal: none }
  - { id: app, match: { path: /app/**, headers: { X-Client: app } }, required_aal: aal1 }
  - { id: one, match: { path: /one/** }, required_aal: aal1 }
  - { id: two, match: { path: /two/** }, required_aal: aal2 }
  - { id: recent, match: { path: /recent/** }, required_aal: aal1, max_age: 5m }
"#;

/// What an application streams, by the last segment of the path.
pub(super) struct App {
    pub(super) server: Server,
    /// Streams whose other end has closed.
    over: Arc<AtomicUsize>,
}

impl App {
    pub(super) fn start() -> Self {
        let over = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&over);
        let server = Server::serving(move |line, _| {
            while let Some(request) = line.head() {
                let target = request.target().to_owned();
                if target.ends_with("/plain") {
                    line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    continue;
                }
                stream(line, &target, request.header("sec-websocket-key"));
                count.fetch_add(1, Ordering::SeqCst);
                return;
            }
        });
        Self { server, over }
    }

    pub(super) fn over(&self) -> usize {
        self.over.load(Ordering::SeqCst)
    }
}

fn stream(line: &mut Line, target: &str, key: Option<&str>) {
    match target.rsplit('/').next().unwrap_or_default() {
        "ws" => {
            let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(
                key.unwrap_or_default().as_bytes(),
            );
            line.write(
                format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                     Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
                )
                .as_bytes(),
            );
            // A text frame, whole.
            line.write(b"\x81\x03abc");
        }
        "half" => {
            let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(
                key.unwrap_or_default().as_bytes(),
            );
            line.write(
                format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                     Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
                )
                .as_bytes(),
            );
            // A text frame, begun.
            line.write(b"\x81\x05abc");
        }
        "events" => {
            line.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                  Transfer-Encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\n",
            );
        }
        "download" => {
            line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc");
        }
        "endless" => {
            line.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            let chunk = [b"4000\r\n".as_slice(), &[7; 0x4000], b"\r\n"].concat();
            while line.write(&chunk) {}
            return;
        }
        // The head of the answer does not come.
        _ => {}
    }
    line.wait();
}

pub(super) struct World {
    pub(super) identity: Identity,
    pub(super) app: App,
    pub(super) gateway: Gateway,
}

impl World {
    pub(super) fn start() -> Self {
        Self::with(RULES, "", "")
    }

    /// With these rules, further keys of `identity.external` and of `sessions`.
    pub(super) fn with(rules: &str, external: &str, sessions: &str) -> Self {
        let identity = Identity::start();
        let app = App::start();
        let stepgate = format!(
            "version: 1\n\
             proxy: {{ listen: [{{ address: \"127.0.0.1:0\" }}], workers: 2 }}\n\
             identity: {{ external: {{ public_url: \"{}\"{external} }} }}\n\
             sessions: {{ cache: {{ ttl: 30s }}{sessions} }}\n\
             reload: {{ watch: false }}\n\
             telemetry: {{ access_log: {{ output: null }} }}\n\
             admin: {{ listen: \"127.0.0.1:0\" }}\n",
            identity.url(),
        );
        let gateway = Gateway::start(&stepgate, &rules.replace("UPSTREAM", &app.server.url()));
        let world = Self {
            identity,
            app,
            gateway,
        };
        for person in ["ada", "bob"] {
            world.knows(person, &Session::new(person, now()));
        }
        world
    }

    pub(super) fn knows(&self, credential: &str, session: &Session) {
        self.identity.says(credential, session.reply());
    }

    /// Sends a request of `person` and reads the head of the answer.
    pub(super) fn open(&self, target: &str, person: &str) -> (Connection, Response) {
        let mut connection = self.send(target, person);
        let head = connection.head().expect("an answer");
        (connection, head)
    }

    pub(super) fn send(&self, target: &str, person: &str) -> Connection {
        let mut connection = Connection::open(self.gateway.address);
        let cookie = session(person);
        connection.send(format!(
            "GET {target} HTTP/1.1\r\nHost: app.test\r\nCookie: {cookie}\r\n\r\n"
        ));
        connection
    }

    /// Opens a WebSocket and reads its first frame.
    pub(super) fn websocket(&self, target: &str, person: &str) -> Connection {
        let mut connection = self.websocket_begun(target, person);
        assert_eq!(connection.read(5), b"\x81\x03abc");
        connection
    }

    /// Opens a WebSocket and reads nothing of its frames.
    pub(super) fn websocket_begun(&self, target: &str, person: &str) -> Connection {
        websocket(self.gateway.address, target, "app.test", &session(person))
    }

    /// Waits until so many streams have grown old enough to be registered.
    pub(super) fn until_running(&self, streams: usize) {
        let running = || self.gateway.running.streams().running();
        assert!(eventually(|| running() == streams), "{}", running());
    }

    pub(super) fn cut(&self, cause: Cause) -> u64 {
        self.gateway.running.streams().cut(cause)
    }

    /// Turns the clock past the next look at every stream.
    pub(super) fn revalidate(&self) {
        self.gateway.clock.advance(Duration::from_secs(31));
    }

    pub(super) fn admin(&self, path: &str) -> Response {
        let address = self.gateway.running.address("admin").unwrap();
        client::ask(address.parse().unwrap(), "POST", path, "localhost", &[])
    }

    pub(super) fn revoke(&self, person: &str) {
        let path = format!("/stepgate/v1/sessions/session-of-{person}/revoke");
        assert_eq!(self.admin(&path).status, 204);
    }
}

/// Code and reason of the close frame that comes next, and that nothing comes after it.
pub(super) fn close_of(connection: &mut Connection) -> (u16, String) {
    let head = connection.read(2);
    assert_eq!(head[0], 0x88, "{head:?}");
    let payload = connection.read(usize::from(head[1]));
    let code = u16::from_be_bytes([payload[0], payload[1]]);
    assert!(connection.is_closed());
    (code, String::from_utf8_lossy(&payload[2..]).into_owned())
}

/// Reads to the end of the connection.
pub(super) fn rest_of(connection: &mut Connection) -> Vec<u8> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let _ = connection.stream().read_to_end(&mut bytes);
    bytes
}

/// Opens a WebSocket, up to the answer's head.
pub(super) fn websocket(address: SocketAddr, target: &str, host: &str, cookie: &str) -> Connection {
    let mut connection = Connection::open(address);
    connection.send(format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\
         Origin: http://{host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         X-Client: app\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ));
    let head = connection.head().expect("an answer");
    assert_eq!(head.status, 101, "{head:?}");
    connection
}
