//! Where the demo listens: only on this machine.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// How often a port is looked for that is free on both loopback addresses.
const MAX_TRIES: usize = 16;

/// Kratos' port for administration, which is taken where nobody else has it.
const USUAL_ADMIN_PORT: u16 = 4434;

/// The gateway's addresses: 127.0.0.1 and, where the machine has it, [::1], on one port. With
/// `port` 0 one is chosen that is free on both.
pub(super) fn proxy(port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut tries = 0;
    loop {
        tries += 1;
        match both(port) {
            Err(error) if port != 0 || tries == MAX_TRIES => return Err(error),
            Err(_) => {}
            Ok(addresses) => return Ok(addresses),
        }
    }
}

/// Both sockets are closed again: the gateway opens its own.
fn both(port: u16) -> io::Result<Vec<SocketAddr>> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let first = first.local_addr()?;
    match TcpListener::bind((Ipv6Addr::LOCALHOST, first.port())) {
        Ok(second) => Ok(vec![first, second.local_addr()?]),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        // A machine without IPv6 says so in several ways.
        Err(_) => Ok(vec![first]),
    }
}

/// The admin listener's address: the usual port unless all are to be chosen or it is taken.
pub(super) fn admin(choose: bool) -> io::Result<SocketAddr> {
    let usual = if choose { 0 } else { USUAL_ADMIN_PORT };
    TcpListener::bind((Ipv4Addr::LOCALHOST, usual))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?
        .local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_somebody_else_has_is_refused_and_zero_finds_another() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let port = taken.local_addr().expect("its address").port();
        assert!(proxy(port).is_err());
        let addresses = proxy(0).expect("a free port");
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
        assert!(
            addresses
                .iter()
                .all(|address| address.port() == addresses[0].port())
        );
        assert_ne!(addresses[0].port(), port);
    }
}
