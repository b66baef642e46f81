//! The seeds of the fuzz targets, replayed as they are and with random changes.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

#[cfg(feature = "ext-authz")]
#[path = "../../fuzz/check_request.rs"]
mod check_request;
#[path = "../../fuzz/checks.rs"]
mod checks;

/// The seeds of a target, by file name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found: Vec<(String, Vec<u8>)> = entries
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    found.sort();
    assert!(found.len() > 10, "hardly any seeds for {target}");
    found
}

fn replay(target: &str, check: fn(&[u8])) {
    for (name, seed) in seeds(target) {
        // Printed only when the check fails, so that the seed can be found.
        println!("{name}");
        check(&seed);
    }
}

/// Pieces that mean something to one of the parsers.
const PIECES: [&str; 24] = [
    "/", "//", "..", ".", "%2e", "%2F", "%5c", "\\", ";", "#", "?", "%", "%00", "é", "admin",
    "ADMIN", "\n", ": ", "\"", "session=", "ory_st_", "{", "[", "&a *a",
];

/// Changes some places of seeds and puts pieces in.
fn mutate(target: &str, check: fn(&[u8])) {
    let seeds = seeds(target);
    let change = (any::<Index>(), any::<Index>(), any::<u8>(), any::<bool>());
    let changes = prop::collection::vec(change, 1..8);
    let config = ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(pick in any::<Index>(), changes in changes)| {
        let mut bytes = pick.get(&seeds).1.clone();
        for (place, piece, byte, insert) in &changes {
            let at = place.index(bytes.len() + 1);
            if *insert {
                let piece = piece.get(&PIECES).bytes();
                bytes.splice(at..at, piece);
            } else if let Some(found) = bytes.get_mut(at) {
                *found = *byte;
            }
        }
        check(&bytes);
    });
}

#[test]
fn every_request_in_the_corpus_is_read_or_refused() {
    replay("request", checks::request);
    mutate("request", checks::request);
}

#[test]
fn every_question_in_the_corpus_is_read_or_refused() {
    replay("forwarded", checks::forwarded);
    mutate("forwarded", checks::forwarded);
}

#[cfg(feature = "ext-authz")]
#[test]
fn every_message_of_envoy_in_the_corpus_is_read_or_refused() {
    replay("check_request", check_request::check_request);
    mutate("check_request", check_request::check_request);
}

#[test]
fn every_expression_in_the_corpus_is_read_and_answered_or_refused() {
    replay("expression", checks::expression);
    mutate("expression", checks::expression);
}

#[test]
fn every_rule_file_in_the_corpus_is_read_or_refused() {
    replay("rules", checks::rules);
    mutate("rules", checks::rules);
}

#[test]
fn every_header_list_in_the_corpus_has_one_credential_or_none() {
    replay("credential", checks::credential);
    mutate("credential", checks::credential);
}

#[test]
fn every_whoami_answer_in_the_corpus_is_read_or_refused() {
    replay("whoami", checks::whoami);
    mutate("whoami", checks::whoami);
}

#[test]
fn every_token_in_the_corpus_has_one_reading_or_none() {
    replay("token", checks::token);
    mutate("token", checks::token);
}
