//! Starting the proxy and stopping it.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;

use super::Parts;
use super::config::{Config, ListenAddress, ListenerConfig, ListenerDoor};
use super::guest::{Guest, NamedGuest};
use super::listener::{Bound, Door, accept};
use super::mount::{Mounted, well_known};
use super::open::OpenConnections;
use super::tls::{CertificateError, Tls};
use super::upstream::{Connectors, HealthBoard, PROBE_STEP, probe};
use super::worker::{LocalExecutor, Shared, Worker};
use crate::authz::Strip;
use crate::policy::AmbiguousRequest;
use crate::telemetry::AccessLog;

/// Why the proxy could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address can't be listened on; it may be taken.
    #[error("can't listen on {address}: {source}")]
    Bind {
        /// The address.
        address: ListenAddress,
        /// What is wrong.
        source: io::Error,
    },
    /// A listener's certificates can't be used.
    #[error("listener {address}: {source}")]
    Certificates {
        /// The listener.
        address: ListenAddress,
        /// What is wrong.
        source: Box<CertificateError>,
    },
    /// A listener's door is none that was opened.
    #[error("listener {address}: there is no door `{door}`")]
    Door {
        /// The listener.
        address: ListenAddress,
        /// Its door.
        door: &'static str,
    },
    /// The mount's path is ambiguous.
    #[error("mount: {0}")]
    Mount(AmbiguousRequest),
    /// No thread or no runtime for a worker.
    #[error("can't start a worker: {0}")]
    Worker(#[source] io::Error),
}

/// How far stopping has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Not at all.
    Running,
    /// Nothing new is taken, what is under way may finish.
    Draining,
    /// Everything ends now.
    Now,
}

/// A running proxy. Dropping it ends it at once.
pub struct Running {
    addresses: Vec<ListenAddress>,
    open: OpenConnections,
    tls: Vec<Tls>,
    shared: Arc<Shared>,
    stop: watch::Sender<Stop>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// Where it listens, in the order of the configuration, with the ports that were given.
    #[must_use]
    pub fn addresses(&self) -> &[ListenAddress] {
        &self.addresses
    }

    /// How many client connections each listener has.
    #[must_use]
    pub const fn open_connections(&self) -> &OpenConnections {
        &self.open
    }

    /// TLS of the listeners that have it, to have their certificates reloaded.
    #[must_use]
    pub fn certificates(&self) -> &[Tls] {
        &self.tls
    }

    /// Reads certificates towards upstreams anew with their next connection.
    pub fn forget_upstream_certificates(&self) {
        self.shared.connectors.forget();
    }

    /// Goes on for `timeouts.before_drain`, telling clients to go elsewhere with their next request.
    /// Then takes no new connections, closes idle ones, and lets requests under way finish within
    /// `timeouts.drain`.
    pub fn drain(&self) {
        self.stop.send_if_modified(|stop| {
            let fresh = *stop == Stop::Running;
            if fresh {
                *stop = Stop::Draining;
            }
            fresh
        });
    }

    /// Ends everything now.
    pub fn cut(&self) {
        self.stop.send_replace(Stop::Now);
    }

    /// Waits until the last worker has ended: after [`Running::drain`] or [`Running::cut`]. Blocks
    /// the thread.
    pub fn join(mut self) {
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker ended by a defect");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(Stop::Now);
    }
}

/// Addresses that are taken, with the certificates that they need. Nothing is accepted yet.
pub struct BoundListeners {
    config: Config,
    listeners: Vec<(Bound, ListenerConfig, Option<Tls>)>,
    addresses: Vec<ListenAddress>,
}

