//! Which endpoint gets a request.

use std::hash::BuildHasher;
use std::rc::Rc;

use super::{Node, Upstream};
use crate::clock::Monotonic;
use crate::policy::Balance;

/// Seed of the hash that spreads sessions over endpoints: fixed, so that every worker and every
/// replica sends a session to the same one.
const SPREAD: foldhash::fast::FixedState = foldhash::fast::FixedState::with_seed(0x5745_5047);

impl Upstream {
    /// Chooses an endpoint: a healthy one that was not tried yet, as far as there is one.
    pub(super) fn choose(&self, now: Monotonic, key: &[u8], tried: &[usize]) -> Option<usize> {
        if self.nodes.len() == 1 {
            return Some(0);
        }
        let untried = |index: &usize| !tried.contains(index);
        let healthy: Vec<usize> = self
            .indices()
            .filter(untried)
            .filter(|&index| self.is_healthy(index, now))
            .collect();
        if !healthy.is_empty() {
            return self.pick(&healthy, key);
        }
        // All are out of order: trying one is better than trying none.
        let rest: Vec<usize> = self.indices().filter(untried).collect();
        if rest.is_empty() {
            let all: Vec<usize> = self.indices().collect();
            return self.pick(&all, key);
        }
        self.pick(&rest, key)
    }

    fn indices(&self) -> std::ops::Range<usize> {
        0..self.nodes.len()
    }

    fn is_healthy(&self, index: usize, now: Monotonic) -> bool {
        self.nodes
            .get(index)
            .is_some_and(|node| node.health.is_in(now))
    }

    fn pick(&self, from: &[usize], key: &[u8]) -> Option<usize> {
        match self.config.balance {
            Balance::RoundRobin => {
                let turn = self.next.get();
                self.next.set(turn.wrapping_add(1));
                from.get(turn.checked_rem(from.len())?).copied()
            }
            Balance::LeastInFlight => {
                // The turn breaks ties, so that an idle upstream is not served by one endpoint.
                let turn = self.next.get();
                self.next.set(turn.wrapping_add(1));
                let start = turn.checked_rem(from.len())?;
                let (before, after) = from.split_at(start);
                let load = |&&index: &&usize| {
                    let node: Option<&Rc<Node>> = self.nodes.get(index);
                    node.map_or(usize::MAX, |node| node.in_flight.get())
                };
                after.iter().chain(before).min_by_key(load).copied()
            }
            Balance::ConsistentHash => from
                .iter()
                .max_by_key(|&&index| {
                    let authority = self.nodes.get(index).map(|node| &node.endpoint.authority);
                    SPREAD.hash_one((authority, key))
                })
                .copied(),
        }
    }
}
