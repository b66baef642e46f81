//! The way to applications: which endpoint, which connection, one try or two. Nothing here is
//! reached without a [`Permit`].

mod balance;
mod connect;
mod health;
mod http1;
mod send;
mod tls;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use hyper::client::conn::http2;

pub(super) use health::{HealthBoard, PROBE_STEP, probe};
pub(super) use http1::{Http1, Link};
pub(super) use send::{Failure, send, send_to_identity};
pub(super) use tls::Connectors;

use self::connect::Addresses;
use self::health::Health;
use super::body::RequestBody;
use crate::clock::Monotonic;
use crate::policy::{self, Permit, RuleSet};

/// How many generations of rules keep their upstreams beside the newest: requests and streams
/// that began under an older one still need theirs.
const OLD_GENERATIONS: usize = 3;

/// The upstreams of one generation, in the order of the rule set.
type Generation = Rc<[Rc<Upstream>]>;

/// An upstream as one worker sees it.
pub(super) struct Upstream {
    pub(super) config: policy::Upstream,
    pub(super) nodes: Vec<Rc<Node>>,
    next: Cell<usize>,
}

/// One endpoint of an upstream, with this worker's connections to it.
pub(super) struct Node {
    pub(super) endpoint: policy::Endpoint,
    pub(super) health: std::sync::Arc<Health>,
    idle_limit: usize,
    idle_timeout: std::time::Duration,
    #[allow(clippy::vec_box, reason = "links are large and change hands often")]
    idle: RefCell<Vec<Box<Link>>>,
    shared: RefCell<Option<http2::SendRequest<RequestBody>>>,
    connecting: tokio::sync::Mutex<()>,
    addresses: Addresses,
    in_flight: Cell<usize>,
}

impl Upstream {
    fn new(config: &policy::Upstream, board: &HealthBoard) -> Rc<Self> {
        let nodes = config
            .endpoints
            .iter()
            .map(|endpoint| {
                Rc::new(Node {
                    endpoint: endpoint.clone(),
                    health: board.of(&config.name, endpoint),
                    idle_limit: config.idle_per_worker,
                    idle_timeout: config.idle_timeout,
                    idle: RefCell::new(Vec::new()),
                    shared: RefCell::new(None),
                    connecting: tokio::sync::Mutex::new(()),
                    addresses: Addresses::default(),
                    in_flight: Cell::new(0),
                })
            })
            .collect();
        Rc::new(Self {
            config: config.clone(),
            nodes,
            next: Cell::new(0),
        })
    }
}

impl Node {
    /// A pooled connection that is alive as far as one can tell without writing.
    fn checkout(&self) -> Option<Box<Link>> {
        loop {
            let mut link = self.idle.borrow_mut().pop()?;
            if link.is_usable() {
                return Some(link);
            }
        }
    }

    fn put(&self, mut link: Box<Link>, now: Monotonic) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < self.idle_limit {
            link.idle_since = now;
            idle.push(link);
        }
    }

    fn purge(&self, now: Monotonic) {
        self.idle
            .borrow_mut()
            .retain_mut(|link| now.since(link.idle_since) < self.idle_timeout && link.is_usable());
    }
}

/// A connection in use, and the place it goes back to.
pub(super) struct Lease {
    node: Rc<Node>,
    link: Option<Box<Link>>,
    now: Monotonic,
}

impl Lease {
    fn new(node: &Rc<Node>, link: Option<Box<Link>>, now: Monotonic) -> Self {
        node.in_flight.set(node.in_flight.get().saturating_add(1));
        Self {
            node: Rc::clone(node),
            link,
            now,
        }
    }

    /// Whether the connection serves one request at a time.
    pub(super) const fn is_http1(&self) -> bool {
        self.link.is_some()
    }

    /// Lets the connection do its work.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(link) = &mut self.link {
            link.drive(cx);
        }
    }

    /// Takes the connection out, for a tunnel.
    pub(super) fn take_link(&mut self) -> Option<Box<Link>> {
        self.link.take()
    }

    /// The answer was read to its end: the connection may serve the next request, if the request
    /// was sent to its end too.
    pub(super) fn give_back(mut self) {
        if let Some(mut link) = self.link.take() {
            link.drive(&mut Context::from_waker(Waker::noop()));
            if link.is_usable() {
                self.node.put(link, self.now);
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let in_flight = &self.node.in_flight;
        in_flight.set(in_flight.get().saturating_sub(1));
    }
}

/// Every upstream of one worker.
#[derive(Default)]
pub(super) struct Upstreams {
    generations: RefCell<Vec<(u64, Generation)>>,
    apart: RefCell<Vec<Rc<Upstream>>>,
}

impl Upstreams {
    /// The upstream of a permitted request.
    pub(super) fn of(&self, permit: &Permit, board: &HealthBoard) -> Option<Rc<Upstream>> {
        let rules = permit.rules();
        let index = permit.rule().upstream()?.0;
        if let Some((_, set)) = self
            .generations
            .borrow()
            .iter()
            .rev()
            .find(|(number, _)| *number == rules.number())
        {
            return set.get(index).map(Rc::clone);
        }
        self.adopt(rules, board).get(index).map(Rc::clone)
    }

    /// Takes over a generation. Upstreams that did not change keep their connections.
    pub(super) fn adopt(&self, rules: &RuleSet, board: &HealthBoard) -> Generation {
        let mut generations = self.generations.borrow_mut();
        let known = |config: &policy::Upstream| {
            generations
                .iter()
                .flat_map(|(_, set)| set.iter())
                .find(|upstream| upstream.config == *config)
                .map(Rc::clone)
        };
        let set: Generation = rules
            .upstreams()
            .iter()
            .map(|config| known(config).unwrap_or_else(|| Upstream::new(config, board)))
            .collect();
        generations.push((rules.number(), Rc::clone(&set)));
        generations.sort_by_key(|(number, _)| *number);
        let surplus = generations.len().saturating_sub(OLD_GENERATIONS + 1);
        generations.drain(..surplus);
        set
    }

    /// An upstream that belongs to no rule: the identity service behind the mount.
    pub(super) fn apart(&self, config: &policy::Upstream, board: &HealthBoard) -> Rc<Upstream> {
        let mut apart = self.apart.borrow_mut();
        if let Some(known) = apart.iter().find(|upstream| upstream.config == *config) {
            return Rc::clone(known);
        }
        let upstream = Upstream::new(config, board);
        apart.push(Rc::clone(&upstream));
        upstream
    }

    /// Closes connections that were idle for too long.
    pub(super) fn purge(&self, now: Monotonic) {
        let generations = self.generations.borrow();
        let ruled = generations.iter().flat_map(|(_, set)| set.iter());
        for upstream in ruled.chain(self.apart.borrow().iter()) {
            for node in &upstream.nodes {
                node.purge(now);
            }
        }
    }
}
