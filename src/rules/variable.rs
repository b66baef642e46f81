//! Rules from a variable of the environment: `env:NAME` stands where a path could.

use std::path::Path;

/// What such a place begins with.
const MARK: &str = "env:";

/// The name of the variable that `place` stands for; `None` where it is a path.
pub fn variable_of(place: &Path) -> Option<&str> {
    place.to_str()?.strip_prefix(MARK)
}
