//! Door 4: health, version, rules and sessions for operators, and, with the embedded identity
//! service, Kratos' admin API.

mod answer;
mod audited;
mod config;
#[cfg(feature = "identity")]
mod courier;
mod explain;
mod guard;
#[cfg(feature = "identity")]
mod identities;
#[cfg(not(feature = "identity"))]
#[path = "no_identities.rs"]
mod identities;
#[cfg(feature = "identity")]
mod kratos;
mod operations;
#[cfg(feature = "identity")]
mod page;
mod parameters;
#[cfg(feature = "identity")]
mod place;
#[cfg(feature = "identity")]
mod recovery;
#[cfg(feature = "identity")]
mod sessions;
#[cfg(test)]
#[cfg(feature = "identity")]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tower_http::catch_panic::CatchPanicLayer;

pub use config::Config;
pub use explain::Trying;
pub use guard::Guard;
pub use identities::Identities;
pub use operations::{Operations, Readiness};

/// Bytes of a request body: a thousand identities fit.
const BODY_LIMIT_BYTES: usize = 8 * 1024 * 1024;

/// The admin listener's routes.
pub fn router(guard: Guard, operations: Operations) -> Router {
    let audit = operations.audit.clone();
    let mut router = Router::new()
        .merge(operations::health())
        .nest("/stepgate/v1", operations::routes())
        .merge(explain::pages(&operations))
        .with_state(operations.clone());
    if let Some(identities) = operations.identities {
        router = router.merge(identities.routes());
    }
    router
        .fallback(nothing)
        .method_not_allowed_fallback(not_this_way)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(from_fn_with_state(Arc::new(guard), guard::check))
        .layer(from_fn_with_state(audit, audited::tell))
        .layer(from_fn(answer::finish))
        .layer(CatchPanicLayer::new())
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

async fn not_this_way() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n").into_response()
}
