//! Numbers by name.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

type Rows<R> = HashMap<Box<str>, Arc<R>, foldhash::fast::RandomState>;

/// Rows by name. Reading takes no lock; a new name, which is rare, copies the table. Names come
/// from the configuration only, never from a request.
#[derive(Debug)]
pub(super) struct Table<R>(ArcSwap<Rows<R>>);

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self(ArcSwap::from_pointee(Rows::default()))
    }
}

impl<R: Default> Table<R> {
    /// Makes rows for names that have none.
    pub(super) fn know<'a>(&self, names: &(impl Iterator<Item = &'a str> + Clone)) {
        self.0.rcu(|rows| {
            let mut rows = Rows::clone(rows);
            for name in names.clone() {
                if !rows.contains_key(name) {
                    rows.insert(name.into(), Arc::default());
                }
            }
            rows
        });
    }

    /// Does something to the row of this name.
    pub(super) fn with(&self, name: &str, act: impl FnOnce(&R)) {
        if let Some(row) = self.0.load().get(name) {
            return act(row);
        }
        self.know(&std::iter::once(name));
        if let Some(row) = self.0.load().get(name) {
            act(row);
        }
    }

    /// All rows, by name.
    pub(super) fn rows(&self) -> Vec<(Box<str>, Arc<R>)> {
        let rows = self.0.load();
        let mut rows: Vec<(Box<str>, Arc<R>)> = rows
            .iter()
            .map(|(name, row)| (name.clone(), Arc::clone(row)))
            .collect();
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        rows
    }
}
