//! Codes and links for people who can't get in, to be handed over by those who know them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json as value;

use super::answer::{Answer, Refusal, json, read};
use super::identities::Identities;
use crate::contract::Problem;
use crate::contract::Transport;
use crate::document::parse_go_duration;
use crate::flows::{Handover, HandoverError};
use crate::identity::IdentityId;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    identity_id: String,
    #[serde(default)]
    expires_in: Option<String>,
    #[serde(default)]
    flow_type: Option<String>,
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    return_to: Option<String>,
}

/// The longest time that a code or link may be good for: nobody waits for it longer.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(super) fn routes() -> Router<Arc<Identities>> {
    Router::new()
        .route("/recovery/code", post(code))
        .route("/recovery/link", post(link))
}

async fn code(State(identities): State<Arc<Identities>>, body: Bytes) -> Answer {
    let body: Body = read(&body)?;
    let id = id_of(&body, StatusCode::NOT_FOUND)?;
    let transport = match body.flow_type.as_deref() {
        None | Some("" | "browser") => Transport::Browser,
        Some("api") => Transport::Api,
        Some(_) => {
            let reason = "The flow_type must be browser or api.";
            return Err(Refusal::bad_request(reason));
        }
    };
    let expires_in = duration_of(&body)?;
    let service = &identities.service;
    let made = service.recovery_code_for(id, expires_in, transport).await;
    let made = made.map_err(|error| refused(error, StatusCode::NOT_FOUND))?;
    Ok(shown(StatusCode::CREATED, &made))
}

async fn link(
    State(identities): State<Arc<Identities>>,
    Query(back): Query<Back>,
    body: Bytes,
) -> Answer {
    let body: Body = read(&body)?;
    let id = id_of(&body, StatusCode::BAD_REQUEST)?;
    let expires_in = duration_of(&body)?;
    let return_to = back.return_to.as_deref().filter(|to| !to.is_empty());
    let service = &identities.service;
    let made = service.recovery_link_for(id, expires_in, return_to).await;
    let made = made.map_err(|error| refused(error, StatusCode::BAD_REQUEST))?;
    Ok(shown(StatusCode::OK, &made))
}

fn shown(status: StatusCode, made: &Handover) -> Response {
    let mut body = value!({
        "recovery_link": made.link,
        "expires_at": made.expires_at,
    });
    if let (Some(code), Some(body)) = (&made.code, body.as_object_mut()) {
        body.insert("recovery_code".to_owned(), code.expose().into());
    }
    json(status, &body)
}

fn id_of(body: &Body, unknown: StatusCode) -> Result<IdentityId, Refusal> {
    if body.identity_id.is_empty() {
        return Err(Refusal::bad_request("The identity_id is missing."));
    }
    let read = body.identity_id.parse();
    read.map_err(|_| Refusal::new(unknown, "There is no such identity."))
}

fn duration_of(body: &Body) -> Result<Option<Duration>, Refusal> {
    let Some(text) = body.expires_in.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let read = parse_go_duration(text).filter(|time| !time.is_zero() && *time <= LONGEST);
    let reason = "The expires_in must be a duration with units, such as 1h or 15m, of at most 30 \
                  days.";
    read.map(Some).ok_or_else(|| Refusal::bad_request(reason))
}

fn refused(error: HandoverError, unknown: StatusCode) -> Refusal {
    match error {
        HandoverError::Disabled => {
            let reason = "Recovery in this way is switched off by the configuration.";
            Refusal::new(StatusCode::NOT_FOUND, reason)
        }
        HandoverError::Unknown if unknown == StatusCode::NOT_FOUND => Refusal::not_found(),
        HandoverError::Unknown => Refusal::new(unknown, "There is no such identity."),
        HandoverError::Forbidden => Refusal::from(Problem::return_to_forbidden()),
        HandoverError::Failed(error) => {
            tracing::error!(%error, "a recovery could not be begun");
            Refusal::from(Problem::internal())
        }
    }
}
