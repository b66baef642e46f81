//! Who may import whom.

use std::fs;

use super::source::{Source, crate_paths, package, product};

/// A room: its floor, its name, and the rooms it may name. Rooms stand in the order of `lib.rs`;
/// an arrow only ever points to a room further up in this list.
type Row = (u8, &'static str, &'static [&'static str]);

/// Words of floor 0 that every room above floor 1 may use.
const EVERYWHERE: [&str; 3] = ["aal", "clock", "telemetry"];

/// Stands for all rooms of lower floors.
const ALL_BELOW: &[&str] = &["all below"];

const FLOORS: &[Row] = &[
    (0, "aal", &[]),
    (0, "clock", &[]),
    (0, "cookies", &[]),
    (0, "document", &[]),
    (0, "expression", &["document"]),
    (0, "jsonnet", &[]),
    (0, "locale", &[]),
    (0, "rate", &["clock"]),
    (0, "secret", &[]),
    (0, "signing", &[]),
    (0, "telemetry", &["aal", "clock"]),
    (1, "contract", &["aal"]),
    (1, "keyring", &["secret"]),
    (
        1,
        "identity",
        &["aal", "jsonnet", "keyring", "secret", "signing"],
    ),
    (1, "policy", &["aal", "expression"]),
    (2, "outbound", &[]),
    (2, "rules", &["document", "expression", "policy"]),
    (2, "store", &["identity", "keyring", "secret"]),
    (
        2,
        "whoami",
        &["contract", "expression", "policy", "rate", "secret"],
    ),
    (
        2,
        "bearer",
        &[
            "expression",
            "outbound",
            "policy",
            "secret",
            "signing",
            "whoami",
        ],
    ),
    (
        3,
        "courier",
        &[
            "identity", "jsonnet", "locale", "outbound", "secret", "store",
        ],
    ),
    (3, "audit", &[]),
    (3, "minting", &["policy", "signing", "whoami"]),
    (3, "pages", &["contract", "locale"]),
    (3, "web", &["contract", "identity", "secret"]),
    (3, "resume", &["cookies", "keyring", "secret"]),
    (
        3,
        "authz",
        &[
            "audit", "cookies", "pages", "policy", "rate", "resume", "rules", "secret", "whoami",
        ],
    ),
    (3, "streams", &["policy", "rules", "whoami"]),
    (
        4,
        "flows",
        &[
            "audit", "contract", "courier", "identity", "jsonnet", "keyring", "locale", "outbound",
            "secret", "store", "web",
        ],
    ),
    (
        4,
        "rehearsal",
        &[
            "authz",
            "document",
            "expression",
            "policy",
            "rules",
            "whoami",
        ],
    ),
    (
        5,
        "admin",
        &[
            "audit",
            "authz",
            "contract",
            "document",
            "flows",
            "identity",
            "keyring",
            "pages",
            "policy",
            "rehearsal",
            "rules",
            "secret",
            "store",
            "web",
            "whoami",
        ],
    ),
    (
        5,
        "decision",
        &[
            "audit", "authz", "minting", "pages", "policy", "rules", "whoami",
        ],
    ),
    (
        5,
        "gateway",
        &[
            "audit", "authz", "minting", "pages", "policy", "resume", "rules", "secret", "streams",
            "whoami",
        ],
    ),
    (
        5,
        "layer",
        &[
            "authz", "document", "minting", "pages", "policy", "rules", "whoami",
        ],
    ),
    (
        5,
        "selfservice",
        &[
            "contract", "cookies", "flows", "identity", "pages", "secret", "web",
        ],
    ),
    (6, "config", ALL_BELOW),
];

/// The composition root and the command line know every room.
const ROOFS: [(u8, &str); 2] = [(7, "app"), (8, "cli")];

fn floor(room: &str) -> Option<u8> {
    let rows = FLOORS.iter().map(|(floor, name, _)| (*floor, *name));
    rows.chain(ROOFS)
        .find(|(_, name)| *name == room)
        .map(|(floor, _)| floor)
}

fn allows(from: &str, to: &str) -> bool {
    if from == to {
        return true;
    }
    let (Some(from_floor), Some(to_floor)) = (floor(from), floor(to)) else {
        return false;
    };
    let Some((_, _, named)) = FLOORS.iter().find(|(_, name, _)| *name == from) else {
        return to_floor < from_floor;
    };
    if *named == ALL_BELOW {
        return to_floor < from_floor;
    }
    named.contains(&to) || (from_floor > 1 && EVERYWHERE.contains(&to))
}

/// Arrows that the table does not have, one sentence each.
fn forbidden_arrows(source: &Source) -> Vec<String> {
    let Some(from) = source.room() else {
        return Vec::new();
    };
    crate_paths(source)
        .into_iter()
        .filter(|(to, _)| !allows(from, to))
        .map(|(to, line)| format!("{}:{line}: `{from}` may not import `{to}`", source.path))
        .collect()
}

/// A table row as `ARCHITECTURE.md` has it.
fn as_markdown((floor, room, named): &Row) -> String {
    let names = if named.is_empty() {
        "nothing".to_owned()
    } else {
        named.join(", ")
    };
    format!("| {floor} | {room} | {names} |")
}

#[test]
fn rooms_import_only_what_the_floor_plan_allows() {
    let wrong: Vec<String> = product().iter().flat_map(forbidden_arrows).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_stands_in_the_floor_plan() {
    let unknown: Vec<String> = product()
        .iter()
        .filter(|source| source.room().is_some_and(|room| floor(room).is_none()))
        .map(|source| source.path.clone())
        .collect();
    assert!(unknown.is_empty(), "not in the floor plan: {unknown:?}");
}

#[test]
fn arrows_of_the_floor_plan_point_downward() {
    for (at, (_, room, named)) in FLOORS.iter().enumerate() {
        for name in named.iter().filter(|_| *named != ALL_BELOW) {
            let before = FLOORS
                .iter()
                .take(at)
                .any(|(_, earlier, _)| earlier == name);
            assert!(before, "{room} -> {name} points upward");
        }
    }
}

#[test]
fn architecture_md_shows_the_same_floor_plan() {
    let text = fs::read_to_string(package().join("ARCHITECTURE.md")).unwrap();
    for row in FLOORS {
        let line = as_markdown(row);
        assert!(
            text.contains(&line),
            "ARCHITECTURE.md lacks the row: {line}"
        );
    }
}

#[test]
fn an_arrow_upward_or_between_doors_is_found() {
    let upward = Source::new(
        "src/policy/rule.rs",
        "use crate::{aal::Aal, gateway::Config};",
    );
    assert_eq!(forbidden_arrows(&upward).len(), 1);
    let between_doors = Source::new("src/gateway/mod.rs", "fn x() { crate::admin::start(); }");
    assert_eq!(forbidden_arrows(&between_doors).len(), 1);
    let unknown = Source::new("src/gateway/mod.rs", "use crate::nowhere::Thing;");
    assert_eq!(forbidden_arrows(&unknown).len(), 1);
    let fine = Source::new("src/gateway/proxy.rs", "use crate::authz::Checker;");
    assert_eq!(forbidden_arrows(&fine), Vec::<String>::new());
}
