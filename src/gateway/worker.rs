//! One worker: a thread with a runtime of its own, its connections to upstreams, its idea of the
//! time. Nothing of it is shared with other workers.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::LocalService;
use super::alarm::{Alarms, TICK};
use super::config::Config;
use super::listener::Door;
use super::live::Running;
use super::mount::Mounted;
use super::request_id::RequestIds;
use super::resume::Resume;
use super::serve::Protocols;
use super::upstream::{Connectors, HealthBoard, Http1, Upstreams};
use crate::audit::Audit;
use crate::authz::{Checker, Strip};
use crate::clock::Clock;
use crate::minting::Minter;
use crate::pages::Pages;
use crate::policy::CanonicalPath;
use crate::streams::{Judge, Switchboard};
use crate::telemetry::{AccessLog, Traffic};

/// What all workers of a process share.
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) checker: Arc<Checker>,
    pub(super) clock: Clock,
    pub(super) strip: Strip,
    pub(super) connectors: Connectors,
    pub(super) board: HealthBoard,
    pub(super) local: Option<Arc<dyn LocalService>>,
    pub(super) mounted: Option<Mounted>,
    /// The path of the gateway's own pages.
    pub(super) well_known: CanonicalPath,
    pub(super) pages: Arc<Pages>,
    pub(super) minter: Option<Minter>,
    pub(super) resume: Option<Resume>,
    pub(super) log: AccessLog,
    pub(super) traffic: Traffic,
    pub(super) audit: Audit,
    /// Where it is told which sessions have ended.
    pub(super) streams: Arc<Switchboard>,
    /// Open client connections of the process.
    pub(super) connections: AtomicUsize,
}

/// What belongs to one worker.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    /// One per request under way.
    pub(super) alarms: Rc<Alarms>,
    /// One per client connection.
    pub(super) connection_alarms: Rc<Alarms>,
    pub(super) upstreams: Upstreams,
    pub(super) http1: Http1,
    pub(super) protocols: Protocols,
    pub(super) ids: RequestIds,
    /// Exchanges that were forwarded.
    pub(super) running: Running,
    leaving: Cell<bool>,
    draining: Cell<bool>,
    connections: Cell<usize>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>) -> Rc<Self> {
        let checker = &shared.checker;
        let judge = Judge::new(
            checker.resolver().clone(),
            Arc::clone(checker.rule_store()),
            shared.clock.clone(),
        );
        let worker = Self {
            running: Running::new(&shared.streams, judge),
            alarms: Rc::new(Alarms::default()),
            connection_alarms: Rc::new(Alarms::default()),
            upstreams: Upstreams::default(),
            http1: Http1::default(),
            protocols: Protocols::new(&shared.config.limits),
            ids: RequestIds::default(),
            leaving: Cell::new(false),
            draining: Cell::new(false),
            connections: Cell::new(0),
            shared,
        };
        let now = worker.shared.clock.monotonic();
        worker.alarms.tick(now);
        worker.connection_alarms.tick(now);
        Rc::new(worker)
    }

    /// Whether clients should go elsewhere with their next request.
    pub(super) fn leaving(&self) -> bool {
        self.leaving.get()
    }

    /// From now on, whoever gets an answer is told to go elsewhere with the next request.
    pub(super) fn leave(&self) {
        self.leaving.set(true);
    }

    /// Whether the process is about to stop.
    pub(super) fn draining(&self) -> bool {
        self.draining.get()
    }

    /// Ends what is idle and lets the rest finish.
    pub(super) fn drain(&self) {
        self.leaving.set(true);
        self.draining.set(true);
        self.connection_alarms.ring_all();
    }

    /// Client connections of this worker.
    pub(super) fn connections(&self) -> usize {
        self.connections.get()
    }

    /// Takes a place for a client connection; `None` when the process has its fill.
    pub(super) fn admit(self: &Rc<Self>, door: &Rc<Door>) -> Option<Admission> {
        let limit = self.shared.config.limits.connections;
        let before = self.shared.connections.fetch_add(1, Ordering::Relaxed);
        self.connections
            .set(self.connections.get().saturating_add(1));
        door.open.fetch_add(1, Ordering::Relaxed);
        let admission = Admission(Rc::clone(self), Rc::clone(door));
        (before < limit).then_some(admission)
    }

    /// Cuts streams as sessions end, until the worker does.
    pub(super) async fn follow_orders(self: Rc<Self>) {
        self.running.follow_orders().await;
    }

    /// Keeps the time until the worker ends.
    pub(super) async fn tick(self: Rc<Self>) {
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let now = self.shared.clock.monotonic();
            self.alarms.tick(now);
            self.connection_alarms.tick(now);
            self.running.tick();
            self.upstreams.purge(now);
        }
    }
}

/// The place of one client connection.
pub(super) struct Admission(Rc<Worker>, Rc<Door>);

impl Drop for Admission {
    fn drop(&mut self) {
        let Self(worker, door) = self;
        door.open.fetch_sub(1, Ordering::Relaxed);
        worker.shared.connections.fetch_sub(1, Ordering::Relaxed);
        worker
            .connections
            .set(worker.connections.get().saturating_sub(1));
    }
}

/// Runs futures on the worker they come from. The worker's runtime owns them: they end with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct LocalExecutor;

impl LocalExecutor {
    pub(super) fn run<F>(future: F)
    where
        F: Future<Output = ()> + 'static,
    {
        drop(tokio::task::spawn_local(future));
    }
}

impl<F> hyper::rt::Executor<F> for LocalExecutor
where
    F: Future + 'static,
{
    fn execute(&self, future: F) {
        Self::run(async move {
            future.await;
        });
    }
}
