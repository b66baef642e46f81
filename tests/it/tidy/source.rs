//! Rust sources as a list of words, without comments, strings and test code: enough to see who
//! names whom.

use std::fs;
use std::path::{Path, PathBuf};

/// A word or a punctuation mark, and the line it stands on (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) line: usize,
}

/// One file below `src/`.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the package, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// Without comments, literals and `#[cfg(test)]` modules.
    pub(super) words: Vec<Word>,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            words: without_tests(&words(text)),
        }
    }

    /// The module path of the file: `src/policy/path.rs` is `["policy", "path"]`.
    pub(super) fn module(&self) -> Vec<&str> {
        let inner = self.path.trim_start_matches("src/");
        let inner = inner.trim_end_matches(".rs");
        let inner = inner.trim_end_matches("/mod");
        if inner == "lib" || inner == "main" {
            return Vec::new();
        }
        inner.split('/').collect()
    }

    /// The room: the first segment of the module path, `None` for `lib.rs` and `main.rs`.
    pub(super) fn room(&self) -> Option<&str> {
        self.module().first().copied()
    }

    pub(super) fn is_test(&self) -> bool {
        let file = self.path.rsplit('/').next().unwrap_or_default();
        file == "tests.rs" || file.ends_with("_tests.rs") || self.path.contains("/tests/")
    }
}

/// The package's own folder.
pub(super) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the product, tests apart.
pub(super) fn product() -> Vec<Source> {
    let sources = files_below("src", "rs");
    assert!(sources.len() > 20, "the scan found hardly any source");
    sources
        .iter()
        .map(|(path, text)| Source::new(path, text))
        .filter(|source| !source.is_test())
        .collect()
}

/// Every file below `folder` whose name ends with `.extension`, as (path relative to the package,
/// text). A folder that is not there has no files.
pub(super) fn files_below(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![package().join(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                let is_made = ["target", "node_modules", ".next"]
                    .iter()
                    .any(|name| path.ends_with(name));
                if !is_made {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|ending| ending == extension) {
                let name = path.strip_prefix(package()).unwrap().to_str().unwrap();
                let bytes = fs::read(&path).unwrap();
                found.push((
                    name.to_owned(),
                    String::from_utf8_lossy(&bytes).into_owned(),
                ));
            }
        }
    }
    found.sort();
    found
}

/// Splits Rust source into words. Comments vanish; a literal becomes the word `""`; a lifetime
/// keeps its tick.
pub(super) fn words(text: &str) -> Vec<Word> {
    let chars: Vec<char> = text.chars().collect();
    let mut scan = Scan {
        chars: &chars,
        at: 0,
        line: 1,
        words: Vec::new(),
    };
    while scan.at < chars.len() {
        scan.step();
    }
    scan.words
}

struct Scan<'a> {
    chars: &'a [char],
    at: usize,
    line: usize,
    words: Vec<Word>,
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            if self.peek(0) == '\n' {
                self.line += 1;
            }
            self.at += 1;
        }
    }

    fn push(&mut self, text: &str) {
        self.words.push(Word {
            text: text.to_owned(),
            line: self.line,
        });
    }

    fn step(&mut self) {
        let here = self.peek(0);
        match here {
            '/' if self.peek(1) == '/' => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.skip(1);
                }
            }
            '/' if self.peek(1) == '*' => self.block_comment(),
            '"' => self.string(0),
            '\'' => self.tick(),
            ':' if self.peek(1) == ':' => {
                self.push("::");
                self.skip(2);
            }
            _ if here.is_alphanumeric() || here == '_' => self.identifier(),
            _ => {
                if !here.is_whitespace() {
                    self.push(&here.to_string());
                }
                self.skip(1);
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => {
                    depth += 1;
                    self.skip(2);
                }
                ('*', '/') => {
                    depth -= 1;
                    self.skip(2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.skip(1),
            }
        }
    }

    /// A string that opens here; `hashes` > 0 or a raw one has no escapes.
    fn string(&mut self, hashes: usize) {
        self.push("\"\"");
        self.skip(1);
        while self.at < self.chars.len() {
            if self.peek(0) == '\\' && hashes == 0 {
                self.skip(2);
            } else if self.peek(0) == '"' && (1..=hashes).all(|n| self.peek(n) == '#') {
                self.skip(1 + hashes);
                return;
            } else {
                self.skip(1);
            }
        }
    }

    fn raw_string(&mut self) {
        let mut hashes = 0;
        while self.peek(0) == '#' {
            hashes += 1;
            self.skip(1);
        }
        if hashes > 0 {
            return self.string(hashes);
        }
        self.push("\"\"");
        self.skip(1);
        while self.at < self.chars.len() && self.peek(0) != '"' {
            self.skip(1);
        }
        self.skip(1);
    }

    /// A character literal or a lifetime.
    fn tick(&mut self) {
        if self.peek(1) == '\\' {
            self.skip(3);
            while self.at < self.chars.len() && self.peek(0) != '\'' {
                self.skip(1);
            }
            self.skip(1);
        } else if self.peek(2) == '\'' {
            self.skip(3);
        } else {
            let start = self.at;
            self.skip(1);
            while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
                self.skip(1);
            }
            let text: String = self.chars[start..self.at].iter().collect();
            self.push(&text);
        }
    }

    fn identifier(&mut self) {
        let start = self.at;
        while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
            self.skip(1);
        }
        let text: String = self.chars[start..self.at].iter().collect();
        let raw = matches!(text.as_str(), "r" | "br" | "cr");
        if raw && (self.peek(0) == '"' || (self.peek(0) == '#' && "#\"".contains(self.peek(1)))) {
            return self.raw_string();
        }
        let prefix = matches!(text.as_str(), "b" | "c");
        if prefix && matches!(self.peek(0), '"' | '\'') {
            return;
        }
        self.push(&text);
    }
}

