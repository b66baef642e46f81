//! `identities import`: many documents, some at a time, with progress.

use std::path::Path;

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::ImportArguments;
use super::table::shown;
use super::{RemoteError, client, run, tell_json, text, text_of};
use crate::app::AdminClient;
use crate::cli::{Ending, output};
use crate::config::Environment;

/// One that could not be made.
struct Failed {
    /// Which one, counted from 1.
    number: usize,
    /// Why.
    reason: String,
}

#[derive(Default)]
struct Outcome {
    made: usize,
    failed: Vec<Failed>,
}

pub(super) fn import(
    arguments: &ImportArguments,
    environment: &Environment,
) -> Result<Ending, RemoteError> {
    let client = client(&arguments.remote, environment)?;
    let documents = documents(&text_of(&arguments.file)?, &arguments.file)?;
    let all = documents.len();
    let json = arguments.remote.format.is_json();
    let mut outcome = Outcome::default();
    let mut sent = 0;
    for batch in documents.chunks(usize::from(arguments.batch)) {
        run(send(&client, batch, sent, &mut outcome))?;
        sent += batch.len();
        if !json {
            output::complain(&format!("{sent} of {all}\n"));
        }
    }
    if json {
        let failed = outcome.failed.iter();
        let failed: Vec<Value> = failed
            .map(|one| json!({"number": one.number, "reason": one.reason}))
            .collect();
        tell_json(&json!({"made": outcome.made, "failed": failed}));
    } else {
        for one in &outcome.failed {
            let reason = shown(&one.reason);
            output::complain(&format!("number {}: {reason}\n", one.number));
        }
        let (made, failed) = (outcome.made, outcome.failed.len());
        output::tell(&format!("{made} made, {failed} failed\n"));
    }
    Ok(match outcome.failed.is_empty() {
        true => Ending::Well,
        false => Ending::Failed,
    })
}

async fn send(
    client: &AdminClient,
    batch: &[Value],
    before: usize,
    outcome: &mut Outcome,
) -> Result<(), RemoteError> {
    let ids: Vec<String> = batch.iter().map(|_| Uuid::new_v4().to_string()).collect();
    let patches: Vec<Value> = batch
        .iter()
        .zip(&ids)
        .map(|(create, id)| json!({"create": create, "patch_id": id}))
        .collect();
    let body = json!({ "identities": patches });
    let path = ["admin", "identities"];
    let answer = client.call(Method::PATCH, &path, &[], Some(&body)).await?;
    let results = answer.get("identities").and_then(Value::as_array);
    for result in results.into_iter().flatten() {
        if text(result, "action").as_deref() == Some("create") {
            outcome.made += 1;
            continue;
        }
        let patch = text(result, "patch_id").unwrap_or_default();
        let at = ids.iter().position(|id| *id == patch).unwrap_or_default();
        let error = result.get("error").unwrap_or(result);
        let reason = text(error, "reason").or_else(|| text(error, "message"));
        outcome.failed.push(Failed {
            number: before + at + 1,
            reason: reason.unwrap_or_default(),
        });
    }
    Ok(())
}

/// A list, `{"identities": [..]}`, or one document a line.
fn documents(text: &str, path: &Path) -> Result<Vec<Value>, RemoteError> {
    let lines = || -> Result<Vec<Value>, serde_json::Error> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(serde_json::from_str).collect()
    };
    let read: Result<Value, serde_json::Error> = serde_json::from_str(text);
    let all = match read {
        Ok(Value::Array(all)) => all,
        Ok(Value::Object(mut one)) => match one.remove("identities") {
            Some(Value::Array(all)) => all,
            Some(_) => return Err(RemoteError::Document("`identities` must be a list")),
            None => vec![Value::Object(one)],
        },
        Ok(_) => return Err(RemoteError::Document("the file holds no documents")),
        Err(_) => lines().map_err(|source| RemoteError::Json {
            path: path.to_owned(),
            source,
        })?,
    };
    if all.is_empty() {
        return Err(RemoteError::Document("the file holds no documents"));
    }
    Ok(all)
}
