//! What people do with their identity: sign in, sign up, change their account, sign out.
//!
//! Each use case loads a flow, takes one step, saves, and says what to answer to programs and to
//! browsers; the door only picks one of the two.

pub mod form;
mod hasher;
pub mod problem;
pub mod qr;
pub mod record;
pub mod return_to;
pub mod site;

pub use hasher::{Checked, PasswordError, PasswordHasher};
pub use problem::Problem;
pub use record::{FlowRecord, Opening, ParkedSubmit};
pub use site::Site;
