//! Which requests a rule is about.

use super::{HostPattern, Methods, PathPattern};

/// Which requests a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// Any of these hosts; never empty.
    pub hosts: Vec<HostPattern>,
    /// Any of these paths; never empty.
    pub paths: Vec<PathPattern>,
    /// Any of these methods.
    pub methods: Methods,
    /// Higher comes first; 0 unless the operator says otherwise.
    pub priority: i32,
}
