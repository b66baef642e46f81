//! The proxy over real sockets: what reaches the application, what reaches the client.

mod world;

mod bodies;
mod handling;
mod heads;
pub(crate) mod http2;
mod identity;
mod limits;
mod mount;
mod preface;
mod stopping;
mod upgrades;
mod upstreams;
