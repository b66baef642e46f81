//! Which parts of a session expressions read, so that only those are kept.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::datum::{Datum, Members};

/// Parts of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// This part, with all below it.
    whole: bool,
    below: BTreeMap<Box<str>, Self>,
}

static WHOLE: Reads = Reads {
    whole: true,
    below: BTreeMap::new(),
};

impl Reads {
    /// Nothing at all.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The whole document.
    #[must_use]
    pub fn everything() -> Self {
        WHOLE.clone()
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        !self.whole && self.below.is_empty()
    }

    /// What at least one of both reads.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.add(other);
        self
    }

    fn add(&mut self, other: &Self) {
        if other.whole {
            *self = Self::everything();
        } else if !self.whole {
            for (name, below) in &other.below {
                self.below.entry(name.clone()).or_default().add(below);
            }
        }
    }

    /// Whether a document of which these parts are kept answers all that `other` reads.
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        self.whole
            || !other.whole
                && other.below.iter().all(|(name, wanted)| {
                    self.below.get(name).is_some_and(|kept| kept.cover(wanted))
                })
    }

    /// Adds the part at the end of `path`.
    pub(super) fn add_path(&mut self, path: &[&str]) {
        let mut part = self;
        for name in path {
            if part.whole {
                return;
            }
            part = part.below.entry((*name).into()).or_default();
        }
        *part = Self::everything();
    }

    /// What is read of the member `name`; `None` where nothing is.
    pub(super) fn below(&self, name: &str) -> Option<&Self> {
        match self.whole {
            true => Some(&WHOLE),
            false => self.below.get(name),
        }
    }

    /// The parts of `json` that are read.
    pub(super) fn keep(&self, json: &Json) -> Datum {
        if self.whole {
            return Datum::of(json);
        }
        match json {
            Json::Object(members) => {
                let kept = members.iter().filter_map(|(name, value)| {
                    Some((
                        name.as_str().into(),
                        self.below.get(name.as_str())?.keep(value),
                    ))
                });
                Datum::Map(Members::new(kept.collect()))
            }
            // The type is kept where something else was expected: reading on must fail alike.
            Json::Array(_) => Datum::List(Box::default()),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Datum::of(json),
        }
    }
}
