//! Where something is written.

use std::fmt;
use std::sync::Arc;

/// A text that values come from: a file, or a variable of the environment.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    name: Arc<str>,
    text: Box<str>,
    /// Where each line begins, in bytes: a long file can have many problems.
    lines: Box<[usize]>,
    /// Excerpts may be shown.
    shown: bool,
}

impl Source {
    /// The same as [`Source::new`] for a text of which nothing is shown, since it may hold secrets.
    #[must_use]
    pub fn unshown(name: &str, text: &str) -> Arc<Self> {
        Self::read(name, text, false)
    }

    /// A text and the name that messages give it, such as the file's path.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Arc<Self> {
        Self::read(name, text, true)
    }

    fn read(name: &str, text: &str, shown: bool) -> Arc<Self> {
        Arc::new(Self {
            shown,
            name: Arc::from(name),
            text: Box::from(text),
            lines: std::iter::once(0)
                .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1))
                .collect(),
        })
    }

    /// The name that messages give it.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A stretch of characters in a [`Source`]. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    source: Arc<Source>,
    line: u32,
    column: u32,
    width: u32,
}

impl Place {
    /// A stretch of `width` characters (at least one is shown) that begins at `line` and `column`,
    /// both counted from 1.
    #[must_use]
    pub fn new(source: &Arc<Source>, line: u32, column: u32, width: u32) -> Self {
        Self {
            source: Arc::clone(source),
            line,
            column,
            width,
        }
    }

    /// The beginning of a text.
    #[must_use]
    pub fn start_of(source: &Arc<Source>) -> Self {
        Self::new(source, 1, 1, 1)
    }

    /// What the place is in.
    #[must_use]
    pub const fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Name of the file, as given or found.
    #[must_use]
    pub fn file(&self) -> &Arc<str> {
        self.source.name()
    }

    /// Line, from 1.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// Column in characters, from 1.
    #[must_use]
    pub const fn column(&self) -> u32 {
        self.column
    }

    /// Characters to underline.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// The line that the place is on, without its end; `None` when the text has no such line, or
    /// is not to be shown.
    #[must_use]
    pub fn excerpt(&self) -> Option<&str> {
        if !self.source.shown {
            return None;
        }
        let skipped = usize::try_from(self.line.checked_sub(1)?).ok()?;
        let start = *self.source.lines.get(skipped)?;
        let text = self.source.text().get(start..)?;
        text.lines().next()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file(), self.line, self.column)
    }
}

/// Without the text, which would drown everything else.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
