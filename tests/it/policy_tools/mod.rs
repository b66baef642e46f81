//! `explain`, `test` and `diff`: what rules decide, told before anybody asks.

mod agreement;
mod cases;
mod changes;
mod explained;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

/// The program in a folder, with nothing of ours in its environment.
fn stepgate(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .current_dir(folder)
        .args(arguments)
        .env_remove("NO_COLOR")
        .output()
        .unwrap()
}

/// What it prints when it ends with `code`.
fn printed(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = stepgate(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{text}\n{errors}"
    );
    assert!(!text.contains('\u{1b}'), "no colour into a pipe: {text}");
    text
}

/// The same as JSON.
fn json(folder: &Path, arguments: &[&str], code: i32) -> Json {
    let arguments = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&printed(folder, &arguments, code)).unwrap()
}

/// What it complains of when it ends with 2.
fn complaint(folder: &Path, arguments: &[&str]) -> String {
    let output = stepgate(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?} {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The repository, whose shelf of rules is tried.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
