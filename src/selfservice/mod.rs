//! Door 3: the public API of the embedded identity service, with Kratos' paths and answers, and
//! its pages where they are ours.

mod door;
mod mailbox;
mod page;
mod reply;
mod route;
mod schemas;
mod visit;

use std::sync::Arc;

use axum::Router;
use ipnet::IpNet;
use tower_http::catch_panic::CatchPanicLayer;

use crate::flows::Service;
use crate::pages::Pages;

/// What the door needs to know besides the service's own settings.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Path that the API is mounted below, such as `/auth`; empty for the root.
    pub mount: String,
    /// Networks whose headers about the client's address are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where requests for the admin API are sent on to, if anywhere.
    pub admin_url: Option<String>,
    /// Our own pages, where the flows lead to them.
    pub pages: Option<Arc<Pages>>,
    /// What people are asked to prove themselves for.
    pub purposes: Option<Arc<dyn Purposes>>,
    /// Whether browsers on this machine see a mailbox with what was written to anybody: the demo.
    pub mailbox: bool,
}

/// Knows why somebody was sent here, by where they want to go.
pub trait Purposes: Send + Sync + std::fmt::Debug {
    /// What the page at `return_to` asks for; `None` for pages that nobody knows.
    fn purpose_of(&self, return_to: &str) -> Option<Purpose>;
}

/// Why somebody was sent here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purpose {
    /// The rule's `reason`, in the operator's words.
    pub reason: Option<String>,
    /// Whether the page wants a second factor.
    pub second_factor: bool,
}

/// The address that a request came from, put into its extensions by whoever accepted it.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub std::net::SocketAddr);

/// The public API as a service.
pub fn router(service: Arc<Service>, config: Config) -> Router {
    let door = Arc::new(door::Door::new(service, config));
    Router::new()
        .fallback(move |request: axum::extract::Request| {
            let door = Arc::clone(&door);
            async move { door.answer(request).await }
        })
        .layer(CatchPanicLayer::custom(reply::panicked))
}
