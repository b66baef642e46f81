//! Who wants to know what is forgotten: whatever runs under a session beyond a single request.

use super::Forget;

/// Is told of every eviction once it counts, on the thread that evicts and before that goes on.
/// It must neither block nor fail.
pub trait Watcher: Send + Sync + 'static {
    /// This was forgotten.
    fn forgotten(&self, what: Forget<'_>);

    /// Everything was.
    fn purged(&self);
}