/// Takes all addresses of `config`, so that the ports are known before anything is started.
///
/// # Errors
/// An address is taken, or a certificate can't be used.
pub fn bind(config: Config) -> Result<BoundListeners, StartError> {
    let mut listeners = Vec::new();
    let mut addresses = Vec::new();
    for listener in &config.listeners {
        let address = &listener.address;
        let own_tls = listener.tls.as_ref().map(Tls::load).transpose();
        let own_tls = own_tls.map_err(|source| StartError::Certificates {
            address: address.clone(),
            source: Box::new(source),
        })?;
        let bound =
            Bound::bind(address, listener.socket_mode).map_err(|source| StartError::Bind {
                address: address.clone(),
                source,
            })?;
        addresses.push(bound.address(address));
        listeners.push((bound, listener.clone(), own_tls));
    }
    Ok(BoundListeners {
        config,
        listeners,
        addresses,
    })
}

impl BoundListeners {
    /// Where they listen, in the order of the configuration, with the ports that were given.
    #[must_use]
    pub fn addresses(&self) -> &[ListenAddress] {
        &self.addresses
    }

    /// Starts the workers.
    ///
    /// # Errors
    /// Nothing has been started when this fails.
    pub fn start(self, parts: Parts) -> Result<Running, StartError> {
        let workers = self
            .config
            .workers
            .or_else(|| std::thread::available_parallelism().ok());
        let workers = workers.map_or(1, std::num::NonZeroUsize::get);
        let listeners = self.listeners;
        let guests = parts.guests.clone();
        let open = OpenConnections::of(&self.addresses);
        let shared = Arc::new(share(self.config, parts)?);
        let (stop, stopped) = watch::channel(Stop::Running);
        let mut running = Running {
            addresses: self.addresses,
            open: open.clone(),
            tls: listeners
                .iter()
                .filter_map(|(_, _, tls)| tls.clone())
                .collect(),
            shared: Arc::clone(&shared),
            stop,
            threads: Vec::with_capacity(workers),
        };
        for index in 0..workers {
            let mut own = Vec::with_capacity(listeners.len());
            for ((bound, listener, own_tls), open) in listeners.iter().zip(open.counts()) {
                own.push(OwnListener {
                    open: Arc::clone(open),
                    bound: bound.try_clone().map_err(StartError::Worker)?,
                    config: listener.clone(),
                    tls: own_tls.clone(),
                    guest: guest_of(listener, &guests)?,
                });
            }
            let worker = WorkerThread {
                shared: Arc::clone(&shared),
                listeners: own,
                stopped: stopped.clone(),
                index,
            };
            let thread = std::thread::Builder::new()
                .name(format!("worker-{index}"))
                .spawn(move || worker.run())
                .map_err(StartError::Worker)?;
            running.threads.push(thread);
        }
        Ok(running)
    }
}

/// Binds all addresses and starts the workers.
///
/// # Errors
/// Nothing has been started when this fails.
pub fn start(config: Config, parts: Parts) -> Result<Running, StartError> {
    bind(config)?.start(parts)
}

fn share(config: Config, parts: Parts) -> Result<Shared, StartError> {
    let Parts {
        checker,
        clock,
        local,
        pages,
        minter,
        access_log,
        traffic,
        resume,
        audit,
        streams,
        guests: _,
    } = parts;
    Ok(Shared {
        strip: Strip::new(config.identity.own_names())
            .believing(&config.client_certificate_headers),
        mounted: Mounted::new(&config).map_err(StartError::Mount)?,
        well_known: well_known().map_err(StartError::Mount)?,
        connectors: Connectors::default(),
        traffic,
        board: HealthBoard::default(),
        connections: AtomicUsize::new(0),
        log: if config.access_log {
            access_log
        } else {
            AccessLog::off()
        },
        config,
        audit,
        streams,
        checker,
        clock,
        local,
        pages,
        minter,
        resume,
    })
}

/// A worker's copy of a listener.
struct OwnListener {
    open: Arc<AtomicUsize>,
    bound: Bound,
    config: ListenerConfig,
    tls: Option<Tls>,
    guest: Option<Arc<dyn Guest>>,
}

