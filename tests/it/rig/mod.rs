//! What the process tests stand on: the real program with a configuration of its own, and the
//! parties around it (upstream, identity service, client) as plain threads on loopback that record
//! every byte they get.

pub(crate) mod client;
pub(crate) mod program;
pub(crate) mod server;
pub(crate) mod whoami;
