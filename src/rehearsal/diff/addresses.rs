//! Addresses on either side of every edge of networks.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::policy::Networks;

/// Networks up to which every edge is tried.
const MAX_EDGES: usize = 256;

/// Adds the first and the last address of each range, and those just outside.
pub(super) fn add_edges(networks: &Networks, addresses: &mut BTreeSet<IpAddr>) {
    for (first, last) in networks.ranges() {
        if addresses.len() >= MAX_EDGES {
            return;
        }
        addresses.extend([first, last]);
        addresses.extend(before(first));
        addresses.extend(after(last));
    }
}

fn before(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits().checked_sub(1)?;
            Some(Ipv4Addr::from_bits(bits).into())
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits().checked_sub(1)?;
            Some(Ipv6Addr::from_bits(bits).into())
        }
    }
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits().checked_add(1)?;
            Some(Ipv4Addr::from_bits(bits).into())
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits().checked_add(1)?;
            Some(Ipv6Addr::from_bits(bits).into())
        }
    }
}
