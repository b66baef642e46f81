//! The program is killed (`kill -9`) while people use it, and started again.

mod backup;
mod people;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rstest::rstest;

use crate::support::database::Database::{self, Postgres, Sqlite};
use crate::support::eventually;
use crate::support::program::Program;
use people::{Api, Person};

/// How often it is killed.
const KILLS: usize = 3;
/// People at a time.
const AT_ONCE: usize = 4;
/// Journeys that are through before it is killed.
const THROUGH: usize = 6;

/// The identity service alone, with a hash that costs next to nothing.
fn configuration(database: &str) -> String {
    format!(
        r#"
version: 1
rules: []
reload: {{ watch: false }}
identity:
  embedded:
    mount: null
    listen: 127.0.0.1:0
    browser_url: "http://127.0.0.1:4433"
    database: "{database}"
    throttle: {{ second_factor: 1000 per 15m, password: 1000 per 15m, per_address: 100000 per 15m }}
    kratos:
      secrets: {{ default: [a-secret-for-crashes] }}
      hashers: {{ algorithm: bcrypt, bcrypt: {{ cost: 4 }} }}
      selfservice:
        methods:
          password: {{ enabled: true, config: {{ haveibeenpwned_enabled: false }} }}
          lookup_secret: {{ enabled: true }}
        flows:
          registration: {{ after: {{ password: {{ hooks: [{{ hook: session }}] }} }} }}
admin: {{ listen: 127.0.0.1:0 }}
telemetry: {{ log: {{ format: json, level: info }}, access_log: {{ output: null }} }}
"#
    )
}

/// Journeys take their time on a machine that is busy.
fn in_time(is_so: impl Fn() -> bool) -> bool {
    (0..12).any(|_| eventually(&is_so))
}

#[rstest]
fn what_was_confirmed_outlives_a_kill_and_nothing_counts_twice(
    #[values(Sqlite, Postgres)] on: Database,
) {
    let Some(database) = on.address() else {
        return;
    };
    let mut program = Program::serve(&[("stepgate.yaml", &configuration(&database))]);
    let confirmed: Mutex<Vec<Person>> = Mutex::default();
    let names = AtomicUsize::new(0);
    for kill in 1..=KILLS {
        let api = Api::of(&program);
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let name = format!("p{}", names.fetch_add(1, Ordering::Relaxed));
                        match api.journey(&name) {
                            Some(person) => confirmed.lock().unwrap().push(person),
                            None => break,
                        }
                    }
                });
            }
            let enough = in_time(|| confirmed.lock().unwrap().len() >= kill * THROUGH);
            program.kill();
            assert!(enough, "too few got through: {}", program.output());
        });
        program.start_again();
    }
    let api = Api::of(&program);
    let confirmed = confirmed.into_inner().unwrap();
    assert!(confirmed.len() >= KILLS * THROUGH);
    for person in &confirmed {
        api.check(person);
    }
}
