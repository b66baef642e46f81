//! `factors remove`.

use serde_json::json;

use super::arguments::FactorArguments;
use super::table::shown;
use super::{RemoteError, client, delete, id_of, run, tell_json};
use crate::cli::{Ending, output};
use crate::config::Environment;

pub(super) fn remove(
    arguments: &FactorArguments,
    environment: &Environment,
) -> Result<Ending, RemoteError> {
    let client = client(&arguments.remote, environment)?;
    let mut query = Vec::new();
    if let Some(identifier) = &arguments.identifier {
        query.push(("identifier", identifier.as_str()));
    }
    let factor = &arguments.factor;
    let id = run(async {
        let id = id_of(&client, &arguments.identity).await?;
        let path = ["admin", "identities", &id, "credentials", factor];
        delete(&client, &path, &query).await?;
        Ok(id)
    })?;
    if arguments.remote.format.is_json() {
        tell_json(&json!({ "identity": id, "removed": factor }));
    } else {
        output::tell(&format!("{} removed from {}\n", shown(factor), shown(&id)));
    }
    Ok(Ending::Well)
}
