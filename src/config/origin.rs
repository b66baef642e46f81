//! Where a configuration came from, so that it can be read again.

use std::path::PathBuf;

use super::{Environment, Loaded, Override, load};
use crate::document::Setting;

/// A file and what counts over it.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The file.
    pub path: PathBuf,
    /// The environment at the start.
    pub environment: Environment,
    /// What flags replace.
    pub flags: Vec<Override>,
}

impl Origin {
    /// Reads the file, again.
    #[must_use]
    pub fn load(&self) -> Loaded {
        load(&self.path, &self.environment, &self.flags)
    }
}

/// The settings that differ and that a reload does not change: they need a restart. Rules,
/// upstreams and the content of certificates are reloaded; the paths to them are not.
#[must_use]
pub fn need_restart(running: &[Setting], written: &[Setting]) -> Vec<String> {
    let differs = |setting: &Setting, others: &[Setting]| {
        let other = others.iter().find(|other| other.path == setting.path);
        other.is_none_or(|other| other.value != setting.value)
    };
    let mut paths: Vec<String> = Vec::new();
    for (settings, others) in [(written, running), (running, written)] {
        for setting in settings.iter().filter(|setting| differs(setting, others)) {
            if !paths.contains(&setting.path) {
                paths.push(setting.path.clone());
            }
        }
    }
    paths
}