/// Drops what is compiled for tests only: an item behind `#[cfg(test)]`.
fn without_tests(words: &[Word]) -> Vec<Word> {
    let marker = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept: Vec<Word> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let rest = &words[at..];
        let hit = rest.len() > marker.len()
            && rest
                .iter()
                .zip(marker)
                .all(|(word, mark)| word.text == mark);
        if hit {
            at += marker.len() + item_length(&rest[marker.len()..]);
        } else {
            kept.push(words[at].clone());
            at += 1;
        }
    }
    kept
}

/// How many words the item takes that starts here: up to a `;` or the end of its braces.
fn item_length(words: &[Word]) -> usize {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        match word.text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    words.len()
}

/// The first segments of all `crate::` paths, groups opened: (segment, line).
pub(super) fn crate_paths(source: &Source) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let words = &source.words;
    for at in 0..words.len() {
        let root = words[at].text == "crate" && text(words, at + 1) == "::";
        if root {
            first_segments(words, at + 2, &mut found);
        }
    }
    found.extend(outward_supers(source));
    found
}

fn text(words: &[Word], at: usize) -> &str {
    words.get(at).map_or("", |word| word.text.as_str())
}

fn first_segments(words: &[Word], at: usize, found: &mut Vec<(String, usize)>) {
    if text(words, at) != "{" {
        if let Some(word) = words.get(at) {
            found.push((word.text.clone(), word.line));
        }
        return;
    }
    let mut depth = 1;
    let mut at = at + 1;
    let mut starts = true;
    while depth > 0 && at < words.len() {
        match text(words, at) {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => starts = true,
            name => {
                if starts && depth == 1 {
                    found.push((name.to_owned(), words[at].line));
                }
                starts = false;
            }
        }
        at += 1;
    }
}

/// `super::super::…` chains that climb out of the room reach another room as `crate::` does.
fn outward_supers(source: &Source) -> Vec<(String, usize)> {
    let words = &source.words;
    let depth = source.module().len();
    let mut found = Vec::new();
    let mut braces: Vec<bool> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match text(words, at) {
            "{" => braces.push(at >= 2 && text(words, at - 2) == "mod"),
            "}" => {
                braces.pop();
            }
            "super" => {
                let mut climbs = 0;
                while text(words, at) == "super" && text(words, at + 1) == "::" {
                    climbs += 1;
                    at += 2;
                }
                let inner = braces.iter().filter(|opens_module| **opens_module).count();
                if climbs > 0 && climbs >= depth + inner && depth > 0 {
                    first_segments(words, at, &mut found);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

#[test]
fn the_scanner_sees_paths_and_nothing_in_comments_or_strings() {
    let source = Source::new(
        "src/policy/path.rs",
        r##"
        // use crate::gateway::Nothing;
        /* crate::admin /* nested crate::web */ */
        use crate::aal::Aal;
        use crate::{clock::{Clock, Monotonic}, secret::Secret};
        const TEXT: &str = "crate::store";
        const RAW: &str = r#"crate::flows " "#;
        fn lives<'a>(x: &'a str) -> char { let _ = crate::whoami::ask(); '"' }
        #[cfg(test)]
        mod tests { use crate::app::All; }
        use super::super::selfservice::Door;
        mod inner { use super::super::Request; }
        "##,
    );
    let rooms: Vec<String> = crate_paths(&source)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(rooms, ["aal", "clock", "secret", "whoami", "selfservice"]);
}
