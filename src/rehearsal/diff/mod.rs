//! What another set of rules would change.
//!
//! Requests are made up from what both sets are about (`requests`), and put to both with sessions
//! that lie on either side of everything that both ask for (`sessions`). Requests that reach the
//! same rules on either side are one class: the first of them speaks for all.

mod addresses;
mod changes;
mod classes;
mod conditions;
mod extras;
mod paths;
mod regexes;
mod replay;
mod requests;
mod sessions;
mod settings;
mod tell;
mod verdicts;

use std::sync::Arc;

use jiff::Timestamp;

pub use changes::{Change, Changes, Direction};
pub use replay::{NotALog, replay};
pub use tell::{changes_as_json, changes_as_text};

use self::classes::Classes;
use crate::policy::RuleSet;

/// Two sets of rules.
#[derive(Clone, Debug)]
pub struct Sets {
    /// The rules as they are.
    pub old: Arc<RuleSet>,
    /// The rules as they would be.
    pub new: Arc<RuleSet>,
}

/// Compares two sets of rules by requests and sessions made up from what they say.
#[must_use]
pub fn compare(sets: &Sets, now: Timestamp) -> Changes {
    let mut classes = Classes::of(sets, now);
    let pairs_left_out = requests::make(sets, |request, headers| classes.put(request, headers));
    Changes {
        pairs_left_out,
        ..classes.into_changes()
    }
}
