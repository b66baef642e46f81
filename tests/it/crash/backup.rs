//! A copy is made while people go on (docs/operations.md says how), and another program starts
//! with it.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rstest::rstest;

use super::people::{Api, Person};
use super::{configuration, in_time};
use crate::support::database::Database::{self, Postgres, Sqlite};
use crate::support::program::Program;

#[rstest]
fn people_sign_in_on_a_copy_that_was_made_while_others_registered(
    #[values(Sqlite, Postgres)] on: Database,
) {
    let Some(database) = on.address() else {
        return;
    };
    let program = Program::serve(&[("stepgate.yaml", &configuration(&database))]);
    let api = Api::of(&program);
    let confirmed: Mutex<Vec<Person>> = Mutex::default();
    let (names, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let copies = tempfile::tempdir().unwrap();
    let mut before = Vec::new();
    let mut restored = String::new();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let name = format!("p{}", names.fetch_add(1, Ordering::Relaxed));
                    let person = api.journey(&name).expect("the program runs");
                    confirmed.lock().unwrap().push(person);
                }
            });
        }
        let some = in_time(|| confirmed.lock().unwrap().len() >= 4);
        before.clone_from(&confirmed.lock().unwrap());
        restored = match on {
            Sqlite => copy_file(&program.folder().join("data/stepgate.db"), copies.path()),
            Postgres => copy_server(&database, copies.path()),
        };
        let more = in_time(|| confirmed.lock().unwrap().len() > before.len() + 1);
        stop.store(true, Ordering::Relaxed);
        assert!(some && more, "too few got through: {}", program.output());
    });
    drop(program);
    let other = Program::serve(&[("stepgate.yaml", &configuration(&restored))]);
    for person in &before {
        Api::of(&other).check(person);
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// `sqlite3 DATABASE "VACUUM INTO 'COPY'"`
fn copy_file(database: &Path, folder: &Path) -> String {
    let copy = folder.join("copy.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let statement = format!("VACUUM INTO '{}'", copy.display());
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .unwrap();
    });
    format!("sqlite:{}", copy.display())
}

/// `pg_dump`, and `psql` into a database that is empty.
fn copy_server(address: &str, folder: &Path) -> String {
    let programs = std::env::var("POSTGRES_BIN").unwrap_or_default();
    let program = |name: &str| Command::new(Path::new(&programs).join(name));
    let file = folder.join("copy.sql");
    let to = format!("copy_{}", uuid::Uuid::new_v4().simple());
    let (server, schema) = address.rsplit_once("%3D").unwrap();
    let whole = server
        .split_once("options=")
        .unwrap()
        .0
        .trim_end_matches(['&', '?']);
    run(program("pg_dump")
        .args(["--schema", schema, "--file"])
        .arg(&file)
        .arg(whole));
    run(program("psql").args([whole, "-qc", &format!("CREATE DATABASE {to}")]));
    let (place, rest) = whole.rsplit_once('/').unwrap();
    let parameters = rest.split_once('?').map_or("", |(_, all)| all);
    let target = format!("{place}/{to}?{parameters}");
    run(program("psql")
        .args([&target, "-qv", "ON_ERROR_STOP=1", "-f"])
        .arg(&file));
    format!("{target}&options=-c%20search_path%3D{schema}")
}
