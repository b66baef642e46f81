//! What is wrong with a document.

use std::sync::Arc;

use super::Place;

/// A stable name for a kind of problem, in lower snake case, such as `unknown_key`.
pub type Code = &'static str;

/// Problems beyond this many are counted but not kept: nobody reads them, and a hostile file must
/// not fill the memory with them.
const MAX_KEPT_PROBLEMS: usize = 1000;

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// File, as given or found.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Kind of problem.
    pub code: Code,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line it is on; `None` when there is none, as for a file that can't be read.
    pub excerpt: Option<String>,
    /// Characters to underline from `column`.
    pub width: u32,
    /// A second place that matters, and what is there.
    pub related: Option<(Place, String)>,
}

impl Problem {
    /// A problem at a place.
    #[must_use]
    pub fn at(place: &Place, code: Code, message: impl Into<String>) -> Self {
        Self {
            file: Arc::clone(place.file()),
            line: place.line(),
            column: place.column(),
            code,
            message: message.into(),
            help: None,
            excerpt: place.excerpt().map(str::to_owned),
            width: place.width(),
            related: None,
        }
    }

    /// A problem with a file as a whole, such as one that can't be read.
    #[must_use]
    pub fn with_file(file: &str, code: Code, message: impl Into<String>) -> Self {
        Self {
            file: Arc::from(file),
            line: 1,
            column: 1,
            code,
            message: message.into(),
            help: None,
            excerpt: None,
            width: 1,
            related: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what to do about it, where something is known.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Adds a second place that matters.
    #[must_use]
    pub fn related(mut self, place: &Place, note: impl Into<String>) -> Self {
        self.related = Some((place.clone(), note.into()));
        self
    }
}

/// Problems, in the order they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    kept: Vec<Problem>,
    more: usize,
}

impl Problems {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn add(&mut self, problem: Problem) {
        if self.kept.len() < MAX_KEPT_PROBLEMS {
            self.kept.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Adds those of another collection.
    pub fn append(&mut self, others: Self) {
        self.more += others.more;
        for problem in others.kept {
            self.add(problem);
        }
    }

    /// Whether everything is well.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many were found.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.kept.len() + self.more
    }

    /// How many were found beyond those kept.
    #[must_use]
    pub const fn more(&self) -> usize {
        self.more
    }

    /// Those kept.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.kept.iter()
    }

    /// Orders them by line and column within each file; files stay in the order they came up. What
    /// was told twice of one place, such as of a part that several others use, is kept once.
    pub fn sort(&mut self) {
        let mut files: Vec<Arc<str>> = Vec::new();
        for problem in &self.kept {
            if !files.contains(&problem.file) {
                files.push(Arc::clone(&problem.file));
            }
        }
        self.kept.sort_by_key(|problem| {
            let file = files.iter().position(|file| *file == problem.file);
            (file, problem.line, problem.column)
        });
        self.kept.dedup();
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The candidate that `word` most likely meant; `None` when none is near.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
