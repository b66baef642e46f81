//! Where rule files write what they ask for.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::explained::Named;
use crate::document::{Node, Place, Problems, read_file};

/// Finds keys in rule files. A file that has changed or gone since the rules were read has no
/// place to point to.
#[derive(Debug, Default)]
pub struct Places(HashMap<Arc<str>, Option<Node>>);

impl Places {
    /// Where `rule` says what the requirement `name` is about.
    pub fn find(&mut self, rule: &Named, name: &str) -> Option<Place> {
        let file = &rule.location.file;
        let root = self.0.entry(Arc::clone(file)).or_insert_with(|| {
            let path = Path::new(&**file);
            path.is_file()
                .then(|| read_file(path, &mut Problems::new()))
                .flatten()
        });
        let root = root.as_ref()?;
        let written = rule_of(root, &rule.id)?;
        let set = written
            .find("require")
            .and_then(Node::as_scalar)
            .and_then(|name| root.find("requirements")?.find(&name.text));
        let found = [Some(written), set, root.find("defaults")]
            .into_iter()
            .flatten()
            .find_map(|section| key_of(section, name));
        found.map(|node| node.place.clone())
    }
}

fn rule_of<'a>(root: &'a Node, id: &str) -> Option<&'a Node> {
    let rules = root.find("rules")?.as_list()?;
    rules.iter().find(|rule| {
        let written = rule.find("id").and_then(Node::as_scalar);
        written.is_some_and(|written| &*written.text == id)
    })
}

/// The value under a dotted name, as far as it is written: of `required_methods.any_of` where that
/// is a list, the list.
fn key_of<'a>(section: &'a Node, name: &str) -> Option<&'a Node> {
    let mut steps = name.split('.');
    let mut found = section.find(steps.next()?)?;
    for step in steps {
        match found.find(step) {
            Some(deeper) => found = deeper,
            None => break,
        }
    }
    Some(found)
}
