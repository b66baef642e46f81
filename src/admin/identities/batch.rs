//! Many new identities in one call.

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json as value};
use uuid::Uuid;

use super::super::answer::{Answer, Refusal, json, read};
use super::Identities;
use super::create::{NewIdentity, prepare};

const MAX_IDENTITIES: usize = 1000;
/// Hashing takes its time.
const MAX_PLAIN_PASSWORDS: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    #[serde(default)]
    identities: Vec<Patch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    create: Option<NewIdentity>,
    patch_id: Option<Uuid>,
}

/// Makes identities one by one: each stands or falls by itself.
pub(super) async fn create(State(identities): State<Arc<Identities>>, body: Bytes) -> Answer {
    let batch: Batch = read(&body)?;
    if batch.identities.len() > MAX_IDENTITIES {
        return Err(Refusal::bad_request(
            "A call makes 1000 identities at most.",
        ));
    }
    let with_plain = batch.identities.iter().filter(|patch| {
        let credentials = patch
            .create
            .as_ref()
            .and_then(|new| new.credentials.as_ref());
        credentials.is_some_and(super::import::Imports::has_plain_password)
    });
    if with_plain.count() > MAX_PLAIN_PASSWORDS {
        let reason = "A call makes 200 identities with plain passwords at most.";
        return Err(Refusal::bad_request(reason));
    }
    let mut results = Vec::with_capacity(batch.identities.len());
    for patch in batch.identities {
        let Some(new) = patch.create else {
            continue;
        };
        let mut result = match make(&identities, new).await {
            Ok(id) => value!({"action": "create", "identity": id}),
            Err(refusal) => {
                let error = &refusal.problem().envelope.error;
                value!({"action": "error", "error": error})
            }
        };
        if let (Some(object), Some(id)) = (result.as_object_mut(), patch.patch_id) {
            object.insert("patch_id".to_owned(), Value::String(id.to_string()));
        }
        results.push(result);
    }
    Ok(json(StatusCode::OK, &value!({"identities": results})))
}

async fn make(identities: &Identities, new: NewIdentity) -> Result<String, Refusal> {
    let (made, credentials) = prepare(identities, new).await?;
    identities
        .store
        .create_identity(&made, &credentials)
        .await?;
    Ok(made.id.to_string())
}
