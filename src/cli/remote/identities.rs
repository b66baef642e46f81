//! `identities list`, `get`, `create` and `delete`.

use http::Method;
use serde_json::{Value, json};

use super::arguments::{CreateArguments, DeleteArguments, GetArguments, ListArguments};
use super::table::{shown, table};
use super::{
    RemoteError, client, delete as delete_at, id_of, items, run, tell_json, text, text_of,
};
use crate::cli::{Ending, output};
use crate::config::Environment;

/// Credentials that everybody has who may have them, set up or not.
const ONLY_NAMES: [&str; 1] = ["code"];

pub(super) fn list(
    arguments: &ListArguments,
    environment: &Environment,
) -> Result<Ending, RemoteError> {
    let client = client(&arguments.remote, environment)?;
    let mut query = Vec::new();
    if let Some(identifier) = &arguments.identifier {
        query.push(("credentials_identifier", identifier.as_str()));
    }
    let path = ["admin", "identities"];
    let found = run(items(&client, &path, &query, arguments.limit))?;
    if arguments.remote.format.is_json() {
        tell_json(&Value::Array(found));
        return Ok(Ending::Well);
    }
    let rows = found.iter().map(row).collect();
    output::tell(&table(&["id", "identifiers", "state", "credentials"], rows));
    Ok(Ending::Well)
}

fn row(identity: &Value) -> Vec<String> {
    vec![
        text(identity, "id").unwrap_or_default(),
        identifiers(identity).join(", "),
        text(identity, "state").unwrap_or_default(),
        kinds(identity).join(", "),
    ]
}

/// By which names somebody signs in.
fn identifiers(identity: &Value) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for kind in ["password", "webauthn", "code", "passkey", "oidc"] {
        let named = identity.pointer(&format!("/credentials/{kind}/identifiers"));
        let named = named.and_then(Value::as_array).into_iter().flatten();
        for name in named.filter_map(Value::as_str) {
            if !all.iter().any(|known| known == name) {
                all.push(name.to_owned());
            }
        }
    }
    all
}

fn kinds(identity: &Value) -> Vec<String> {
    let credentials = identity.get("credentials").and_then(Value::as_object);
    let kinds = credentials.into_iter().flat_map(|all| all.keys());
    kinds
        .filter(|kind| !ONLY_NAMES.contains(&kind.as_str()))
        .cloned()
        .collect()
}

pub(super) fn get(
    arguments: &GetArguments,
    environment: &Environment,
) -> Result<Ending, RemoteError> {
    let client = client(&arguments.remote, environment)?;
    let found = run(async {
        let id = id_of(&client, &arguments.identity).await?;
        let path = ["admin", "identities", id.as_str()];
        Ok(client.call(Method::GET, &path, &[], None).await?)
    })?;
    if arguments.remote.format.is_json() {
        tell_json(&found);
        return Ok(Ending::Well);
    }
    let member = |name: &str| text(&found, name).unwrap_or_default();
    let mut lines = vec![
        ("id", member("id")),
        ("identifiers", identifiers(&found).join(", ")),
        ("state", member("state")),
        ("schema", member("schema_id")),
        ("credentials", kinds(&found).join(", ")),
        ("created", member("created_at")),
        ("changed", member("updated_at")),
    ];
    let traits = found.get("traits").and_then(Value::as_object);
    let traits = traits.map(|all| json!(all).to_string());
    lines.push(("traits", traits.unwrap_or_default()));
    for (name, value) in lines {
        output::tell(&format!("{name:<12} {}\n", shown(&value)));
    }
    Ok(Ending::Well)
}

pub(super) fn create(
    arguments: &CreateArguments,
    environment: &Environment,
) -> Result<Ending, RemoteError> {
    let client = client(&arguments.remote, environment)?;
    let text = text_of(&arguments.file)?;
    let body: Value = serde_json::from_str(&text).map_err(|source| RemoteError::Json {
        path: arguments.file.clone(),
        source,
    })?;
    let path = ["admin", "identities"];
    let made = run(async { Ok(client.call(Method::POST, &path, &[], Some(&body)).await?) })?;
    if arguments.remote.format.is_json() {
        tell_json(&made);
    } else {
        let id = super::text(&made, "id").unwrap_or_default();
        output::tell(&format!("made {id}\n"));
    }
    Ok(Ending::Well)
}

pub(super) fn delete(
    arguments: &DeleteArguments,
    environment: &Environment,
) -> Result<Ending, RemoteError> {
    let client = client(&arguments.remote, environment)?;
    let mut deleted = Vec::new();
    for name in &arguments.identities {
        let id = run(async {
            let id = id_of(&client, name).await?;
            delete_at(&client, &["admin", "identities", &id], &[]).await?;
            Ok(id)
        })?;
        if !arguments.remote.format.is_json() {
            output::tell(&format!("deleted {}\n", shown(&id)));
        }
        deleted.push(id);
    }
    if arguments.remote.format.is_json() {
        tell_json(&json!({ "deleted": deleted }));
    }
    Ok(Ending::Well)
}
