//! Calls to other services that operators name: identity providers, web hooks.
//!
//! Every call has a limit on time and on what is read of the answer. No redirect is followed, and
//! where the configuration says so no private address is reached, whatever a name resolves to.

mod address;
mod client;

pub use address::is_private;
pub use client::{Call, Outbound, OutboundError, Reach, Reply};

#[cfg(test)]
mod tests;
