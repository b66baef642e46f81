//! Operating the gateway: rules, caches, health.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json as value};
use tokio::sync::watch;

use super::answer::{Answer, Refusal, done, json};
use super::explain::{self, Trying};
use super::identities::Identities;
use crate::audit::Audit;
use crate::document;
use crate::rules::{Reload, ReloadOutcome, Reloader, RuleStore};
use crate::telemetry::{METRICS_TYPE, Metrics};
use crate::whoami::{Forget, Resolver};

/// What there is to operate. Each part may be missing: a gateway without its own identity
/// service, or an identity service by itself.
#[derive(Clone, Default)]
pub struct Operations {
    /// The rules in force.
    pub rules: Option<Arc<RuleStore>>,
    /// Reads them again.
    pub reloader: Option<Arc<Reloader>>,
    /// The session check.
    pub resolver: Option<Resolver>,
    /// The embedded identity service.
    pub identities: Option<Arc<Identities>>,
    /// What decisions that are tried out depend on beside the rules.
    pub trying: Option<Trying>,
    /// The effective configuration, secrets redacted.
    pub config: Value,
    /// Whether new requests are welcome.
    pub readiness: Arc<Readiness>,
    /// Numbers for Prometheus.
    pub metrics: Option<Metrics>,
    /// Where operators' acts are told of.
    pub audit: Audit,
}

/// Whether new requests are welcome: from the moment that everything listens until the process is
/// asked to stop.
#[derive(Debug, Default)]
pub struct Readiness(watch::Sender<bool>);

impl Readiness {
    /// Everything listens.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Nothing new, please.
    pub fn stop(&self) {
        self.0.send_replace(false);
    }

    /// For whoever has to tell others as soon as it changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    fn is_ready(&self) -> bool {
        *self.0.borrow()
    }
}

pub(super) fn routes() -> Router<Operations> {
    Router::new()
        .route("/rules", get(rules))
        .route("/explain", get(explain::ask).post(explain::ask_at_length))
        .route("/reload", post(reload))
        .route("/cache/purge", post(purge))
        .route("/sessions/{id}/revoke", post(revoke))
        .route("/config", get(config))
}

pub(super) fn health() -> Router<Operations> {
    Router::new()
        .route("/health/alive", get(alive))
        .route("/health/ready", get(ready))
        .route("/version", get(version))
        .route("/metrics", get(metrics))
}

async fn alive() -> Response {
    json(StatusCode::OK, &value!({"status": "ok"}))
}

/// Ready while the database answers. Rules that could not be read again do not count: those
/// before them are in force.
async fn ready(State(operations): State<Operations>) -> Response {
    if !operations.readiness.is_ready() {
        let body = value!({"errors": {"process": "starting or stopping"}});
        return json(StatusCode::SERVICE_UNAVAILABLE, &body);
    }
    if let Some(identities) = &operations.identities
        && let Err(why) = identities.ping().await
    {
        let body = value!({"errors": {"database": why}});
        return json(StatusCode::SERVICE_UNAVAILABLE, &body);
    }
    json(StatusCode::OK, &value!({"status": "ok"}))
}

async fn version() -> Response {
    json(
        StatusCode::OK,
        &value!({"version": env!("CARGO_PKG_VERSION")}),
    )
}

async fn metrics(State(operations): State<Operations>) -> Answer {
    let metrics = operations.metrics.ok_or_else(Refusal::not_found)?;
    let mut response = metrics.text().into_response();
    let kind = HeaderValue::from_static(METRICS_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

async fn rules(State(operations): State<Operations>) -> Answer {
    let store = operations.rules.as_ref().ok_or_else(Refusal::not_found)?;
    let current = store.current();
    let rules: Vec<Value> = current
        .rules()
        .iter()
        .map(|rule| {
            let location = rule.location();
            value!({
                "id": rule.id().as_str(),
                "required_aal": rule.requirement().required_aal.as_str(),
                "file": &*location.file,
                "line": location.line,
            })
        })
        .collect();
    let body = value!({
        "generation": current.number(),
        "rules": rules,
        "last_reload": reload_json(&store.last_reload()),
    });
    Ok(json(StatusCode::OK, &body))
}

fn reload_json(reload: &Reload) -> Value {
    match &reload.outcome {
        ReloadOutcome::Applied { generation } => value!({
            "at": reload.at, "result": "applied", "generation": generation,
        }),
        ReloadOutcome::Rejected { problems } => {
            let told = document::to_json(problems);
            let problems = told.get("problems").cloned().unwrap_or_default();
            value!({"at": reload.at, "result": "rejected", "problems": problems})
        }
    }
}

async fn reload(State(operations): State<Operations>) -> Answer {
    let reloader = operations.reloader.ok_or_else(Refusal::not_found)?;
    let read = tokio::task::spawn_blocking(move || reloader.reload()).await;
    let outcome = read.map_err(|_| Refusal::from(crate::contract::Problem::internal()))?;
    let status = match outcome.outcome {
        ReloadOutcome::Applied { .. } => StatusCode::OK,
        ReloadOutcome::Rejected { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok(json(status, &reload_json(&outcome)))
}

async fn purge(State(operations): State<Operations>) -> Answer {
    let resolver = operations.resolver.ok_or_else(Refusal::not_found)?;
    resolver.purge();
    Ok(done())
}

/// Ends a session: for good where the identity service is ours or its admin API is known, and in
/// this process in any case. Its streams are cut before the answer.
async fn revoke(State(operations): State<Operations>, Path(id): Path<String>) -> Answer {
    if let Some(identities) = &operations.identities {
        identities.end_session(&id).await?;
    }
    let Some(resolver) = &operations.resolver else {
        return Ok(done());
    };
    if operations.identities.is_some() {
        resolver.forget(Forget::Ended(&id));
        return Ok(done());
    }
    match resolver.end_session(&id).await {
        Ok(true) => {}
        Ok(false) => {
            tracing::info!(
                session = id,
                "a session is refused by this process; its identity service has no admin_url and \
                 still knows it"
            );
        }
        Err(error) => {
            tracing::warn!(%error, session = id, "a session could not be ended where it is kept");
            let reason = "This process refuses the session from now on, but the identity service \
                          could not be told.";
            return Err(Refusal::new(StatusCode::BAD_GATEWAY, reason));
        }
    }
    Ok(done())
}

async fn config(State(operations): State<Operations>) -> Response {
    json(StatusCode::OK, &operations.config)
}
