//! Exchanges that last: each one that is forwarded is watched, and those that are still there a
//! moment later run under a lease, which ends with their session.
//!
//! A short request costs a place in a list and nothing else.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Poll;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::exchange::Exchange;
use super::upgrade::Wanted;
use super::upstream::Failure;
use super::worker::LocalExecutor;
use crate::authz::Forward;
use crate::policy::Permit;
use crate::streams::{Cause, Judge, Lease, Live, Place, Registry, Slots, Switchboard};

/// Ticks after which an exchange counts as long.
const YOUNG_TICKS: u8 = 2;

/// How long an exchange has lasted, and whether it may go on.
#[derive(Default)]
pub(super) struct Life {
    /// Why it is to end.
    cut: Cell<Option<Cause>>,
    /// Its place among the young.
    young: Cell<Option<usize>>,
    /// It has grown old before its lease was made.
    old: Cell<bool>,
    /// The request's headers, where they may be needed to find its rule again.
    headers: RefCell<Option<Arc<HeaderMap>>>,
    /// What it runs under, until it is registered.
    lease: RefCell<Option<Lease>>,
    /// Its place in the registry.
    place: Cell<Option<Place>>,
}

/// The exchanges of a worker that were forwarded.
pub(super) struct Running {
    young: RefCell<Slots<(Weak<Exchange>, u8)>>,
    registry: Rc<Registry<Exchange>>,
}

impl Running {
    pub(super) fn new(switchboard: &Arc<Switchboard>, judge: Judge) -> Self {
        Self {
            young: RefCell::default(),
            registry: Registry::new(switchboard, judge),
        }
    }

    /// Registers what has grown old, cuts what has expired, and looks at what is due.
    pub(super) fn tick(&self) {
        let mut grown = Vec::new();
        for (_, (exchange, age)) in self.young.borrow_mut().iter_mut() {
            *age = age.saturating_add(1);
            if *age > YOUNG_TICKS {
                grown.extend(exchange.upgrade());
            }
        }
        for exchange in grown {
            self.forget_young(&exchange.life);
            exchange.life.old.set(true);
            if let Some(lease) = exchange.life.lease.take() {
                self.register(&exchange, lease);
            } else {
                // Who waits for the answer's head has the permit, and makes the lease.
                exchange.alarm.nudge();
            }
        }
        self.look();
    }

    fn look(&self) {
        for look in self.registry.due() {
            LocalExecutor::run(Rc::clone(&self.registry).look(look));
        }
    }

    /// Does what is told from other threads, as soon as it is told.
    pub(super) async fn follow_orders(&self) {
        loop {
            self.registry.follow_orders().await;
            self.look();
        }
    }

    fn register(&self, exchange: &Rc<Exchange>, lease: Lease) {
        let place = self.registry.enter(lease, exchange);
        exchange.life.place.set(Some(place));
    }

    fn forget_young(&self, life: &Life) {
        if let Some(young) = life.young.take() {
            self.young.borrow_mut().remove(young);
        }
    }

    /// The exchange is over.
    pub(super) fn leave(&self, life: &Life) {
        self.forget_young(life);
        if let Some(place) = life.place.take() {
            self.registry.leave(place);
        }
    }
}

impl Live for Exchange {
    fn cut(&self, cause: Cause) {
        self.life.cut.set(Some(cause));
        // Whoever works on it looks why; where nobody looks, the connection is ended.
        self.alarm.ring();
    }
}

impl Exchange {
    /// Why the exchange has to end, if it has to.
    pub(super) const fn cut_for(&self) -> Option<Cause> {
        self.life.cut.get()
    }

    /// Keeps the request's headers, before they are made ready for the upstream: where rules look
    /// at headers, and of requests that are long by nature, for rules that may come.
    pub(super) fn keep_headers(&self, head: &Parts, permit: &Permit) {
        let starts = |name: HeaderName, kind: &[u8]| {
            let value = head.headers.get(name);
            value.is_some_and(|value| value.as_bytes().starts_with(kind))
        };
        let long = Wanted::find(head).is_some()
            || starts(ACCEPT, b"text/event-stream")
            || starts(CONTENT_TYPE, b"application/grpc");
        if long || permit.rules().looks_at_headers() {
            *self.life.headers.borrow_mut() = Some(Arc::new(head.headers.clone()));
        }
    }

    /// From now on it runs under a lease in place of the permit. A rule that only reports binds
    /// nobody.
    pub(super) fn settle(self: &Rc<Self>, forward: Forward) {
        let bound = !forward.permit.rule().switches().report_only;
        let session = forward.facts.session.filter(|_| bound);
        let headers = self.life.headers.take();
        let lease = Lease::from_permit(forward.permit, headers, forward.credential, session);
        if self.life.place.get().is_some() {
            return;
        }
        if self.life.old.get() {
            self.client.worker.running.register(self, lease);
        } else {
            *self.life.lease.borrow_mut() = Some(lease);
        }
    }
}

/// Waits for the head of an answer for as long as the request stays allowed.
pub(super) async fn while_allowed<T>(
    exchange: &Rc<Exchange>,
    forward: &Forward,
    sending: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let running = &exchange.client.worker.running;
    let life = &exchange.life;
    if life.young.get().is_none() && life.place.get().is_none() {
        let young = (Rc::downgrade(exchange), 0);
        life.young
            .set(Some(running.young.borrow_mut().insert(young)));
    }
    let mut sending = pin!(sending);
    poll_fn(|cx| {
        let sent = sending.as_mut().poll(cx);
        if let Some(cause) = life.cut.get() {
            exchange.alarm.stop();
            return Poll::Ready(Err(Failure::Cut(cause)));
        }
        if sent.is_pending() {
            // Where the next tick finds us.
            let _rang = exchange.alarm.poll(cx);
            if life.old.get() && life.place.get().is_none() {
                running.register(exchange, lease_beside(exchange, forward));
            }
        }
        sent
    })
    .await
}

fn lease_beside(exchange: &Exchange, forward: &Forward) -> Lease {
    let bound = !forward.permit.rule().switches().report_only;
    let session = forward.facts.session.clone().filter(|_| bound);
    let headers = exchange.life.headers.borrow().clone();
    Lease::beside(
        &forward.permit,
        headers,
        forward.credential.clone(),
        session,
    )
}
