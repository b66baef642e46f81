//! Sessions, as Kratos' admin API offers them.

mod bulk;
mod shape;

use std::sync::Arc;

use axum::Router;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::routing::{get, patch};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use super::answer::{Answer, Refusal, done, json, with_header};
use super::identities::{Identities, id_of};
use super::page::{self, Parameters};
use super::place;
use crate::identity::{IdentityEvent, Session, SessionId};
use crate::store::SessionFilter;
use shape::{Owner, session as shown};

const PAGE_SIZE: u32 = 250;
const PAGE_LIMIT: u32 = 1000;
const LIST: &str = "sessions";

pub(super) fn routes() -> Router<Arc<Identities>> {
    Router::new()
        .route("/sessions", get(list).post(bulk::act))
        .route("/sessions/{id}", get(one).delete(disable))
        .route("/sessions/{id}/extend", patch(extend))
        .route(
            "/identities/{id}/sessions",
            get(of_identity).delete(delete_of_identity),
        )
}

fn session_id(text: &str) -> Result<SessionId, Refusal> {
    text.parse()
        .map_err(|_| Refusal::bad_request("This is no id of a session."))
}

/// Which parts are asked for.
#[derive(Clone, Copy, Default)]
struct Expand {
    identity: bool,
    devices: bool,
}

impl Expand {
    fn read(query: &Parameters) -> Result<Self, Refusal> {
        let mut expand = Self::default();
        for part in query.all("expand") {
            match part.to_ascii_lowercase().as_str() {
                "identity" => expand.identity = true,
                "devices" => expand.devices = true,
                _ => return Err(Refusal::bad_request("expand is identity or devices.")),
            }
        }
        Ok(expand)
    }
}

async fn render(
    identities: &Identities,
    session: &Session,
    expand: Expand,
    without_devices: Value,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let owner = identities.store.identity(session.identity_id).await?;
    let active = owner
        .as_ref()
        .is_some_and(|owner| session.is_active(owner.is_active(), now));
    let owner = owner.as_ref().filter(|_| expand.identity);
    let owner = owner.map(|owner| shape::owner(owner, &identities.settings, Owner::WithAddresses));
    let devices = if expand.devices {
        shape::devices(session)
    } else {
        without_devices
    };
    Ok(shown(session, active, owner.as_ref(), &devices))
}

async fn list(
    State(identities): State<Arc<Identities>>,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = Parameters::parse(query.as_deref());
    let expand = Expand::read(&query)?;
    let size = query.size("page_size", PAGE_SIZE, PAGE_LIMIT)?;
    let keys = identities.store.keys();
    let after = query
        .find("page_token")
        .map(|token| place::open(keys, LIST, token));
    let after = after.transpose()?;
    let after = after.map(|(at, id)| (at, SessionId::from_uuid(id)));
    let now = identities.clock.wall();
    let filter = SessionFilter {
        active: query.truth("active")?.map(|wanted| (wanted, now)),
    };
    let page = identities.store.sessions(filter, after, size).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for session in &page.items {
        items.push(render(&identities, session, expand, Value::Null, now).await?);
    }
    let next = page
        .next
        .map(|(at, id)| place::seal(keys, LIST, at, id.uuid()));
    let next = next.transpose()?;
    let first = place::seal_first(keys, LIST)?;
    let link = page::keyset(uri.path(), &query, size, &first, next.as_deref());
    Ok(with_header(json(StatusCode::OK, &items), "link", &link))
}

async fn one(
    State(identities): State<Arc<Identities>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let expand = Expand::read(&Parameters::parse(query.as_deref()))?;
    let session = identities.store.session(session_id(&id)?).await?;
    let session = session.ok_or_else(Refusal::not_found)?;
    let now = identities.clock.wall();
    let none = Value::Array(Vec::new());
    let body = render(&identities, &session, expand, none, now).await?;
    Ok(json(StatusCode::OK, &body))
}

async fn disable(State(identities): State<Arc<Identities>>, Path(id): Path<String>) -> Answer {
    let id = session_id(&id)?;
    if identities.store.session(id).await?.is_none() {
        return Err(Refusal::not_found());
    }
    revoke(&identities, id).await?;
    // Kratos names the type of a body that is not there; some clients look at it.
    Ok(with_header(
        done(),
        "content-type",
        "application/json; charset=utf-8",
    ))
}

/// Revokes a session and tells so. Gives whether it counted until now.
pub(super) async fn revoke(identities: &Identities, id: SessionId) -> Result<bool, Refusal> {
    let now = identities.clock.wall();
    let owner = identities.store.revoke_session(id, None, now).await?;
    if let Some(identity) = owner {
        identities.tell(IdentityEvent::SessionEnded {
            session: id,
            identity,
        });
    }
    Ok(owner.is_some())
}

async fn extend(State(identities): State<Arc<Identities>>, Path(id): Path<String>) -> Answer {
    let id = session_id(&id)?;
    let store = &identities.store;
    let mut session = store.session(id).await?.ok_or_else(Refusal::not_found)?;
    let owner = store
        .identity(session.identity_id)
        .await?
        .ok_or_else(Refusal::not_found)?;
    let now = identities.clock.wall();
    let settings = &identities.settings;
    let rules = &settings.session;
    if let Some(until) = session.extended(rules.lifespan, rules.earliest_possible_extend, now)
        && session.is_active(owner.is_active(), now)
        && store.extend_session(id, until, now).await?
    {
        session.expires_at = until;
        identities.tell(IdentityEvent::SessionChanged {
            session: id,
            identity: owner.id,
        });
    }
    if settings.features.faster_session_extend {
        return Ok(done());
    }
    let active = session.is_active(owner.is_active(), now);
    let owner = shape::owner(&owner, settings, Owner::Public);
    let body = shown(&session, active, Some(&owner), &Value::Array(Vec::new()));
    Ok(json(StatusCode::OK, &body))
}

async fn of_identity(
    State(identities): State<Arc<Identities>>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let id = id_of(&id)?;
    let query = Parameters::parse(query.as_deref());
    let size_name = if query.find("per_page").is_some() {
        "per_page"
    } else {
        "page_size"
    };
    let size = query.size(size_name, PAGE_SIZE, PAGE_LIMIT)?;
    let page = query
        .number("page")?
        .or(query.number("page_token")?)
        .unwrap_or(1)
        .max(1);
    let now = identities.clock.wall();
    let active = query.truth("active")?.map(|wanted| (wanted, now));
    let skip = (page - 1).saturating_mul(size);
    let store = &identities.store;
    let (sessions, total) = store.sessions_of(id, active, None, skip, size).await?;
    let owner = store.identity(id).await?;
    let items: Vec<Value> = sessions
        .iter()
        .map(|session| {
            let counts = owner
                .as_ref()
                .is_some_and(|one| session.is_active(one.is_active(), now));
            let owner = owner.as_ref();
            let owner = owner.map(|one| shape::owner(one, &identities.settings, Owner::Bare));
            shown(session, counts, owner.as_ref(), &shape::devices(session))
        })
        .collect();
    let response = json(StatusCode::OK, &items);
    let response = with_header(response, "x-total-count", &total.to_string());
    let link = page::numbered(uri.path(), page, size, total);
    Ok(with_header(response, "link", &link))
}

async fn delete_of_identity(
    State(identities): State<Arc<Identities>>,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let ended = identities.store.delete_sessions(id).await?;
    if ended.is_empty() {
        return Err(Refusal::not_found());
    }
    for session in ended {
        identities.tell(IdentityEvent::SessionEnded {
            session,
            identity: id,
        });
    }
    Ok(done())
}
