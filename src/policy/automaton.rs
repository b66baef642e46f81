//! What can be told of a regular expression from its automaton, without running it on texts.

use std::collections::HashSet;

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;

/// Longest literal beginning that is looked for, in bytes.
const MAX_PREFIX_BYTES: usize = 256;
/// Most pairs of states that are looked at to find out whether two expressions overlap.
const MAX_PAIRS: usize = 200_000;

/// The text that every match begins with. Anchors are taken to hold, so it can be shorter than the
/// longest one, but never wrong.
pub(super) fn literal_prefix(nfa: &NFA) -> String {
    let mut prefix = String::new();
    let mut states = closure(nfa, vec![nfa.start_anchored()]);
    while prefix.len() < MAX_PREFIX_BYTES && !states.is_match {
        let Some((byte, next)) = only_byte(nfa, &states.readers) else {
            break;
        };
        prefix.push(char::from(byte));
        states = closure(nfa, next);
    }
    prefix
}

/// Whether some text that begins with `byte` matches, as far as can be told.
pub(super) fn can_begin_with(nfa: &NFA, byte: u8) -> bool {
    let states = closure(nfa, vec![nfa.start_anchored()]);
    let mut can = false;
    for reader in states.readers {
        transitions(nfa.state(reader), |first, last, _| {
            can |= (first..=last).contains(&byte);
        });
    }
    can
}

/// States from which nothing but reading a byte leads on.
#[derive(Default)]
struct Closure {
    readers: Vec<StateID>,
    is_match: bool,
}

fn closure(nfa: &NFA, from: Vec<StateID>) -> Closure {
    let mut closure = Closure::default();
    let mut seen: HashSet<StateID> = from.iter().copied().collect();
    let mut stack = from;
    while let Some(state) = stack.pop() {
        match nfa.state(state) {
            State::Match { .. } => closure.is_match = true,
            State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => {
                closure.readers.push(state);
            }
            state @ (State::Look { .. }
            | State::Union { .. }
            | State::BinaryUnion { .. }
            | State::Capture { .. }
            | State::Fail) => silent(state, |next| {
                if seen.insert(next) {
                    stack.push(next);
                }
            }),
        }
    }
    closure
}

/// Where a state leads without reading.
fn silent(state: &State, mut lead: impl FnMut(StateID)) {
    match state {
        State::Look { next, .. } | State::Capture { next, .. } => lead(*next),
        State::Union { alternates } => alternates.iter().copied().for_each(lead),
        State::BinaryUnion { alt1, alt2 } => {
            lead(*alt1);
            lead(*alt2);
        }
        State::ByteRange { .. }
        | State::Sparse(_)
        | State::Dense(_)
        | State::Fail
        | State::Match { .. } => {}
    }
}

/// Where a state leads by reading a byte between the two given.
fn transitions(state: &State, mut lead: impl FnMut(u8, u8, StateID)) {
    match state {
        State::ByteRange { trans } => lead(trans.start, trans.end, trans.next),
        State::Sparse(sparse) => {
            for trans in &sparse.transitions {
                lead(trans.start, trans.end, trans.next);
            }
        }
        State::Dense(dense) => {
            for byte in 0..=u8::MAX {
                if let Some(next) = dense.matches_byte(byte) {
                    lead(byte, byte, next);
                }
            }
        }
        State::Look { .. }
        | State::Union { .. }
        | State::BinaryUnion { .. }
        | State::Capture { .. }
        | State::Fail
        | State::Match { .. } => {}
    }
}

/// The one byte that all of these states read, and where it leads.
fn only_byte(nfa: &NFA, readers: &[StateID]) -> Option<(u8, Vec<StateID>)> {
    let mut only = None;
    let mut several = false;
    let mut next = Vec::new();
    for reader in readers {
        transitions(nfa.state(*reader), |first, last, to| {
            several |= first != last || only.is_some_and(|only| only != first);
            only = Some(first);
            next.push(to);
        });
    }
    let byte = only.filter(|byte| !several && byte.is_ascii())?;
    Some((byte, next))
}

/// Whether one text can match both. True also where that would take too long to find out.
pub(super) fn overlap(one: &NFA, two: &NFA) -> bool {
    let start = (one.start_anchored(), two.start_anchored());
    let mut seen = HashSet::from([start]);
    let mut stack = vec![start];
    while let Some((a, b)) = stack.pop() {
        let (first, second) = (one.state(a), two.state(b));
        if matches!((first, second), (State::Match { .. }, State::Match { .. })) {
            return true;
        }
        if seen.len() > MAX_PAIRS {
            return true;
        }
        let mut add = |pair| {
            if seen.insert(pair) {
                stack.push(pair);
            }
        };
        silent(first, |next| add((next, b)));
        silent(second, |next| add((a, next)));
        transitions(first, |from, to, next| {
            transitions(second, |low, high, other| {
                if from <= high && low <= to {
                    add((next, other));
                }
            });
        });
    }
    false
}
