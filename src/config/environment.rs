//! The environment of the process.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use super::Override;
use super::overrides::PREFIX;

/// The variables of an environment.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// That of this process. Variables that are no UTF-8 text are left out.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// The value of a variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// Whether output may be coloured: standard output is a terminal and `NO_COLOR` is not set.
    #[must_use]
    pub fn allows_colour(&self) -> bool {
        let refused = self
            .0
            .get("NO_COLOR")
            .is_some_and(|value| !value.is_empty());
        !refused && std::io::stdout().is_terminal()
    }

    /// What `STEPGATE__..` variables replace, in the order of their names.
    #[must_use]
    pub fn overrides(&self) -> Vec<Override> {
        self.0
            .range(PREFIX.to_owned()..)
            .take_while(|(name, _)| name.starts_with(PREFIX))
            .filter_map(|(name, value)| Override::from_variable(name, value))
            .collect()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(variables.into_iter().map(owned).collect())
    }
}

/// Without values: they may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