/// Who answers on `listener`, where that is not the proxy.
fn guest_of(
    listener: &ListenerConfig,
    guests: &[NamedGuest],
) -> Result<Option<Arc<dyn Guest>>, StartError> {
    match listener.door {
        ListenerDoor::Proxy => Ok(None),
        ListenerDoor::Guest(door) => guests
            .iter()
            .find(|(name, _)| *name == door)
            .map(|(_, guest)| Some(Arc::clone(guest)))
            .ok_or_else(|| StartError::Door {
                address: listener.address.clone(),
                door,
            }),
    }
}

/// What a worker's thread starts with.
struct WorkerThread {
    shared: Arc<Shared>,
    listeners: Vec<OwnListener>,
    stopped: watch::Receiver<Stop>,
    index: usize,
}

impl WorkerThread {
    fn run(self) {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default());
        match runtime {
            Ok(runtime) => runtime.block_on(self.work()),
            Err(error) => tracing::error!(%error, "a worker has no runtime"),
        }
    }

    async fn work(self) {
        let worker = Worker::new(self.shared);
        LocalExecutor::run(Rc::clone(&worker).tick());
        LocalExecutor::run(Rc::clone(&worker).follow_orders());
        if self.index == 0 {
            LocalExecutor::run(watch_health(Rc::clone(&worker)));
        }
        let mut accepting = tokio::task::JoinSet::new();
        for listener in self.listeners {
            let proxy = &worker.shared.config;
            let door = Door::new(&listener.config, proxy, listener.tls, listener.guest);
            let door = door.counting(listener.open);
            let accepted = accept(Rc::clone(&worker), listener.bound, Rc::new(door));
            accepting.spawn_local(accepted);
        }
        let mut stopped = self.stopped;
        let running = stopped.wait_for(|stop| *stop != Stop::Running).await;
        let mut now = running.is_err();
        drop(running);
        if !now {
            worker.leave();
            let before = worker.shared.config.timeouts.before_drain;
            now = until_now(&mut stopped, tokio::time::sleep(before)).await;
        }
        accepting.shutdown().await;
        if !now {
            worker.drain();
            until_now(&mut stopped, finish(&worker)).await;
        }
    }
}

/// Waits until `done`, or until everything has to end; whether it has to.
async fn until_now(stopped: &mut watch::Receiver<Stop>, done: impl Future<Output = ()>) -> bool {
    tokio::select! {
        biased;
        _ = stopped.wait_for(|stop| *stop == Stop::Now) => true,
        () = done => false,
    }
}

/// Waits for the last connection, within `timeouts.drain`.
async fn finish(worker: &Worker) {
    let empty = async {
        while worker.connections() > 0 {
            tokio::time::sleep(super::alarm::TICK).await;
        }
    };
    let limit = worker.shared.config.timeouts.drain;
    if tokio::time::timeout(limit, empty).await.is_err() {
        let left = worker.connections();
        tracing::warn!(connections = left, "not everything finished in time");
    }
}

/// Asks the endpoints that have a health path, each upstream in its own rhythm.
async fn watch_health(worker: Rc<Worker>) {
    let mut asked: Vec<(Box<str>, crate::clock::Monotonic)> = Vec::new();
    loop {
        tokio::time::sleep(PROBE_STEP).await;
        let rules = worker.shared.checker.rules();
        let now = worker.alarms.now();
        for upstream in rules.upstreams() {
            if upstream.health.path.is_none() {
                continue;
            }
            let before = asked.iter_mut().find(|(name, _)| *name == upstream.name);
            match before {
                Some((_, at)) if now.since(*at) < upstream.health.interval => continue,
                Some((_, at)) => *at = now,
                None => asked.push((upstream.name.clone(), now)),
            }
            let upstream = upstream.clone();
            let worker = Rc::clone(&worker);
            LocalExecutor::run(async move {
                let shared = &worker.shared;
                probe(&upstream, &shared.board, &shared.connectors).await;
            });
        }
    }
}
