//! Nothing is shipped for others to run that no test runs.

use std::fs;
use std::path::{Path, PathBuf};

use super::source::files_below;

/// What `tests/deploy/run` holds against schemas, the program and real proxies.
const CHECKED: &str = include_str!("../../deploy/files.txt");

/// Every file below `folder`, relative to the package.
fn shipped(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            shipped(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_file_that_is_deployed_is_used_by_a_test() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    shipped(&package.join("deploy"), &mut found);
    assert!(found.len() > 40, "{}", found.len());
    let tests = files_below("tests/it", "rs");
    for path in found {
        let path = path.strip_prefix(package).unwrap().display().to_string();
        let below = path.trim_start_matches("deploy/");
        let named = tests.iter().any(|(_, text)| text.contains(below));
        assert!(named || CHECKED.lines().any(|line| line == path), "{path}");
    }
}
