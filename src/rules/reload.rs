//! Reading the rules again: all or nothing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{error, info};

use super::load::fingerprint;
use super::{Context, Reload, RuleStore, load};
use crate::clock::Clock;
use crate::document::{Rendering, to_text};

/// Reads rule files into a [`RuleStore`].
#[derive(Debug)]
pub struct Reloader {
    store: Arc<RuleStore>,
    paths: Vec<PathBuf>,
    context: Context,
    clock: Clock,
    /// Of the files when they were last read. Held while reading, so that two reloads follow each
    /// other.
    read: Mutex<u128>,
}

impl Reloader {
    /// Reads `paths` when told to. What they hold now counts as read.
    #[must_use]
    pub fn new(store: Arc<RuleStore>, paths: Vec<PathBuf>, context: Context, clock: Clock) -> Self {
        let read = Mutex::new(fingerprint(&paths));
        Self {
            store,
            paths,
            context,
            clock,
            read,
        }
    }

    /// The files and directories it reads.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Reads the rules and puts them in force if they are whole; else the present ones stay, and
    /// every problem is logged. Blocks for as long as reading takes.
    pub fn reload(&self) -> Reload {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        *read = fingerprint(&self.paths);
        self.read_and_replace()
    }

    /// Like [`Reloader::reload`], but does nothing when no file has changed since the last time.
    pub fn reload_if_changed(&self) -> Option<Reload> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let now = fingerprint(&self.paths);
        if *read == now {
            return None;
        }
        *read = now;
        Some(self.read_and_replace())
    }

    fn read_and_replace(&self) -> Reload {
        match load(&self.paths, &self.context) {
            Ok(rules) => {
                let count = rules.rules().len();
                let generation = self.store.replace(rules, self.clock.wall());
                info!(generation, rules = count, "new rules are in force");
            }
            Err(problems) => {
                error!(
                    generation = self.store.peek().number(),
                    problem_count = problems.len(),
                    problems = %to_text(&problems, Rendering::Plain),
                    "the new rules are broken; the present ones stay in force"
                );
                self.store.reject(problems, self.clock.wall());
            }
        }
        self.store.last_reload()
    }
}
