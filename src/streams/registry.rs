//! The streams of one worker.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use super::slots::Slots;
use super::{Cause, Judge, Lease, Mailbox, Order, Switchboard};
use crate::clock::Monotonic;
use crate::whoami::{Credential, Record};

/// Looks at sessions that may be under way in one worker.
const LOOKS_AT_ONCE: usize = 64;
/// Time over which the looks at all streams are spread that a reload or a purge makes necessary.
const SPREAD: Duration = Duration::from_secs(1);

/// A stream that can be cut.
pub trait Live {
    /// Ends it, now. Called once at most; it must not block.
    fn cut(&self, cause: Cause);
}

/// Where a stream is in its registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(usize);

/// The streams of one worker, by session. Belongs to one thread.
pub struct Registry<S> {
    pub(super) inner: RefCell<Inner<S>>,
    pub(super) judge: Judge,
    pub(super) switchboard: Arc<Switchboard>,
    mailbox: Arc<Mailbox>,
}

pub(super) struct Inner<S> {
    pub(super) entries: Slots<Entry<S>>,
    pub(super) groups: Slots<Group>,
    by_session: HashMap<Box<str>, Vec<usize>>,
    by_identity: HashMap<Box<str>, Vec<usize>>,
    /// The generation of rules that all streams were, or will be, looked at by.
    generation: u64,
    serial: u64,
    /// Looks under way.
    pub(super) looking: usize,
}

pub(super) struct Entry<S> {
    pub(super) stream: Weak<S>,
    pub(super) lease: Lease,
    /// Its group, and where it is among the group's members; `None` once it was cut.
    pub(super) group: Option<(usize, usize)>,
}

/// Streams that stand and fall together: those of one session that came with one credential. A
/// stream without a session is a group of its own.
pub(super) struct Group {
    pub(super) serial: u64,
    pub(super) session: Option<Arc<Record>>,
    pub(super) credential: Option<Credential>,
    pub(super) members: Vec<usize>,
    /// When it was last known how the session stands.
    pub(super) confirmed: Monotonic,
    /// When the session is to be asked for again; `None`: there is none.
    pub(super) ask_at: Option<Monotonic>,
    /// When the rules are to be gone through again, by what is known of the session.
    pub(super) rules_at: Option<Monotonic>,
    pub(super) looking: bool,
}

/// A look at a group that is due.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub(super) group: usize,
    pub(super) serial: u64,
    /// Whether the session is asked for first.
    pub(super) ask: bool,
}

impl<S: Live> Registry<S> {
    /// An empty one, that `switchboard` reaches.
    #[must_use]
    pub fn new(switchboard: &Arc<Switchboard>, judge: Judge) -> Rc<Self> {
        let generation = judge.rules.peek().number();
        Rc::new(Self {
            inner: RefCell::new(Inner {
                entries: Slots::default(),
                groups: Slots::default(),
                by_session: HashMap::new(),
                by_identity: HashMap::new(),
                generation,
                serial: 0,
                looking: 0,
            }),
            judge,
            mailbox: switchboard.join(),
            switchboard: Arc::clone(switchboard),
        })
    }

    /// Takes a stream in, until [`Registry::leave`].
    pub fn enter(&self, lease: Lease, stream: &Rc<S>) -> Place {
        let now = self.judge.clock.monotonic();
        // What happened to the session while the stream was too young to be here was told to
        // nobody: then it is looked at right away.
        let session = lease.session.as_ref();
        let missed = session.is_some_and(|session| !self.judge.resolver.still_holds(session));
        let interval = self.interval();
        let mut inner = self.inner.borrow_mut();
        let newer_rules = lease.generation != inner.generation;
        let group = inner.group_of(&lease, now, interval);
        let place = inner.entries.insert(Entry {
            stream: Rc::downgrade(stream),
            lease,
            group: None,
        });
        if let Some(known) = inner.groups.get_mut(group) {
            let position = known.members.len();
            known.members.push(place);
            if missed {
                known.ask_at = Some(now);
            }
            if newer_rules {
                known.rules_at = Some(now);
            }
            if let Some(entry) = inner.entries.get_mut(place) {
                entry.group = Some((group, position));
            }
        }
        drop(inner);
        self.switchboard.count_in();
        Place(place)
    }

