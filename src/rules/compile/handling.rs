//! What a rule changes on the way: written to meant.

use super::super::raw::RawHandling;
use crate::policy::Handling;

pub(super) fn handling_of(_raw: &RawHandling) -> Handling {
    Handling::default()
}
