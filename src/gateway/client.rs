//! One client connection: what is known of it, and how long it may do nothing.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use http::HeaderValue;

use super::alarm::AlarmGuard;
use super::config::Timeouts;
use super::head_scan::{BodyKind, HeadFault, HeadScan};
use super::listener::Door;
use super::upgrade::Tunnel;
use super::worker::Worker;
use crate::clock::Monotonic;

/// What a connection is doing, as far as time limits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing.
    Idle,
    /// A request head has begun.
    Head,
    /// At least one request is under way.
    Busy,
}

/// Why a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The process stops, or the client was silent: what is under way may finish.
    Graceful,
    /// A request head took too long.
    HeadTimeout,
    /// The client does not read, or resets one request after the other.
    Abort,
}

/// One client connection. Lives on one worker.
pub(super) struct ClientConnection {
    pub(super) worker: Rc<Worker>,
    pub(super) door: Rc<Door>,
    /// The address of the other end; the loopback address for a unix socket.
    pub(super) peer: IpAddr,
    /// The peer's word on other clients is believed.
    pub(super) peer_trusted: bool,
    /// The peer's address as a header value.
    pub(super) peer_value: HeaderValue,
    /// Rings when the connection as a whole has to end, or to be looked after.
    pub(super) alarm: AlarmGuard,
    pub(super) scan: RefCell<HeadScan>,
    /// What is to follow the answer 101.
    pub(super) tunnel: RefCell<Option<Tunnel>>,
    phase: Cell<Phase>,
    last_head: Cell<usize>,
    /// Requests under way.
    open: Cell<u32>,
    served: Cell<u64>,
    resets: Cell<(Monotonic, u32)>,
    draining: Cell<bool>,
    /// An HTTP/2 client is to be told that this connection takes no further requests.
    going_away: Cell<bool>,
    /// It has been told.
    sent_away: Cell<bool>,
    aborting: Cell<bool>,
}

impl ClientConnection {
    pub(super) fn new(worker: &Rc<Worker>, door: &Rc<Door>, peer: IpAddr) -> Rc<Self> {
        let peer = peer.to_canonical();
        let this = Self {
            door: Rc::clone(door),
            peer,
            peer_trusted: door.trusts(peer),
            peer_value: HeaderValue::from_str(&peer.to_string())
                .unwrap_or_else(|_| HeaderValue::from_static("unknown")),
            alarm: worker.connection_alarms.register(None),
            scan: RefCell::new(HeadScan::default()),
            tunnel: RefCell::new(None),
            phase: Cell::new(Phase::Idle),
            last_head: Cell::new(0),
            open: Cell::new(0),
            served: Cell::new(0),
            resets: Cell::new((worker.alarms.now(), 0)),
            draining: Cell::new(false),
            going_away: Cell::new(false),
            sent_away: Cell::new(false),
            aborting: Cell::new(false),
            worker: Rc::clone(worker),
        };
        this.alarm.set(this.timeouts().request_header);
        Rc::new(this)
    }

    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.worker.shared.config.timeouts
    }

    /// Bytes came in.
    pub(super) fn received(&self, bytes: &[u8]) {
        let mut scan = self.scan.borrow_mut();
        scan.feed(bytes);
        if self.phase.get() == Phase::Idle && scan.in_head() {
            self.phase.set(Phase::Head);
            self.alarm.set(self.timeouts().request_header);
        }
    }

    /// The parser has a request. What is wrong with how it was written.
    pub(super) fn head_done(&self, body: BodyKind) -> Result<(), HeadFault> {
        let mut scan = self.scan.borrow_mut();
        self.last_head.set(scan.head_size());
        scan.head_done(body)
    }

    /// The size of the head that the parser has read, in bytes; 0 where that is not known.
    pub(super) fn head_size(&self) -> usize {
        self.last_head.get()
    }

    /// A request body was read to its end.
    pub(super) fn body_done(&self) {
        self.scan.borrow_mut().body_done();
    }

    /// Counts a request in; whether it is the last one this connection may send.
    pub(super) fn count_request(&self) -> bool {
        let served = self.served.get().saturating_add(1);
        self.served.set(served);
        let limit = self.worker.shared.config.limits.requests_per_connection;
        limit.is_some_and(|limit| served >= limit)
    }

    pub(super) fn exchange_begins(&self) {
        self.open.set(self.open.get().saturating_add(1));
        self.phase.set(Phase::Busy);
        if !self.has_orders() {
            self.alarm.stop();
        }
    }

    /// Whether the alarm rang, or will, for another reason than time.
    fn has_orders(&self) -> bool {
        self.aborting.get()
            || self.going_away.get()
            || (self.worker.draining() && !self.draining.get())
    }

    /// Tells an HTTP/2 client, once, that this connection takes no further requests; those under
    /// way go on.
    pub(super) fn send_away(&self) {
        if !self.sent_away.replace(true) {
            self.going_away.set(true);
            self.alarm.ring();
        }
    }

    pub(super) fn exchange_ends(&self, complete: bool) {
        let open = self.open.get().saturating_sub(1);
        self.open.set(open);
        if !complete {
            self.count_reset();
        }
        if open == 0 {
            let in_head = self.scan.borrow().in_head();
            let (phase, limit) = if in_head {
                (Phase::Head, self.timeouts().request_header)
            } else {
                (Phase::Idle, self.timeouts().keep_alive)
            };
            self.phase.set(phase);
            if !self.has_orders() {
                self.alarm.set(limit);
            }
        }
    }

    fn count_reset(&self) {
        const MINUTE: Duration = Duration::from_secs(60);
        let now = self.worker.alarms.now();
        let (since, count) = self.resets.get();
        let (since, count) = if now.since(since) >= MINUTE {
            (now, 1)
        } else {
            (since, count.saturating_add(1))
        };
        self.resets.set((since, count));
        if count > self.worker.shared.config.limits.h2_resets_per_minute {
            self.aborting.set(true);
            self.alarm.ring();
        }
    }

    /// The alarm rang: what has to happen.
    pub(super) fn answer_alarm(&self) -> Ending {
        self.alarm.stop();
        if self.aborting.get() {
            return Ending::Abort;
        }
        if self.going_away.replace(false) && !self.worker.draining() {
            if self.phase.get() == Phase::Idle {
                self.alarm.set(self.timeouts().keep_alive);
            }
            return Ending::Graceful;
        }
        if self.worker.draining() && !self.draining.replace(true) {
            if self.phase.get() == Phase::Head {
                self.alarm.set(self.timeouts().request_header);
            }
            return Ending::Graceful;
        }
        match self.phase.get() {
            Phase::Idle if self.draining.replace(true) => Ending::Abort,
            Phase::Idle => {
                self.alarm.set(Duration::from_secs(1));
                Ending::Graceful
            }
            Phase::Head => Ending::HeadTimeout,
            // A request's own alarm rang and nobody looked: the client takes nothing.
            Phase::Busy => Ending::Abort,
        }
    }
}