    /// The stream is over.
    pub fn leave(&self, Place(place): Place) {
        let mut inner = self.inner.borrow_mut();
        if let Some(entry) = inner.entries.remove(place) {
            if let Some((group, position)) = entry.group {
                inner.let_go(group, position);
            }
            drop(inner);
            self.switchboard.count_out();
        }
    }

    /// Streams that run now.
    #[must_use]
    pub fn running(&self) -> usize {
        self.inner.borrow().entries.len()
    }

    /// Waits for orders and follows them. What is due then comes with [`Registry::due`].
    pub async fn follow_orders(&self) {
        for order in self.mailbox.next().await {
            self.follow(&order);
        }
    }

    fn follow(&self, order: &Order) {
        let now = self.judge.clock.monotonic();
        let mut inner = self.inner.borrow_mut();
        let groups = match order {
            Order::End(session) => {
                let ended = inner.by_session.get(session).cloned().unwrap_or_default();
                let cut = inner.detach(&ended);
                drop(inner);
                self.cut_all(cut, Cause::Revoked);
                return;
            }
            Order::Session(session) => inner.by_session.get(session).cloned(),
            Order::Identity(identity) => inner.by_identity.get(identity).cloned(),
            Order::Credential(credential) => {
                let groups = inner.groups.iter();
                let same = groups.filter(|(_, group)| {
                    let own = group.credential.as_ref();
                    own.is_some_and(|own| own.is_same(credential))
                });
                Some(same.map(|(group, _)| group).collect())
            }
            Order::Everything => {
                for (_, group) in inner.groups.iter_mut() {
                    group.ask_at = group.session.as_ref().map(|_| now.plus(part_of(SPREAD)));
                }
                return;
            }
        };
        for group in groups.unwrap_or_default() {
            if let Some(group) = inner.groups.get_mut(group) {
                group.ask_at = Some(now);
            }
        }
    }

    /// Cuts what has expired, and says which sessions are to be looked at now: each with
    /// [`Registry::look`].
    pub fn due(&self) -> Vec<Look> {
        let mut inner = self.inner.borrow_mut();
        if inner.groups.is_empty() {
            return Vec::new();
        }
        let now = self.judge.clock.monotonic();
        let wall = self.judge.clock.wall();
        let generation = self.judge.rules.peek().number();
        let reloaded = std::mem::replace(&mut inner.generation, generation) != generation;
        let (mut expired, mut due) = (Vec::new(), Vec::new());
        let mut looking = inner.looking;
        for (place, group) in inner.groups.iter_mut() {
            if reloaded {
                group.rules_at = Some(now.plus(part_of(SPREAD)));
            }
            let session = group.session.as_ref();
            if session.is_some_and(|session| session.subject().expires_at <= wall) {
                expired.push(place);
                continue;
            }
            let ask = group.ask_at.is_some_and(|at| at <= now);
            let judge = group.rules_at.is_some_and(|at| at <= now);
            if group.looking || looking >= LOOKS_AT_ONCE || !(ask || judge) {
                continue;
            }
            group.looking = true;
            looking += 1;
            // What comes up from here on asks for another look.
            group.rules_at = None;
            if ask {
                group.ask_at = None;
            }
            due.push(Look {
                group: place,
                serial: group.serial,
                ask,
            });
        }
        inner.looking = looking;
        let cut = inner.detach(&expired);
        drop(inner);
        self.cut_all(cut, Cause::Expired);
        due
    }

