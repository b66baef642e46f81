//! The demo as its own process, as a newcomer starts it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A running demo on free ports.
pub(crate) struct Demo {
    told: Value,
    process: Child,
    /// Goes away with it.
    _folder: Option<TempDir>,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

impl Demo {
    /// Starts it with a folder of its own.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut demo = Self::start_in(folder.path());
        demo._folder = Some(folder);
        demo
    }

    /// Starts it with its data in this folder.
    pub(crate) fn start_in(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
        command.arg("demo").arg("--data").arg(folder);
        Self::started(command)
    }

    /// Starts it with its data in a folder that it makes below `place` and removes itself.
    pub(crate) fn start_below(place: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
        command.arg("demo").env("TMPDIR", place);
        Self::started(command)
    }

    fn started(mut command: Command) -> Self {
        let mut process = command
            .args(["--port", "0", "--format", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut stdout = BufReader::new(process.stdout.take().expect("its output"));
        let mut stderr = process.stderr.take().expect("its errors");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let told = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut errors = String::new();
            let _ = stderr.read_to_string(&mut errors);
            panic!("the demo said {line:?} and {errors}")
        });
        // Neither pipe may fill up.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::stderr()));
        Self {
            told,
            process,
            _folder: None,
        }
    }

    /// The one object that it told.
    pub(crate) fn told(&self) -> &Value {
        &self.told
    }

    /// One of `bank`, `login`, `settings`, `admin`.
    pub(crate) fn url(&self, what: &str) -> &str {
        self.told["urls"][what].as_str().expect("an address")
    }

    /// A page of the bank.
    pub(crate) fn bank(&self, path: &str) -> String {
        format!("{}{path}", self.url("bank").trim_end_matches('/'))
    }

    /// A ready user, by the start of the address.
    pub(crate) fn user(&self, name: &str) -> &Value {
        let users = self.told["users"].as_array().expect("users");
        let is_named = |user: &&Value| {
            user["identifier"]
                .as_str()
                .is_some_and(|id| id.starts_with(name))
        };
        users.iter().find(is_named).expect("that user")
    }

    /// Asks it to end, as Ctrl-C does, and waits for it.
    pub(crate) fn stop(mut self) -> bool {
        let id = self.process.id().to_string();
        let told = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill");
        assert!(told.success());
        self.process.wait().expect("an end").success()
    }
}
