//! Mail: out of the store, over real sockets, to servers of every temper.

mod channels;
mod lasting;
mod server;
mod smtp;
mod world;
