//! Ending many sessions in one call.

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json as value;

use super::super::answer::{Answer, Refusal, json, read};
use super::super::identities::Identities;
use crate::identity::{IdentityEvent, IdentityId, SessionId};
use crate::store::SessionFilter;

const MAX_IDS: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    action: String,
    identities: Option<Vec<String>>,
    sessions: Option<Vec<String>>,
}

/// What is done with sessions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Disable,
    Delete,
}

pub(super) async fn act(State(identities): State<Arc<Identities>>, body: Bytes) -> Answer {
    let order: Order = read(&body)?;
    let action = match order.action.as_str() {
        "disable" => Action::Disable,
        "delete" => Action::Delete,
        _ => return Err(Refusal::bad_request("The action is disable or delete.")),
    };
    let (processed, more) = match (order.identities, order.sessions) {
        (Some(names), None) if names == ["*"] => everybody(&identities, action).await?,
        (Some(names), None) => {
            let ids: Vec<IdentityId> = ids(&names)?;
            let mut processed = 0;
            for id in ids {
                processed += of_identity(&identities, action, id).await?;
            }
            (processed, false)
        }
        (None, Some(names)) => {
            let ids: Vec<SessionId> = ids(&names)?;
            let mut processed = 0;
            for id in ids {
                processed += usize::from(one(&identities, action, id).await?);
            }
            (processed, false)
        }
        (Some(_), Some(_)) | (None, None) => {
            let reason = "Name either identities or sessions.";
            return Err(Refusal::bad_request(reason));
        }
    };
    let body = value!({"processed": processed, "more": more});
    Ok(json(StatusCode::OK, &body))
}

fn ids<T: std::str::FromStr>(names: &[String]) -> Result<Vec<T>, Refusal> {
    if names.is_empty() || names.len() > MAX_IDS {
        return Err(Refusal::bad_request("Name 1 to 500 ids."));
    }
    let ids: Result<Vec<T>, _> = names.iter().map(|name| name.parse()).collect();
    ids.map_err(|_| Refusal::bad_request("One of the ids can not be read."))
}

async fn of_identity(
    identities: &Identities,
    action: Action,
    id: IdentityId,
) -> Result<usize, Refusal> {
    let store = &identities.store;
    let ended = match action {
        Action::Disable => {
            store
                .revoke_sessions(id, None, identities.clock.wall())
                .await?
        }
        Action::Delete => store.delete_sessions(id).await?,
    };
    for &session in &ended {
        identities.tell(IdentityEvent::SessionEnded {
            session,
            identity: id,
        });
    }
    Ok(ended.len())
}

async fn one(identities: &Identities, action: Action, id: SessionId) -> Result<bool, Refusal> {
    match action {
        Action::Disable => super::revoke(identities, id).await,
        Action::Delete => {
            let owner = identities.store.delete_session(id).await?;
            if let Some(identity) = owner {
                identities.tell(IdentityEvent::SessionEnded {
                    session: id,
                    identity,
                });
            }
            Ok(owner.is_some())
        }
    }
}

/// Some of all sessions; the caller comes back while there are more.
async fn everybody(identities: &Identities, action: Action) -> Result<(usize, bool), Refusal> {
    let now = identities.clock.wall();
    let filter = match action {
        Action::Disable => SessionFilter {
            active: Some((true, now)),
        },
        Action::Delete => SessionFilter::default(),
    };
    let count = u32::try_from(MAX_IDS).unwrap_or(u32::MAX);
    let page = identities.store.sessions(filter, None, count).await?;
    let mut processed = 0;
    for session in &page.items {
        processed += usize::from(one(identities, action, session.id).await?);
    }
    Ok((processed, page.next.is_some()))
}
