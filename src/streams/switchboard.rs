//! From whoever ends a session to the workers that carry its streams.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Cause, Config};
use crate::whoami::{Credential, Forget, Watcher};

/// Orders that may wait for a worker. Beyond it they turn into one order to look at everything,
/// which loses none of them.
const WAITING: usize = 10_000;

/// What is to be done about streams.
#[derive(Clone, Debug)]
pub enum Order {
    /// This session has ended: cut its streams.
    End(Box<str>),
    /// Look at the streams of this session.
    Session(Box<str>),
    /// Look at the streams of this identity's sessions.
    Identity(Box<str>),
    /// Look at the streams that came with this credential.
    Credential(Credential),
    /// Look at all streams.
    Everything,
}

/// Takes what is told of sessions to every worker.
#[derive(Debug, Default)]
pub struct Switchboard {
    config: Config,
    boxes: Mutex<Vec<Arc<Mailbox>>>,
    running: AtomicUsize,
    cut: [AtomicU64; Cause::ALL.len()],
}

/// Orders for one worker.
#[derive(Debug, Default)]
pub struct Mailbox {
    orders: Mutex<Vec<Order>>,
    bell: Notify,
}

impl Switchboard {
    /// One without workers yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// How streams are looked after.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Takes a worker in; what is told from now on reaches its mailbox.
    pub fn join(&self) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::default());
        lock(&self.boxes).push(Arc::clone(&mailbox));
        mailbox
    }

    /// Tells all workers.
    pub fn tell(&self, order: &Order) {
        for mailbox in lock(&self.boxes).iter() {
            mailbox.put(order.clone());
        }
    }

    /// Streams that run now, in all workers.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Streams that were cut for this cause since the start.
    #[must_use]
    pub fn cut(&self, cause: Cause) -> u64 {
        let counter = self.cut.get(cause.index());
        counter.map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    pub(super) fn count_in(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_out(&self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn count_cut(&self, cause: Cause, streams: usize) {
        if let Some(counter) = self.cut.get(cause.index()) {
            counter.fetch_add(streams as u64, Ordering::Relaxed);
        }
    }
}

impl Watcher for Switchboard {
    fn forgotten(&self, what: Forget<'_>) {
        self.tell(&match what {
            Forget::Ended(session) => Order::End(session.into()),
            Forget::Session(session) => Order::Session(session.into()),
            Forget::Identity(identity) => Order::Identity(identity.into()),
            Forget::Credential(credential) | Forget::Holder(credential) => {
                Order::Credential(credential.clone())
            }
        });
    }

    fn purged(&self) {
        self.tell(&Order::Everything);
    }
}

impl Mailbox {
    fn put(&self, order: Order) {
        let mut orders = lock(&self.orders);
        if orders.len() >= WAITING {
            orders.clear();
            orders.push(Order::Everything);
        } else {
            orders.push(order);
        }
        drop(orders);
        self.bell.notify_one();
    }

    /// Waits for orders and takes them all.
    pub async fn next(&self) -> Vec<Order> {
        loop {
            let orders = std::mem::take(&mut *lock(&self.orders));
            if !orders.is_empty() {
                return orders;
            }
            self.bell.notified().await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
