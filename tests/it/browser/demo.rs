//! The demo as its own process, as a newcomer starts it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::chromium::ChildGuard;

/// A running demo on free ports.
pub(super) struct Demo {
    told: Value,
    _process: ChildGuard,
}

impl Demo {
    /// Starts it and waits until it says that it is ready.
    pub(super) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stepgate"))
            .args(["demo", "--port", "0", "--format", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut stderr = child.stderr.take().expect("its errors");
        let process = ChildGuard(child);
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
            _process: process,
        }
    }

    /// One of `bank`, `login`, `settings`, `admin`.
    pub(super) fn url(&self, what: &str) -> &str {
        self.told["urls"][what].as_str().expect("an address")
    }

    /// A page of the bank.
    pub(super) fn bank(&self, path: &str) -> String {
        format!("{}{path}", self.url("bank").trim_end_matches('/'))
    }

    /// A ready person, by the start of the address.
    pub(super) fn person(&self, name: &str) -> super::person::Person {
        let users = self.told["users"].as_array().expect("users");
        let user = users
            .iter()
            .find(|user| {
                user["identifier"]
                    .as_str()
                    .is_some_and(|id| id.starts_with(name))
            })
            .expect("that person");
        let text = |key: &str| user[key].as_str().map(str::to_owned);
        super::person::Person {
            identifier: text("identifier").expect("an identifier"),
            password: text("password").expect("a password"),
            secret: text("totp_secret"),
            used_step: 0,
        }
    }
}
