//! Notices people who are sent to confirm and come back without: after a few rounds they get an
//! explanation instead of another redirect.
//!
//! What is remembered lives in a signed cookie: which rule, which standing of which session, how
//! often, since when.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

use crate::cookies;
use crate::policy::RuleId;

/// Name of the cookie; it is never passed on to the application.
pub const LOOP_GUARD_COOKIE: &str = "stepgate_loop_guard";

/// How long a round is remembered.
const MEMORY: Duration = Duration::from_secs(600);

/// Signs and counts.
pub(super) struct LoopGuard {
    key: hmac::Key,
    /// Returns without improvement before an explanation.
    returns: u32,
}

/// Which rule sent whom. Another standing of the same session (a new completion) is an
/// improvement, and so another round.
pub(super) struct Round<'a> {
    pub(super) rule: &'a RuleId,
    pub(super) standing: &'a str,
}

/// What the guard says to one more redirect.
#[derive(Debug)]
pub(super) enum Ruling {
    /// Let it go, with this cookie.
    Redirect(Option<HeaderValue>),
    /// Enough.
    Explain,
}

impl LoopGuard {
    pub(super) fn new(key: &[u8], returns: u32) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
            returns,
        }
    }

    pub(super) fn rule(
        &self,
        round: &Round<'_>,
        headers: &HeaderMap,
        secure: bool,
        now: Timestamp,
    ) -> Ruling {
        let so_far = self.so_far(round, headers, now);
        if so_far >= self.returns {
            return Ruling::Explain;
        }
        Ruling::Redirect(self.mark(round, so_far.saturating_add(1), secure, now))
    }

    /// The cookie of a round's first redirect; `None` when it was sent before.
    pub(super) fn first(
        &self,
        round: &Round<'_>,
        headers: &HeaderMap,
        secure: bool,
        now: Timestamp,
    ) -> Option<HeaderValue> {
        if self.so_far(round, headers, now) > 0 {
            return None;
        }
        self.mark(round, 1, secure, now)
    }

    fn so_far(&self, round: &Round<'_>, headers: &HeaderMap, now: Timestamp) -> u32 {
        let counts = cookies::named(headers, LOOP_GUARD_COOKIE)
            .filter_map(|value| self.count(value, round, now));
        counts.max().unwrap_or(0)
    }

    fn mark(
        &self,
        round: &Round<'_>,
        count: u32,
        secure: bool,
        now: Timestamp,
    ) -> Option<HeaderValue> {
        let since = now.as_second();
        let mark = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, &message(round, count, since)));
        let secure = if secure { "; Secure" } else { "" };
        let cookie = format!(
            "{LOOP_GUARD_COOKIE}={count}.{since}.{mark}; Path=/; Max-Age={}; HttpOnly; \
             SameSite=Lax{secure}",
            MEMORY.as_secs()
        );
        HeaderValue::from_str(&cookie).ok()
    }

    /// How often this round was sent before, if `value` is our own word for that and still counts.
    fn count(&self, value: &str, round: &Round<'_>, now: Timestamp) -> Option<u32> {
        let (count, rest) = value.split_once('.')?;
        let (since, mark) = rest.split_once('.')?;
        let count: u32 = count.parse().ok()?;
        let since: i64 = since.parse().ok()?;
        let age = u64::try_from(now.as_second().checked_sub(since)?).ok()?;
        let mark = URL_SAFE_NO_PAD.decode(mark).ok()?;
        hmac::verify(&self.key, &message(round, count, since), &mark).ok()?;
        (age <= MEMORY.as_secs()).then_some(count)
    }
}

fn message(round: &Round<'_>, count: u32, since: i64) -> Vec<u8> {
    let mut message = Vec::new();
    for part in [round.rule.as_str(), round.standing] {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part.as_bytes());
    }
    message.extend_from_slice(&count.to_be_bytes());
    message.extend_from_slice(&since.to_be_bytes());
    message
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Sends the cookies that `ruling` set.
    fn jar(ruling: Ruling) -> HeaderMap {
        let Ruling::Redirect(Some(cookie)) = ruling else {
            panic!("no redirect")
        };
        let pair = cookie
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&pair).unwrap())])
    }

    #[test]
    fn after_two_returns_without_improvement_comes_an_explanation() {
        let guard = LoopGuard::new(b"key", 2);
        let rule = RuleId::new("transfer");
        let round = Round {
            rule: &rule,
            standing: "s aal1",
        };
        let first = jar(guard.rule(&round, &HeaderMap::new(), true, at(0)));
        let second = jar(guard.rule(&round, &first, true, at(1)));
        assert!(matches!(
            guard.rule(&round, &second, true, at(2)),
            Ruling::Explain
        ));
        let improved = Round {
            rule: &rule,
            standing: "s aal2",
        };
        assert!(matches!(
            guard.rule(&improved, &second, true, at(2)),
            Ruling::Redirect(_)
        ));
        let elsewhere = Round {
            rule: &RuleId::new("admin"),
            standing: "s aal1",
        };
        assert!(matches!(
            guard.rule(&elsewhere, &second, true, at(2)),
            Ruling::Redirect(_)
        ));
        assert!(matches!(
            guard.rule(&round, &second, true, at(700)),
            Ruling::Redirect(_)
        ));
    }

    #[test]
    fn a_made_up_count_is_not_believed() {
        let guard = LoopGuard::new(b"key", 1);
        let rule = RuleId::new("transfer");
        let round = Round {
            rule: &rule,
            standing: "s aal1",
        };
        let other = LoopGuard::new(b"another key", 1);
        let forged = jar(other.rule(&round, &HeaderMap::new(), false, at(0)));
        assert!(matches!(
            guard.rule(&round, &forged, false, at(1)),
            Ruling::Redirect(_)
        ));
        for junk in ["", "9", "9.0", "9.0.AAAA", "-1.0.x", "99999999999.0.x"] {
            let line = format!("{LOOP_GUARD_COOKIE}={junk}");
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&line).unwrap())]);
            let ruling = guard.rule(&round, &headers, false, at(1));
            assert!(matches!(ruling, Ruling::Redirect(_)), "{junk}");
        }
    }
}
