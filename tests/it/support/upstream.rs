//! An application that writes down what reaches it.

use std::sync::Arc;

use super::server::{Received, Reply, Server};

/// The application.
pub(crate) struct Upstream {
    pub(crate) server: Server,
}

impl Upstream {
    /// Answers everything with 200 and `hello`.
    pub(crate) fn start() -> Self {
        Self::answering(|_| Reply::answer("200 OK", &[("Content-Type", "text/plain")], "hello"))
    }

    pub(crate) fn answering(script: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self {
            server: Server::start(Arc::new(script)),
        }
    }

    /// What reached it so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.server.received()
    }

    /// The one request that reached it.
    pub(crate) fn only(&self) -> Received {
        let received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.into_iter().next().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }
}
