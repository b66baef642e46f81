//! What the gateway answers itself, carried from its workers to the service runtime.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ConnectInfo;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tokio::runtime::Handle;
use tower::ServiceExt as _;

use crate::gateway::{LocalAnswer, LocalBody, LocalPlace, LocalService};
use crate::policy;

/// Routers of the service runtime, reachable from the workers.
pub(super) struct Bridge {
    runtime: Handle,
    /// Below `/.well-known/stepgate`.
    own: Router,
    /// Below the mount.
    mount: Option<Router>,
}

impl Bridge {
    pub(super) const fn new(runtime: Handle, own: Router, mount: Option<Router>) -> Self {
        Self {
            runtime,
            own,
            mount,
        }
    }
}

impl LocalService for Bridge {
    fn call(&self, place: LocalPlace, request: Request<LocalBody>) -> LocalAnswer {
        let router = match place {
            LocalPlace::WellKnown => Some(&self.own),
            LocalPlace::Mount => self.mount.as_ref(),
        };
        let Some(router) = router.cloned() else {
            return Box::pin(std::future::ready(empty(StatusCode::NOT_FOUND)));
        };
        let mut request = request.map(axum::body::Body::new);
        // The client's own address, as the gateway believes it; its port is not known behind a
        // proxy, and nothing here needs it.
        if let Some(asked) = request.extensions().get::<policy::Request>() {
            let peer = SocketAddr::new(asked.client_ip, 0);
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let answering = self.runtime.spawn(router.oneshot(request));
        Box::pin(async move {
            match answering.await {
                Ok(Ok(answer)) => answer.map(|body| body.map_err(Into::into).boxed_unsync()),
                Ok(Err(never)) => match never {},
                Err(failure) => {
                    tracing::error!(%failure, "answering a request failed");
                    empty(StatusCode::INTERNAL_SERVER_ERROR)
                }
            }
        })
    }
}

fn empty(status: StatusCode) -> Response<LocalBody> {
    let nothing = http_body_util::Empty::new().map_err(|never| match never {});
    let mut answer = Response::new(nothing.boxed_unsync());
    *answer.status_mut() = status;
    answer
}
