//! Addresses that are not of the public network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address belongs to a machine, a link or a private network rather than to the public
/// one. Addresses that carry an IPv4 address within count as that.
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

const fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Carrier-grade NAT, protocol assignments, benchmarks.
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18)
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let inner = |high: u16, low: u16| {
        let [first, second] = high.to_be_bytes();
        let [third, fourth] = low.to_be_bytes();
        is_private_v4(Ipv4Addr::new(first, second, third, fourth))
    };
    let low = a == 0 && b == 0 && c == 0 && d == 0 && e == 0 && f == 0;
    // NAT64 and 6to4 lead to the IPv4 address that they hold.
    let through_nat = a == 0x64 && b == 0xff9b && (c == 1 || inner(g, h));
    let through_6to4 = a == 0x2002 && inner(b, c);
    low || through_nat
        || through_6to4
        || a & 0xfe00 == 0xfc00
        || a & 0xffc0 == 0xfe80
        || a & 0xffc0 == 0xfec0
        || a & 0xff00 == 0xff00
        || (a == 0x2001 && b == 0xdb8)
}
