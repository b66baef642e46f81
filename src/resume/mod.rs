//! Step-up that keeps work: requests with a body that wait, sealed, until whoever sent them has
//! done what the rule asks for.
//!
//! A request is kept under a random id that only its owner learns, bound to the rule and to the
//! session (or, where there was none, to a cookie). It can be looked at as often as one likes and
//! is taken once, by one conditional write. What is kept is as it came: nothing is decoded but for
//! showing it.

mod config;
mod continuation;
mod cookie;
mod id;
mod keeper;
mod kept;
mod memory;
mod multipart;
mod shelf;
mod shown;

#[cfg(test)]
mod tests;

pub use config::{Config, Place};
pub use continuation::{CONTINUATION_BYTES, Continuation};
pub use id::{Nonce, ResumeId, STEP_UP_PATH};
pub use keeper::{Client, Found, Keeper, NotKept, Unavailable};
pub use kept::{Holder, Kept, KeptBody};
pub use shelf::{Limits, NewRow, Row, Shelf, Shelved};
pub use shown::{Shown, ShownField, ShownValue};