    pub(super) fn cut_all(&self, streams: Vec<Rc<S>>, cause: Cause) {
        if streams.is_empty() {
            return;
        }
        let count = streams.len();
        tracing::info!(cause = cause.as_str(), streams = count, "streams were cut");
        self.switchboard.count_cut(cause, count);
        for stream in streams {
            stream.cut(cause);
        }
    }

    pub(super) fn interval(&self) -> Duration {
        self.switchboard.config().revalidate
    }
}

impl<S> Inner<S> {
    fn group_of(&mut self, lease: &Lease, now: Monotonic, interval: Duration) -> usize {
        let session = lease.session.as_ref().zip(lease.credential.as_ref());
        if let Some((record, credential)) = session {
            let subject = record.subject();
            let known = self.by_session.get(&subject.session_id);
            for &place in known.into_iter().flatten() {
                let Some(group) = self.groups.get_mut(place) else {
                    continue;
                };
                if !group
                    .credential
                    .as_ref()
                    .is_some_and(|own| own.is_same(credential))
                {
                    continue;
                }
                if group
                    .session
                    .as_ref()
                    .is_none_or(|own| record.is_newer_than(own))
                {
                    group.session = Some(Arc::clone(record));
                }
                return place;
            }
        }
        self.serial += 1;
        let place = self.groups.insert(Group {
            serial: self.serial,
            session: session.map(|(record, _)| Arc::clone(record)),
            credential: session.map(|(_, credential)| credential.clone()),
            members: Vec::new(),
            confirmed: now,
            ask_at: session.map(|_| now.plus(soon(interval))),
            rules_at: None,
            looking: false,
        });
        if let Some((record, _)) = session {
            let subject = record.subject();
            let of_session = self.by_session.entry(subject.session_id.clone());
            of_session.or_default().push(place);
            let of_identity = self.by_identity.entry(subject.identity_id.clone());
            of_identity.or_default().push(place);
        }
        place
    }

    /// Takes a member out of its group; the last one takes the group along.
    pub(super) fn let_go(&mut self, place: usize, position: usize) {
        let Some(group) = self.groups.get_mut(place) else {
            return;
        };
        if position < group.members.len() {
            group.members.swap_remove(position);
        }
        let moved = group.members.get(position).copied();
        let empty = group.members.is_empty();
        if let Some(moved) = moved.and_then(|moved| self.entries.get_mut(moved)) {
            moved.group = Some((place, position));
        }
        if empty {
            self.remove_group(place);
        }
    }

    /// Takes whole groups out; their streams, to be cut once nothing is borrowed.
    fn detach(&mut self, groups: &[usize]) -> Vec<Rc<S>> {
        let mut streams = Vec::new();
        for &place in groups {
            let Some(group) = self.remove_group(place) else {
                continue;
            };
            streams.reserve(group.members.len());
            for member in group.members {
                if let Some(entry) = self.entries.get_mut(member) {
                    entry.group = None;
                    streams.extend(entry.stream.upgrade());
                }
            }
        }
        streams
    }

    fn remove_group(&mut self, place: usize) -> Option<Group> {
        let group = self.groups.remove(place)?;
        if group.looking {
            self.looking = self.looking.saturating_sub(1);
        }
        if let Some(record) = &group.session {
            let subject = record.subject();
            forget(&mut self.by_session, &subject.session_id, place);
            forget(&mut self.by_identity, &subject.identity_id, place);
        }
        Some(group)
    }
}

fn forget(index: &mut HashMap<Box<str>, Vec<usize>>, id: &str, place: usize) {
    if let Some(places) = index.get_mut(id) {
        places.retain(|other| *other != place);
        if places.is_empty() {
            index.remove(id);
        }
    }
}

/// Up to a quarter earlier than `interval`, so that streams that were opened at one time are not
/// looked at at one time.
pub(super) fn soon(interval: Duration) -> Duration {
    interval.saturating_sub(part_of(interval / 4))
}

/// A random part of `whole`.
fn part_of(whole: Duration) -> Duration {
    whole.mul_f64(f64::from(rand::random::<u16>()) / f64::from(u16::MAX))
}
