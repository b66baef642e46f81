//! Which requests a rule is about.

use std::sync::Arc;

use super::{Conditions, HostPattern, Methods, PathPattern, PathRegex};

/// Which requests a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// Any of these hosts; never empty.
    pub hosts: Vec<HostPattern>,
    /// Any of these paths.
    pub paths: Vec<PathPattern>,
    /// Or any of these. Never empty where `paths` is.
    pub path_regexes: Vec<PathRegex>,
    /// Any of these methods.
    pub methods: Methods,
    /// What must hold besides; `None`: nothing.
    pub conditions: Option<Arc<Conditions>>,
    /// Higher comes first; 0 unless the operator says otherwise.
    pub priority: i32,
}

impl Matcher {
    /// Whether it leaves out requests whose host and path it is about.
    #[must_use]
    pub const fn narrows(&self) -> bool {
        self.methods.are_named() || self.conditions.is_some()
    }
}
