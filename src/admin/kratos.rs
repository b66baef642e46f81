//! What of Kratos' API the admin listener has, and how operating the gateway meets it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{OriginalUri, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use http::StatusCode;
use serde_json::{Value, json as value};

use super::answer::{self, Refusal};
use super::identities::{self, Identities};
use super::{courier, recovery, sessions};
use crate::contract::Problem;
use crate::store::StoreError;

impl Identities {
    /// All routes of the identity service.
    pub(super) fn routes(self: &Arc<Self>) -> Router {
        let admin = admin_api(self);
        Router::new()
            .nest("/admin", admin.clone())
            .merge(admin)
            .merge(public_api(self))
    }

    /// Whether the database answers; else what it is about.
    pub(super) async fn ping(&self) -> Result<(), String> {
        let pinged = self.store.ping().await;
        pinged.map_err(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the database does not answer"
            );
            error.to_string()
        })
    }

    /// Ends a session for good.
    pub(super) async fn end_session(&self, id: &str) -> Result<(), Refusal> {
        let session = id.parse();
        let session = session.map_err(|_| Refusal::bad_request("This is no id of a session."))?;
        if self.store.session(session).await?.is_none() {
            return Err(Refusal::not_found());
        }
        sessions::revoke(self, session).await?;
        Ok(())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate { what } => {
                let reason = format!("Another identity has this {what} already.");
                Self::new(StatusCode::CONFLICT, &reason)
            }
            StoreError::Stale => {
                let reason = "The identity was changed by somebody else in the meantime.";
                Self::new(StatusCode::CONFLICT, reason)
            }
            StoreError::NotFound => Self::not_found(),
            StoreError::Newer { .. }
            | StoreError::Migration(_)
            | StoreError::Dsn(_)
            | StoreError::File { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Unavailable(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
                Problem::internal().into()
            }
        }
    }
}

/// Kratos' admin API, whose paths count with and without `/admin`.
fn admin_api(identities: &Arc<Identities>) -> Router {
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
fn public_api(identities: &Arc<Identities>) -> Router {
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
    Path(id): Path<String>,
) -> answer::Answer {
    let schema = identities.settings.schemas.find_in_url(&id);
    let schema = schema.ok_or_else(Refusal::not_found)?;
    Ok(answer::json(StatusCode::OK, schema.document()))
}
