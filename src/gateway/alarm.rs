//! Time-outs of one worker, kept by a coarse tick.
//!
//! A timer of the runtime per request would cost more than the rest of a time-out: entering and
//! leaving a timer wheel. Here a time-out is a number in a cell; a tick of the worker looks at all
//! of them and wakes those that are due. They ring at most [`TICK`] late, never early.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::clock::Monotonic;

/// Time between two looks at the alarms.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// A time-out that its owner sets, and polls from one task.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    due: Cell<Option<Monotonic>>,
    rang: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    /// Rings when nobody answered this one by the next tick.
    elder: Option<Rc<Self>>,
}

impl Alarm {
    /// Ready once the alarm rang, until it is set again.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if self.rang.get() {
            return Poll::Ready(());
        }
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|old| old.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    #[cfg(test)]
    fn rang(&self) -> bool {
        self.rang.get()
    }

    /// Stops it.
    pub(super) fn stop(&self) {
        self.due.set(None);
        self.rang.set(false);
    }

    fn set_due(&self, due: Monotonic) {
        self.due.set(Some(due));
        self.rang.set(false);
    }

    fn look(&self, now: Monotonic) {
        if self.due.get().is_some_and(|due| due <= now) {
            self.ring();
        } else if self.rang.get()
            && let Some(elder) = &self.elder
        {
            elder.ring();
        }
    }

    /// Wakes its owner without ringing.
    pub(super) fn nudge(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// Lets it ring now.
    pub(super) fn ring(&self) {
        self.due.set(None);
        self.rang.set(true);
        self.nudge();
    }
}

/// Every alarm of a worker, and the worker's idea of the time.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    now: Cell<Monotonic>,
    slots: RefCell<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    alarms: Vec<Option<Rc<Alarm>>>,
    free: Vec<usize>,
}

impl Alarms {
    /// The time at the last tick; at most [`TICK`] behind.
    pub(super) fn now(&self) -> Monotonic {
        self.now.get()
    }

    /// Makes an alarm that is looked after until the guard goes. When it rings and its owner does
    /// not take notice (it is not even polled, because the client reads nothing), `elder` rings.
    pub(super) fn register(self: &Rc<Self>, elder: Option<&AlarmGuard>) -> AlarmGuard {
        let alarm = Rc::new(Alarm {
            elder: elder.map(|elder| Rc::clone(&elder.alarm)),
            ..Alarm::default()
        });
        let mut slots = self.slots.borrow_mut();
        let place = slots.free.pop().unwrap_or_else(|| {
            slots.alarms.push(None);
            slots.alarms.len().saturating_sub(1)
        });
        if let Some(slot) = slots.alarms.get_mut(place) {
            *slot = Some(Rc::clone(&alarm));
        }
        drop(slots);
        AlarmGuard {
            alarms: Rc::clone(self),
            alarm,
            place,
        }
    }

    /// Rings every alarm.
    pub(super) fn ring_all(&self) {
        for alarm in self.slots.borrow().alarms.iter().flatten() {
            alarm.ring();
        }
    }

    /// Takes the new time and rings what is due.
    pub(super) fn tick(&self, now: Monotonic) {
        self.now.set(now);
        for alarm in self.slots.borrow().alarms.iter().flatten() {
            alarm.look(now);
        }
    }
}

/// Owner of an [`Alarm`].
#[derive(Debug)]
pub(super) struct AlarmGuard {
    alarms: Rc<Alarms>,
    alarm: Rc<Alarm>,
    place: usize,
}

impl AlarmGuard {
    /// Sets it to ring `after` from now, counted so that it is never early.
    pub(super) fn set(&self, after: Duration) {
        self.alarm.set_due(self.alarms.now().plus(after).plus(TICK));
    }
}

impl std::ops::Deref for AlarmGuard {
    type Target = Alarm;

    fn deref(&self) -> &Alarm {
        &self.alarm
    }
}

impl Drop for AlarmGuard {
    fn drop(&mut self) {
        let mut slots = self.alarms.slots.borrow_mut();
        if let Some(slot) = slots.alarms.get_mut(self.place) {
            *slot = None;
            slots.free.push(self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::clock::Clock;

    #[test]
    fn an_alarm_rings_when_its_time_has_passed_and_not_before() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let alarms = Rc::new(Alarms::default());
        let alarm = alarms.register(None);
        alarm.set(Duration::from_secs(1));
        clock.advance(Duration::from_secs(1));
        alarms.tick(clock.monotonic());
        assert!(!alarm.rang());
        clock.advance(TICK);
        alarms.tick(clock.monotonic());
        assert!(alarm.rang());
    }

    #[test]
    fn a_dropped_alarm_leaves_its_place_to_the_next() {
        let alarms = Rc::new(Alarms::default());
        let first = alarms.register(None);
        let place = first.place;
        drop(first);
        assert_eq!(alarms.register(None).place, place);
    }
}
