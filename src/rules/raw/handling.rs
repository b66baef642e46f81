//! What a rule changes on the way, as it is written.

use crate::document::Fields;

/// The changes of a rule.
pub(in crate::rules) struct RawHandling {}

impl RawHandling {
    pub(super) const fn read(_fields: &mut Fields<'_, '_>) -> Self {
        Self {}
    }
}
