//! The seeds of the fuzz targets, replayed without a fuzzer.

use std::fs;
use std::path::Path;

#[path = "../../fuzz/checks.rs"]
mod checks;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut seeds = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let seed = fs::read(&path).unwrap();
        // Printed only when the check fails, so that the seed can be found.
        println!("{}", path.display());
        check(&seed);
        seeds += 1;
    }
    assert!(seeds > 10, "hardly any seeds for {target}");
}

#[test]
fn every_request_in_the_corpus_is_read_or_refused() {
    replay("request", checks::request);
}

#[test]
fn every_rule_file_in_the_corpus_is_read_or_refused() {
    replay("rules", checks::rules);
}

#[test]
fn every_header_list_in_the_corpus_has_one_credential_or_none() {
    replay("credential", checks::credential);
}

#[test]
fn every_whoami_answer_in_the_corpus_is_read_or_refused() {
    replay("whoami", checks::whoami);
}
