//! `sessions list` and `revoke`.

use http::Method;
use serde_json::{Value, json};

use super::arguments::{RevokeArguments, SessionListArguments};
use super::table::{shown, table};
use super::{RemoteError, client, id_of, items, run, tell_json, text};
use crate::app::AdminClient;
use crate::cli::{Ending, output};
use crate::config::Environment;

pub(super) fn list(
    arguments: &SessionListArguments,
    environment: &Environment,
) -> Result<Ending, RemoteError> {
    let client = client(&arguments.remote, environment)?;
    let mut query = vec![("expand", "identity"), ("expand", "devices")];
    if arguments.active {
        query.push(("active", "true"));
    }
    let found = run(async {
        match &arguments.identity {
            None => items(&client, &["admin", "sessions"], &query, arguments.limit).await,
            Some(name) => {
                let id = id_of(&client, name).await?;
                let path = ["admin", "identities", &id, "sessions"];
                items(&client, &path, &query, arguments.limit).await
            }
        }
    })?;
    if arguments.remote.format.is_json() {
        tell_json(&Value::Array(found));
        return Ok(Ending::Well);
    }
    let rows = found.iter().map(row).collect();
    let columns = [
        "id",
        "identity",
        "level",
        "active",
        "last proved",
        "address",
    ];
    output::tell(&table(&columns, rows));
    Ok(Ending::Well)
}

fn row(session: &Value) -> Vec<String> {
    let member = |name| text(session, name).unwrap_or_default();
    let inner = |pointer: &str| {
        let found = session.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let active = session.get("active").and_then(Value::as_bool);
    vec![
        member("id"),
        inner("/identity/id"),
        member("authenticator_assurance_level"),
        if active == Some(true) { "yes" } else { "no" }.to_owned(),
        member("authenticated_at"),
        inner("/devices/0/ip_address"),
    ]
}

pub(super) fn revoke(
    arguments: &RevokeArguments,
    environment: &Environment,
) -> Result<Ending, RemoteError> {
    let client = client(&arguments.remote, environment)?;
    let ended = if arguments.all {
        run(in_bulk(
            &client,
            &json!({"action": "disable", "identities": ["*"]}),
        ))?
    } else if let Some(name) = &arguments.identity {
        run(async {
            let id = id_of(&client, name).await?;
            in_bulk(&client, &json!({"action": "disable", "identities": [id]})).await
        })?
    } else {
        run(one_by_one(&client, &arguments.sessions))?
    };
    if arguments.remote.format.is_json() {
        tell_json(&json!({ "revoked": ended }));
    } else {
        let word = if ended == 1 { "session" } else { "sessions" };
        output::tell(&format!("{ended} {word} ended\n"));
    }
    Ok(Ending::Well)
}

/// Those that are named, so that one that is not there is told.
async fn one_by_one(client: &AdminClient, sessions: &[String]) -> Result<u64, RemoteError> {
    let mut ended = 0;
    for session in sessions {
        let path = ["admin", "sessions", session.as_str()];
        match client.call(Method::DELETE, &path, &[], None).await {
            Ok(_) => ended += 1,
            Err(error) => {
                output::complain(&format!("{}: ", shown(session)));
                return Err(error.into());
            }
        }
    }
    Ok(ended)
}

/// Until there are no more.
async fn in_bulk(client: &AdminClient, order: &Value) -> Result<u64, RemoteError> {
    let mut ended = 0;
    loop {
        let path = ["admin", "sessions"];
        let answer = client.call(Method::POST, &path, &[], Some(order)).await?;
        ended += answer.get("processed").and_then(Value::as_u64).unwrap_or(0);
        if answer.get("more").and_then(Value::as_bool) != Some(true) {
            return Ok(ended);
        }
    }
}
