//! What the tests stand on: the product or the program itself, a client that sends exactly the
//! bytes it is given, and around them servers that do as they are told and write everything down.

pub(crate) mod bank;
pub(crate) mod client;
pub(crate) mod database;
pub(crate) mod demo;
pub(crate) mod gateway;
pub(crate) mod identity;
pub(crate) mod message;
pub(crate) mod people;
pub(crate) mod program;
pub(crate) mod reply;
pub(crate) mod security_key;
pub(crate) mod server;

/// A loopback address on which nobody listened a moment ago.
pub(crate) fn free_port() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Waits until `is_so` holds, at most ten seconds: for things that another party does in its own
/// time. Returns whether it came to hold.
pub(crate) fn eventually(is_so: impl Fn() -> bool) -> bool {
    for _ in 0..1000 {
        if is_so() {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    false
}
