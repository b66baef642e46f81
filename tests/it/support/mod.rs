//! What door tests need around the product: an identity service that does as it is told, an
//! application that writes everything down, and a client that sends exactly the bytes it is given.

pub(crate) mod client;
pub(crate) mod demo;
pub(crate) mod gateway;
pub(crate) mod identity;
pub(crate) mod server;
pub(crate) mod upstream;
