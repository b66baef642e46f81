//! What runs longer than a moment: WebSockets, event streams, gRPC streams, long downloads and
//! uploads.
//!
//! A request is judged once, when it comes; a stream would outlive its session. So each one leaves
//! a [`Lease`] in the [`Registry`] of its worker, and is cut when its session ends, expires or
//! falls below what the rule asks for. Other threads reach the registries through the
//! [`Switchboard`]; nothing on the way of a request takes a lock.

mod cause;
mod judge;
mod lease;
mod registry;
mod revalidate;
mod slots;
mod switchboard;

use std::time::Duration;

pub use cause::Cause;
pub use judge::Judge;
pub use lease::Lease;
pub use registry::{Live, Look, Place, Registry};
pub use slots::Slots;
pub use switchboard::{Mailbox, Order, Switchboard};

/// Settings of streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// `sessions.revalidate_streams`: the longest time between two looks at a stream's session and
    /// rule.
    pub revalidate: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            revalidate: Duration::from_secs(30),
        }
    }
}
