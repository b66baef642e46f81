//! Codes and links by mail: made within limits, and taken once.

mod addresses;
mod login;
mod registration;
mod send;
mod take;

pub(super) use send::Letter;
pub(super) use take::Tried;
