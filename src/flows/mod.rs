//! What people do with their identity: load, step, save, issue.

mod hasher;

pub use hasher::{Checked, PasswordError, PasswordHasher};
