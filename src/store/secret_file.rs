//! Files beside the database: secrets that were made for it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Dsn, StoreError};
use crate::identity::settings::Secrets;
use crate::identity::token::random_text;
use crate::secret::SecretString;

const SECRET_CHARACTERS: usize = 48;

/// Secrets for a service that has none configured: made once and kept in a file beside the
/// database that only its owner reads, or, for a database in memory, made for the process.
///
/// # Errors
/// When the file cannot be used, or is missing beside a database that exists: what was sealed
/// with it would be lost.
pub fn load_or_make_secrets(dsn: &Dsn) -> Result<Secrets, StoreError> {
    match dsn {
        Dsn::Memory => Ok(secrets(random_text(SECRET_CHARACTERS))),
        Dsn::Sqlite(database) => {
            let path = beside(database);
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if database.exists() {
                        return Err(problem(
                            &path,
                            "is missing, but the database is there: restore the file or \
                             configure `secrets`",
                        ));
                    }
                    make_directory(&path)?;
                    write_once(&path)?
                }
                Err(error) => return Err(problem(&path, &error.to_string())),
            };
            read(&path, &text)
        }
        Dsn::Postgres(_) => {
            let message = "a database on PostgreSQL needs `secrets`, the same ones in every \
                           process: give `secrets: { default: [...] }`";
            Err(StoreError::Dsn(message.to_owned()))
        }
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".secrets");
    PathBuf::from(name)
}

fn secrets(text: String) -> Secrets {
    Secrets {
        default: vec![SecretString::new(text)],
        ..Secrets::default()
    }
}

fn read(path: &Path, text: &str) -> Result<Secrets, StoreError> {
    let open_to_others = fs::metadata(path)
        .map_err(|error| problem(path, &error.to_string()))?
        .permissions()
        .mode()
        & 0o077
        != 0;
    if open_to_others {
        return Err(problem(path, "others can read it: chmod 600"));
    }
    let default: Vec<SecretString> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| SecretString::new(line.to_owned()))
        .collect();
    if default.iter().any(|one| one.expose().len() < 16) || default.is_empty() {
        return Err(problem(
            path,
            "must hold secrets of at least 16 characters, one a line",
        ));
    }
    Ok(Secrets {
        default,
        ..Secrets::default()
    })
}

/// Writes a new secret so that two processes that start at once agree on one.
fn write_once(path: &Path) -> Result<String, StoreError> {
    let text = format!(
        "# Secrets of the database beside this file. The first one is used, all are tried.\n{}\n",
        random_text(SECRET_CHARACTERS)
    );
    let draft = path.with_extension(format!("draft-{}", random_text(8)));
    let written = private_file(&draft)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        })
        .and_then(|()| fs::hard_link(&draft, path));
    // The draft has served, whatever became of it.
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::read_to_string(path).map_err(|error| problem(path, &error.to_string()))
        }
        Err(error) => Err(problem(path, &error.to_string())),
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Makes the database file, if it is not there, so that only its owner reads it.
pub(super) fn make_private(path: &Path) -> Result<(), StoreError> {
    make_directory(path)?;
    match private_file(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(problem(path, &error.to_string())),
    }
}

fn make_directory(path: &Path) -> Result<(), StoreError> {
    let Some(directory) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    else {
        return Ok(());
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| problem(directory, &error.to_string()))
}

fn problem(path: &Path, problem: &str) -> StoreError {
    StoreError::File {
        path: path.display().to_string(),
        problem: problem.to_owned(),
    }
}
