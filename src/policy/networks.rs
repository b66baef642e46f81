//! Sets of addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;

/// A set of networks. An IPv4 address is the same whether it is written as such or mapped into
/// IPv6 (`::ffff:192.0.2.7`). Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(Arc<Ranges>);

#[derive(Debug, PartialEq, Eq)]
struct Ranges {
    v4: Box<[(u32, u32)]>,
    v6: Box<[(u128, u128)]>,
}

/// `::ffff:0:0`.
const MAPPED: u128 = 0xffff << 32;

impl Networks {
    /// The addresses of all these networks.
    #[must_use]
    pub fn of(networks: impl IntoIterator<Item = IpNet>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            match (network.network(), network.broadcast()) {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    v4.push((first.to_bits(), last.to_bits()));
                }
                (IpAddr::V6(first), IpAddr::V6(last)) => {
                    let (first, last) = (first.to_bits(), last.to_bits());
                    v6.push((first, last));
                    // The part of it that is IPv4.
                    let (start, end) = (MAPPED, MAPPED | u128::from(u32::MAX));
                    if first <= end && last >= start {
                        let low = |bits: u128| u32::try_from(bits - MAPPED).unwrap_or(u32::MAX);
                        v4.push((low(first.max(start)), low(last.min(end))));
                    }
                }
                (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
            }
        }
        Self(Arc::new(Ranges {
            v4: merged(v4, |end| end.checked_add(1)),
            v6: merged(v6, |end| end.checked_add(1)),
        }))
    }

    /// The addresses of both.
    #[must_use]
    pub fn union<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for Self(ranges) in sets {
            v4.extend_from_slice(&ranges.v4);
            v6.extend_from_slice(&ranges.v6);
        }
        Self(Arc::new(Ranges {
            v4: merged(v4, |end| end.checked_add(1)),
            v6: merged(v6, |end| end.checked_add(1)),
        }))
    }

    /// The first and the last address of each range, those of IPv4 first.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> + '_ {
        let v4 = self.0.v4.iter().map(|(first, last)| {
            let address = |bits: u32| IpAddr::from(Ipv4Addr::from_bits(bits));
            (address(*first), address(*last))
        });
        let v6 = self.0.v6.iter().map(|(first, last)| {
            let address = |bits: u128| IpAddr::from(Ipv6Addr::from_bits(bits));
            (address(*first), address(*last))
        });
        v4.chain(v6)
    }

    /// Whether there is no address in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.v4.is_empty() && self.0.v6.is_empty()
    }

    /// Whether the address is in one of them.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => covering(&self.0.v4, Ipv4Addr::to_bits(address)).is_some(),
            IpAddr::V6(address) => covering(&self.0.v6, Ipv6Addr::to_bits(address)).is_some(),
        }
    }

    /// Whether every address of `other` is in one of them.
    pub(super) fn cover(&self, other: &Self) -> bool {
        covers(&self.0.v4, &other.0.v4) && covers(&self.0.v6, &other.0.v6)
    }

    /// Whether they have an address in common.
    pub(super) fn meet(&self, other: &Self) -> bool {
        meets(&self.0.v4, &other.0.v4) || meets(&self.0.v6, &other.0.v6)
    }
}

/// The ranges in order, those that overlap or touch made one.
fn merged<T: Copy + Ord>(mut ranges: Vec<(T, T)>, next: impl Fn(T) -> Option<T>) -> Box<[(T, T)]> {
    ranges.sort_unstable();
    let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if next(*end).is_none_or(|next| first <= next) => {
                *end = last.max(*end);
            }
            Some(_) | None => merged.push((first, last)),
        }
    }
    merged.into()
}

/// The range that holds `value`.
fn covering<T: Copy + Ord>(ranges: &[(T, T)], value: T) -> Option<(T, T)> {
    let place = ranges.partition_point(|(_, last)| *last < value);
    ranges
        .get(place)
        .copied()
        .filter(|(first, _)| *first <= value)
}

fn covers<T: Copy + Ord>(wide: &[(T, T)], narrow: &[(T, T)]) -> bool {
    narrow.iter().all(|(first, last)| {
        let range = covering(wide, *first);
        range.is_some_and(|(_, end)| *last <= end)
    })
}

fn meets<T: Copy + Ord>(one: &[(T, T)], two: &[(T, T)]) -> bool {
    one.iter().any(|(first, last)| {
        let place = two.partition_point(|(_, end)| *end < *first);
        two.get(place).is_some_and(|(start, _)| start <= last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> Networks {
        Networks::of(texts.iter().map(|text| text.parse::<IpNet>().unwrap()))
    }

    #[test]
    fn an_address_is_in_a_network_however_it_is_written() {
        let office = set(&["192.0.2.0/24", "10.1.2.3/8", "2001:db8::/32"]);
        for (address, expected) in [
            ("192.0.2.7", true),
            ("::ffff:192.0.2.7", true),
            ("::ffff:c000:207", true),
            ("192.0.3.1", false),
            ("10.255.0.1", true),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
            // Not the mapped form: another address.
            ("::192.0.2.7", false),
            ("64:ff9b::192.0.2.7", false),
        ] {
            assert_eq!(
                office.contain(address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
        let mapped = set(&["::ffff:192.0.2.0/120"]);
        assert!(mapped.contain("192.0.2.9".parse().unwrap()));
        assert!(!mapped.contain("192.0.3.9".parse().unwrap()));
        let all = set(&["::/0"]);
        assert!(all.contain("192.0.2.9".parse().unwrap()));
        assert!(!set(&["0.0.0.0/0"]).contain("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn sets_are_compared_by_their_addresses() {
        let halves = set(&["10.0.0.0/9", "10.128.0.0/9"]);
        assert!(halves.cover(&set(&["10.0.0.0/8"])) && set(&["10.0.0.0/8"]).cover(&halves));
        assert!(!halves.cover(&set(&["10.0.0.0/7"])) && halves.meet(&set(&["10.0.0.0/7"])));
        assert!(!halves.meet(&set(&["11.0.0.0/8", "2001:db8::/32"])));
        assert!(
            set(&["255.0.0.0/8", "255.255.0.0/16"]).contain("255.255.255.255".parse().unwrap())
        );
        assert_eq!(
            Networks::union([&set(&["10.0.0.0/9"]), &set(&["10.128.0.0/9"])]),
            halves
        );
    }
}
