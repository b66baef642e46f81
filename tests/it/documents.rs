//! What the documentation shows is what the product takes.

use std::fs;
use std::path::{Path, PathBuf};

use stepgate::rules::{Context, compile, load};

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fenced YAML blocks of a page.
fn yaml_blocks(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(package().join(page)).unwrap();
    let mut blocks = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once("```yaml\n") {
        let (block, behind) = after.split_once("```").unwrap_or((after, ""));
        blocks.push(block.to_owned());
        rest = behind;
    }
    blocks
}

#[test]
fn every_rule_file_in_the_documentation_compiles() {
    let pages = std::fs::read_dir(package().join("docs")).unwrap();
    let pages = pages.map(|page| format!("docs/{}", page.unwrap().file_name().display()));
    let pages = pages.filter(|page| page.ends_with(".md"));
    let mut compiled = 0;
    for page in std::iter::once("README.md".to_owned()).chain(pages) {
        let begins = |block: &str, key: &str| block.lines().any(|line| line.starts_with(key));
        let blocks = yaml_blocks(Path::new(&page)).into_iter();
        // Others are parts of a file, or of stepgate.yaml.
        let whole = |block: &String| begins(block, "upstreams:") && begins(block, "rules:");
        for block in blocks.filter(whole) {
            if let Err(problems) = compile(&page, &block, &Context::default()) {
                panic!("{page}: {problems:?}");
            }
            compiled += 1;
        }
    }
    assert!(compiled >= 7, "the pages lost their examples: {compiled}");
}

#[test]
fn every_file_on_the_shelf_of_rules_loads() {
    let shelf: PathBuf = package().join("rules");
    for folder in [shelf.join("examples"), shelf] {
        if let Err(problems) = load(&[folder], &Context::default()) {
            panic!("{problems:?}");
        }
    }
}

/// The targets of a page's links to other files of the repository.
fn links(page: &str) -> Vec<String> {
    let text = fs::read_to_string(package().join(page)).unwrap();
    let targets = text.split("](").skip(1);
    targets
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .map(|target| target.split('#').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    let docs = fs::read_dir(package().join("docs")).unwrap();
    let decisions = fs::read_dir(package().join("docs/decisions")).unwrap();
    let pages = docs.chain(decisions).map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    let mut pages: Vec<PathBuf> = pages.collect();
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "benches/README.md",
    ] {
        pages.push(package().join(name));
    }
    for page in pages {
        for target in links(page.strip_prefix(package()).unwrap().to_str().unwrap()) {
            let place = page.parent().unwrap().join(&target);
            assert!(place.exists(), "{}: {target}", page.display());
        }
    }
}
