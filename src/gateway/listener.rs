//! Addresses to listen on, and the loop that takes connections from them.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use http::HeaderValue;
use ipnet::IpNet;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, UnixListener};

use super::config::{Config, ListenAddress, ListenerConfig, SocketMode};
use super::guest::Guest;
use super::serve::serve;
use super::socket_file::SocketFile;
use super::stream::Plain;
use super::tls::Tls;
use super::worker::{LocalExecutor, Worker};
use crate::policy::Scheme;
use crate::telemetry;

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 1024;
/// Pause after the process ran out of descriptors or memory.
const BACK_OFF: Duration = Duration::from_millis(100);

/// What clients of one listener meet.
pub(super) struct Door {
    /// Its name in logs and metrics.
    pub(super) name: telemetry::Door,
    /// Its open connections, in all workers.
    pub(super) open: Arc<AtomicUsize>,
    pub(super) scheme: Scheme,
    pub(super) tls: Option<Tls>,
    pub(super) redirect_to_https: bool,
    pub(super) hsts: Option<HeaderValue>,
    /// Connections begin with a PROXY header.
    pub(super) proxy_protocol: bool,
    /// Whose word on other clients is believed.
    pub(super) trusted_proxies: Vec<IpNet>,
    /// Who answers; `None`: the proxy.
    pub(super) guest: Option<Arc<dyn Guest>>,
}

impl Door {
    pub(super) fn new(
        config: &ListenerConfig,
        proxy: &Config,
        tls: Option<Tls>,
        guest: Option<Arc<dyn Guest>>,
    ) -> Self {
        let scheme = if tls.is_some() {
            Scheme::Https
        } else {
            Scheme::Http
        };
        let seconds = config.hsts.as_secs();
        let hsts = (seconds > 0)
            .then(|| HeaderValue::from_str(&format!("max-age={seconds}")).ok())
            .flatten();
        Self {
            name: telemetry::Door::named(config.door.name()).unwrap_or(telemetry::Door::Proxy),
            open: Arc::default(),
            scheme,
            tls,
            redirect_to_https: config.redirect_to_https,
            hsts,
            proxy_protocol: config.proxy_protocol,
            trusted_proxies: config
                .trusted_proxies
                .clone()
                .unwrap_or_else(|| proxy.trusted_proxies.clone()),
            guest,
        }
    }

    /// Counts its connections there.
    pub(super) fn counting(self, open: Arc<AtomicUsize>) -> Self {
        Self { open, ..self }
    }

    /// Whether `peer` is one of the proxies in front.
    pub(super) fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(&peer))
    }
}

/// A bound socket that every worker gets a copy of.
#[derive(Debug)]
pub(super) enum Bound {
    Tcp(std::net::TcpListener),
    /// The file goes with the last copy.
    Unix(std::os::unix::net::UnixListener, Arc<SocketFile>),
}

impl Bound {
    /// Binds. A second process on the same address fails: the port is not shared. `mode` is that
    /// of a unix socket's file.
    pub(super) fn bind(address: &ListenAddress, mode: SocketMode) -> io::Result<Self> {
        match address {
            ListenAddress::Tcp(address) => {
                let kind = Type::STREAM.nonblocking();
                let socket = Socket::new(Domain::for_address(*address), kind, Some(Protocol::TCP))?;
                // Lets a restart take the port over while old connections linger.
                socket.set_reuse_address(true)?;
                socket.bind(&(*address).into())?;
                socket.listen(BACKLOG)?;
                Ok(Self::Tcp(socket.into()))
            }
            ListenAddress::Unix(path) => {
                let (listener, file) = SocketFile::bind(path, mode, BACKLOG)?;
                Ok(Self::Unix(listener, Arc::new(file)))
            }
        }
    }

    /// Where it listens, with the port that was given.
    pub(super) fn address(&self, asked: &ListenAddress) -> ListenAddress {
        match self {
            Self::Tcp(listener) => listener
                .local_addr()
                .map_or_else(|_| asked.clone(), ListenAddress::Tcp),
            Self::Unix(..) => asked.clone(),
        }
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(listener) => Self::Tcp(listener.try_clone()?),
            Self::Unix(listener, file) => Self::Unix(listener.try_clone()?, Arc::clone(file)),
        })
    }
}

enum Socketed {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        /// There for as long as connections are taken.
        _file: Arc<SocketFile>,
    },
}

impl Socketed {
    async fn accept(&self) -> io::Result<(Plain, IpAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are written whole; waiting for more would only delay them.
                stream.set_nodelay(true)?;
                Ok((Plain::Tcp(stream), peer.ip()))
            }
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                Ok((Plain::Unix(stream), Ipv4Addr::LOCALHOST.into()))
            }
        }
    }
}

/// Takes connections until the future is dropped.
pub(super) async fn accept(worker: Rc<Worker>, bound: Bound, door: Rc<Door>) -> io::Result<()> {
    let listener = match bound {
        Bound::Tcp(listener) => Socketed::Tcp(TcpListener::from_std(listener)?),
        Bound::Unix(listener, file) => Socketed::Unix {
            listener: UnixListener::from_std(listener)?,
            _file: file,
        },
    };
    let mut exhausted = false;
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if is_exhaustion(&error) => {
                if !exhausted {
                    tracing::error!(%error, "no connection can be accepted at the moment");
                }
                exhausted = true;
                tokio::time::sleep(BACK_OFF).await;
                continue;
            }
            // The client was gone before we looked.
            Err(_) => continue,
        };
        exhausted = false;
        match worker.admit(&door) {
            Some(admission) => {
                LocalExecutor::run(serve(
                    Rc::clone(&worker),
                    Rc::clone(&door),
                    stream,
                    peer,
                    admission,
                ));
            }
            None => turn_away(stream, &door).await,
        }
    }
}

/// Descriptors or memory ran out: `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`.
fn is_exhaustion(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(24 | 23 | 105 | 12))
}

/// Over the limit: a word where that costs nothing, then the end.
async fn turn_away(mut stream: Plain, door: &Door) {
    const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
        retry-after: 1\r\ncontent-length: 0\r\n\r\n";
    if door.tls.is_none() {
        let telling = stream.write_all(FULL);
        drop(tokio::time::timeout(Duration::from_millis(10), telling).await);
    }
}
