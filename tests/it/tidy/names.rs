//! Names that say nothing, and paths of somebody's own machine.

use super::source::{files_below, package};

/// A module so named becomes the place for whatever nobody wanted to think about.
const FORBIDDEN: [&str; 9] = [
    "util", "utils", "common", "helper", "helpers", "types", "manager", "managers", "misc",
];

fn forbidden_segment(path: &str) -> Option<&str> {
    let stem = path.trim_end_matches(".rs");
    stem.split('/').find(|segment| FORBIDDEN.contains(segment))
}

/// Whether the text names a folder that only one machine has.
fn names_a_private_path(text: &str) -> bool {
    // Spelled in two pieces, so that this file does not name them itself.
    let private = [
        ("/ho", "me/"),
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("/Us", "ers/"),
        ("/tmp/", "wt/"),
    ];
    private
        .iter()
        .any(|(one, two)| text.contains(&[*one, *two].concat()))
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    for folder in ["src", "tests", "benches", "fuzz"] {
        for (path, _) in files_below(folder, "rs") {
            assert_eq!(forbidden_segment(&path), None, "{path}");
        }
    }
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    let kinds = [
        "rs", "md", "toml", "yaml", "yml", "html", "css", "js", "py", "sh", "conf", "lua",
    ];
    let folders = [
        "src", "tests", "benches", "docs", "rules", "certs", "deploy", "examples", ".ci",
    ];
    for (folder, kind) in folders
        .iter()
        .flat_map(|f| kinds.iter().map(move |k| (f, k)))
    {
        for (path, text) in files_below(folder, kind) {
            assert!(!names_a_private_path(&text), "{path}");
        }
    }
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "Dockerfile",
    ] {
        let text = std::fs::read_to_string(package().join(name)).unwrap();
        assert!(!names_a_private_path(&text), "{name}");
    }
}

#[test]
fn the_name_scans_find_bad_samples() {
    assert_eq!(forbidden_segment("src/gateway/util.rs"), Some("util"));
    assert_eq!(forbidden_segment("src/common/mod.rs"), Some("common"));
    assert_eq!(forbidden_segment("src/utility_bill.rs"), None);
    assert!(names_a_private_path(&["see /ho", "me/somebody"].concat()));
}
