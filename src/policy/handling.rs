//! What becomes of an allowed request on its way to the upstream, and of the answer on its way
//! back.

/// What a rule changes on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handling {}
