//! Files that a configuration names: `file://`, `base64://`, or a plain path.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};

use super::refuse_node;
use crate::document::{FromNode, Node, Place, Problem, Reading, Source};
use crate::jsonnet::Snippet;

const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The text behind a URL; nothing is asked of the network at the start.
pub(super) fn fetch(url: &str, folder: &Path) -> Result<String, String> {
    if let Some(encoded) = url.strip_prefix("base64://") {
        let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
        let bytes = engines
            .iter()
            .find_map(|engine| engine.decode(encoded).ok());
        let bytes = bytes.ok_or("this is not base64")?;
        return String::from_utf8(bytes).map_err(|_| "this is not text".to_owned());
    }
    if url.starts_with("http://") || url.starts_with("https://") {
        return Err("give it as file:// or base64://".to_owned());
    }
    let path = folder.join(file_path(url));
    let shown = path.display();
    let length = std::fs::metadata(&path)
        .map_err(|why| format!("{shown}: {why}"))?
        .len();
    if length > MAX_FILE_BYTES {
        return Err(format!("{shown}: larger than 1 MiB"));
    }
    std::fs::read_to_string(&path).map_err(|why| format!("{shown}: {why}"))
}

fn file_path(url: &str) -> PathBuf {
    let Some(rest) = url.strip_prefix("file://") else {
        return PathBuf::from(url);
    };
    let decoded = percent_encoding::percent_decode_str(rest).decode_utf8();
    PathBuf::from(decoded.map_or_else(|_| rest.to_owned(), std::borrow::Cow::into_owned))
}

/// What messages call the text behind a URL.
pub(super) fn name_of(url: &str, folder: &Path) -> String {
    if url.starts_with("base64://") {
        return "base64".to_owned();
    }
    folder.join(file_path(url)).display().to_string()
}

/// A Jsonnet program that the configuration names. A broken one is told with its own file, line
/// and column.
pub(super) struct Program(pub(super) Snippet);

impl FromNode for Program {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let url = String::from_node(node, reading)?;
        let source = match fetch(&url, &reading.folder) {
            Ok(source) => source,
            Err(why) => {
                refuse_node(reading, node, format!("the Jsonnet program: {why}"));
                return None;
            }
        };
        let name = name_of(&url, &reading.folder);
        match Snippet::parse(&name, &source) {
            Ok(snippet) => Some(Self(snippet)),
            Err(flaw) => {
                let text = Source::new(&name, &source);
                let place = Place::new(&text, flaw.line, flaw.column, flaw.width);
                let problem = Problem::at(&place, "invalid_jsonnet", flaw.message);
                reading.problem(problem.related(&node.place, "the program is named here"));
                None
            }
        }
    }

    fn schema() -> Json {
        json!({"type": "string", "format": "uri-reference"})
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.name().into())
    }
}
