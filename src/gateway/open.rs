//! How many client connections are open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::config::ListenAddress;

/// Open client connections by listener. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct OpenConnections(Arc<[(Box<str>, Arc<AtomicUsize>)]>);

impl OpenConnections {
    pub(super) fn of(addresses: &[ListenAddress]) -> Self {
        let addresses = addresses.iter();
        let listeners = addresses.map(|address| (address.to_string().into(), Arc::default()));
        Self(listeners.collect())
    }

    /// What each listener's connections are counted in.
    pub(super) fn counts(&self) -> impl Iterator<Item = &Arc<AtomicUsize>> {
        self.0.iter().map(|(_, open)| open)
    }

    /// The listeners by address, and how many are open.
    pub fn now(&self) -> impl Iterator<Item = (&str, usize)> {
        let listeners = self.0.iter();
        listeners.map(|(address, open)| (&**address, open.load(Ordering::Relaxed)))
    }
}
