//! Door 4: health, version, rules and sessions for operators, and, with the embedded identity
//! service, Kratos' admin API.

mod answer;
mod audited;
mod config;
mod courier;
mod explain;
mod guard;
mod identities;
mod operations;
mod page;
mod place;
mod recovery;
mod sessions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use http::StatusCode;
use serde_json::{Value, json as value};
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
        let kratos = kratos(&identities);
        router = router
            .nest("/admin", kratos.clone())
            .merge(kratos)
            .merge(public(&identities));
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

/// Kratos' admin API, whose paths count with and without `/admin`.
fn kratos(identities: &Arc<Identities>) -> Router {
    Router::new()
        .merge(identities::routes())
        .merge(sessions::routes())
        .merge(courier::routes())
        .merge(recovery::routes())
        .route("/schemas", get(schemas))
        .route("/schemas/{id}", get(schema))
        .route("/sessions/whoami", any(to_public))
        .with_state(Arc::clone(identities))
}

/// Paths of the public API lead there.
fn public(identities: &Arc<Identities>) -> Router {
    Router::new()
        .route("/self-service/{*rest}", any(to_public))
        .with_state(Arc::clone(identities))
}

async fn to_public(
    State(identities): State<Arc<Identities>>,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let path = uri
        .path()
        .strip_prefix("/admin")
        .unwrap_or_else(|| uri.path());
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let to = format!("{}{path}{query}", identities.settings.public_url());
    Redirect::temporary(&to).into_response()
}

async fn schemas(State(identities): State<Arc<Identities>>) -> Response {
    let all: Vec<Value> = identities
        .settings
        .schemas
        .iter()
        .map(|schema| value!({"id": schema.id(), "schema": schema.document()}))
        .collect();
    let response = answer::json(StatusCode::OK, &all);
    answer::with_header(response, "x-total-count", &all.len().to_string())
}

async fn schema(
    State(identities): State<Arc<Identities>>,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> answer::Answer {
    let schema = identities.settings.schemas.find_in_url(&id);
    let schema = schema.ok_or_else(answer::Refusal::not_found)?;
    Ok(answer::json(StatusCode::OK, schema.document()))
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

async fn not_this_way() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n").into_response()
}
