//! Commands that ask a running gateway by its admin API.

mod arguments;
mod factors;
mod identities;
mod identity_config;
mod import;
mod sessions;
mod table;

use std::future::Future;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use http::Method;
use serde_json::Value;
use uuid::Uuid;

pub(super) use arguments::{
    FactorsCommand, IdentitiesCommand, IdentityConfigCommand, SessionsCommand,
};

use self::arguments::RemoteArguments;
use super::{Ending, output};
use crate::app::{AdminClient, AdminError};
use crate::config::Environment;
use crate::secret::SecretString;

const DEFAULT_ADDRESS: &str = "http://127.0.0.1:4434";
/// The most that is read of a file, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024 * 1024;

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
enum RemoteError {
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error("nothing could be started")]
    Start(#[source] io::Error),
    #[error("{} can't be read", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is no JSON", path.display())]
    Json {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("{0}")]
    Document(&'static str),
    #[error("nobody has the identifier {0:?}")]
    Nobody(String),
}

impl RemoteError {
    /// What the person at the keyboard can mend by typing something else is wrong use.
    const fn ending(&self) -> Ending {
        match self {
            Self::Admin(AdminError::Address(_) | AdminError::Token)
            | Self::File { .. }
            | Self::Json { .. }
            | Self::Document(_) => Ending::Invalid,
            Self::Admin(
                AdminError::Unreachable { .. }
                | AdminError::Refused { .. }
                | AdminError::Foreign(_),
            )
            | Self::Start(_)
            | Self::Nobody(_) => Ending::Failed,
        }
    }
}

pub(super) fn identities(command: IdentitiesCommand, environment: &Environment) -> Ending {
    match command {
        IdentitiesCommand::List(one) => ended(identities::list(&one, environment)),
        IdentitiesCommand::Get(one) => ended(identities::get(&one, environment)),
        IdentitiesCommand::Create(one) => ended(identities::create(&one, environment)),
        IdentitiesCommand::Delete(one) => ended(identities::delete(&one, environment)),
        IdentitiesCommand::Import(one) => ended(import::import(&one, environment)),
    }
}

pub(super) fn sessions(command: SessionsCommand, environment: &Environment) -> Ending {
    match command {
        SessionsCommand::List(one) => ended(sessions::list(&one, environment)),
        SessionsCommand::Revoke(one) => ended(sessions::revoke(&one, environment)),
    }
}

pub(super) fn factors(command: FactorsCommand, environment: &Environment) -> Ending {
    match command {
        FactorsCommand::Remove(one) => ended(factors::remove(&one, environment)),
    }
}

pub(super) fn identity_config(command: IdentityConfigCommand, environment: &Environment) -> Ending {
    match command {
        IdentityConfigCommand::Get(one) => ended(identity_config::get(&one, environment)),
    }
}

fn ended(result: Result<Ending, RemoteError>) -> Ending {
    match result {
        Ok(ending) => ending,
        Err(error) => {
            output::failure(&error);
            error.ending()
        }
    }
}

/// The client that the arguments and the environment name.
fn client(
    arguments: &RemoteArguments,
    environment: &Environment,
) -> Result<AdminClient, RemoteError> {
    let address = arguments.admin.clone();
    let address = address.or_else(|| environment.variable("STEPGATE_ADMIN_URL"));
    let address = address.unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
    let token = match &arguments.token_file {
        Some(path) => Some(text_of(path)?.trim().to_owned()),
        None => environment.variable("STEPGATE_ADMIN_TOKEN"),
    };
    let token = token.map(SecretString::new);
    Ok(AdminClient::new(&address, token.as_ref())?)
}

/// Does work that waits for answers.
fn run<T>(work: impl Future<Output = Result<T, RemoteError>>) -> Result<T, RemoteError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RemoteError::Start)?;
    runtime.block_on(work)
}

/// A file, or standard input for `-`.
fn text_of(path: &Path) -> Result<String, RemoteError> {
    let failed = |source| RemoteError::File {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    if path == Path::new("-") {
        let read = io::stdin().take(MAX_FILE_BYTES).read_to_string(&mut text);
        read.map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        let read = file.take(MAX_FILE_BYTES).read_to_string(&mut text);
        read.map_err(failed)?;
    }
    Ok(text)
}

/// The id of whom an id or identifier means.
async fn id_of(client: &AdminClient, name: &str) -> Result<String, RemoteError> {
    if name.parse::<Uuid>().is_ok() {
        return Ok(name.to_owned());
    }
    let query = [("credentials_identifier", name)];
    let found = client.page(&["admin", "identities"], &query).await?;
    let id = found.items.first().and_then(|one| text(one, "id"));
    id.ok_or_else(|| RemoteError::Nobody(name.to_owned()))
}

/// So many items of a list, page by page.
async fn items(
    client: &AdminClient,
    path: &[&str],
    query: &[(&str, &str)],
    limit: u32,
) -> Result<Vec<Value>, RemoteError> {
    /// Items of a page: with their credentials they stay well below what a client reads.
    const PAGE: usize = 100;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let size = limit.clamp(1, PAGE).to_string();
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    while all.len() < limit {
        let mut asked = query.to_vec();
        asked.push(("page_size", &size));
        if let Some(token) = &token {
            asked.push(("page_token", token));
        }
        let page = client.page(path, &asked).await?;
        all.extend(page.items);
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    all.truncate(limit);
    Ok(all)
}

/// A text member of an object.
fn text(value: &Value, name: &str) -> Option<String> {
    Some(value.get(name)?.as_str()?.to_owned())
}

/// Deletes something, or tells that it is not there.
async fn delete(
    client: &AdminClient,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<(), RemoteError> {
    client.call(Method::DELETE, path, query, None).await?;
    Ok(())
}

/// JSON for programs, indented.
fn tell_json(value: &Value) {
    output::tell(&format!("{value:#}\n"));
}
