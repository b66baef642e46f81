//! A look at the streams of one session.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::registry::{Group, Inner, Look, soon};
use super::{Cause, Live, Registry};
use crate::policy::{RuleSet, Standing};
use crate::whoami::{Record, Resolution};

/// Streams that are judged before others on this worker get their turn.
const AT_A_STRETCH: usize = 256;
/// How many times the time between two looks a stream goes on while nobody can say how its session
/// stands; `serve_stale_when_down` comes on top.
const LOOKS_MISSED: u32 = 2;
/// Time between two tries meanwhile, at most.
const RETRY: Duration = Duration::from_secs(5);

/// How the session stands, as far as streams go.
enum Asked {
    Session(Arc<Record>),
    /// One factor, and nothing more is told.
    Undisclosed,
    Gone,
    Nobody,
}

impl<S: Live> Registry<S> {
    /// Finds out whether the streams of a session may go on, and cuts those that may not.
    pub async fn look(self: Rc<Self>, look: Look) {
        let rules = self.judge.rules.current();
        // As for a request: nothing is judged by less of a session than its rules read.
        self.judge.resolver.keep(rules.reads());
        let known = self.with(look, |group| group.session.clone()).flatten();
        if !look.ask && !self.fails_by(look, &rules, known.as_deref()).await {
            self.finish(look);
            return;
        }
        // A refusal must rest on what holds now.
        match self.ask(look).await {
            None => {
                // There is no session to ask for: the rules alone have changed.
                self.judge_all(look, &rules, Standing::Anonymous, true)
                    .await;
            }
            Some(Asked::Session(record)) => {
                self.confirm(look, Some(&record));
                let standing = Standing::Known(record.subject());
                self.judge_all(look, &rules, standing, true).await;
            }
            Some(Asked::Undisclosed) => {
                self.confirm(look, None);
                let standing = Standing::Undisclosed;
                self.judge_all(look, &rules, standing, true).await;
            }
            Some(Asked::Gone) => self.cut_members(look, |_| Some(Cause::Revoked)),
            Some(Asked::Nobody) => self.bear_with(look, &rules),
        }
        self.finish(look);
    }

    async fn fails_by(&self, look: Look, rules: &Arc<RuleSet>, known: Option<&Record>) -> bool {
        let standing = known.map_or(Standing::Anonymous, |record| {
            Standing::Known(record.subject())
        });
        self.judge_all(look, rules, standing, false).await
    }

    /// Asks for the session; `None` where the streams have none.
    async fn ask(&self, look: Look) -> Option<Asked> {
        let holder = self.with(look, |group| {
            Some((group.session.clone()?, group.credential.clone()?))
        });
        let (session, credential) = holder.flatten()?;
        let resolver = &self.judge.resolver;
        let arrival = resolver.arrival();
        let asked = resolver
            .ask_anew(&credential, Some(&session), arrival)
            .await;
        Some(match asked.map(|resolved| resolved.resolution) {
            Ok(Resolution::Session(record))
                if record.subject().session_id == session.subject().session_id =>
            {
                Asked::Session(record)
            }
            Ok(Resolution::Session(_) | Resolution::Anonymous | Resolution::Superseded) => {
                Asked::Gone
            }
            Ok(Resolution::Undisclosed) => Asked::Undisclosed,
            Err(error) => {
                tracing::debug!(%error, "a stream's session could not be checked");
                Asked::Nobody
            }
        })
    }

    fn confirm(&self, look: Look, record: Option<&Arc<Record>>) {
        let now = self.judge.clock.monotonic();
        let next = now.plus(soon(self.interval()));
        self.with(look, |group| {
            group.confirmed = now;
            // An order that came while we asked stays.
            group.ask_at = Some(group.ask_at.map_or(next, |at| at.min(next)));
            if let Some(record) = record {
                group.session = Some(Arc::clone(record));
            }
        });
    }

    /// Nobody could say how the session stands: its streams go on for a while, and are cut then.
    fn bear_with(&self, look: Look, rules: &RuleSet) {
        let now = self.judge.clock.monotonic();
        let interval = self.interval();
        let Some(confirmed) = self.with(look, |group| {
            let next = now.plus(RETRY.min(interval / 2));
            group.ask_at = Some(group.ask_at.map_or(next, |at| at.min(next)));
            group.confirmed
        }) else {
            return;
        };
        let waited = now.since(confirmed);
        let looks = interval.saturating_mul(LOOKS_MISSED);
        if waited < looks {
            return;
        }
        self.cut_members(look, |lease| {
            let longest = looks.saturating_add(self.judge.patience(lease, rules));
            (waited >= longest).then_some(Cause::Unverified)
        });
    }

    /// Judges every stream of the group; whether one may not go on. `cut` ends those.
    async fn judge_all(
        &self,
        look: Look,
        rules: &Arc<RuleSet>,
        standing: Standing<'_>,
        cut: bool,
    ) -> bool {
        let members = self.with(look, |group| group.members.clone());
        let mut fails = false;
        for some in members.unwrap_or_default().chunks(AT_A_STRETCH) {
            let ended = {
                let mut inner = self.inner.borrow_mut();
                let mut ended = Vec::new();
                for &place in some {
                    let Some(entry) = inner.entries.get_mut(place) else {
                        continue;
                    };
                    let Some((group, _)) = entry.group.filter(|(group, _)| *group == look.group)
                    else {
                        continue;
                    };
                    match self.judge.judge(&entry.lease, rules, standing) {
                        Ok(rule) => {
                            entry.lease.rule = rule;
                            entry.lease.generation = rules.number();
                        }
                        Err(cause) => {
                            fails = true;
                            if cut && inner.is(group, look.serial) {
                                ended.extend(inner.take_out(place).map(|stream| (stream, cause)));
                            }
                        }
                    }
                }
                ended
            };
            self.cut_each(ended);
            tokio::task::yield_now().await;
        }
        fails
    }

    /// Cuts the members of a group for which `why` gives a cause.
    fn cut_members(&self, look: Look, why: impl Fn(&super::Lease) -> Option<Cause>) {
        let members = self.with(look, |group| group.members.clone());
        let ended = {
            let mut inner = self.inner.borrow_mut();
            let mut ended = Vec::new();
            for place in members.unwrap_or_default() {
                let lease = inner.entries.get(place).map(|entry| &entry.lease);
                if let Some(cause) = lease.and_then(&why) {
                    ended.extend(inner.take_out(place).map(|stream| (stream, cause)));
                }
            }
            ended
        };
        self.cut_each(ended);
    }

    fn cut_each(&self, mut ended: Vec<(Rc<S>, Cause)>) {
        for cause in Cause::ALL {
            let of_cause = ended.extract_if(.., |(_, own)| *own == cause);
            let streams: Vec<Rc<S>> = of_cause.map(|(stream, _)| stream).collect();
            self.cut_all(streams, cause);
        }
    }

    fn finish(&self, look: Look) {
        let ended = self.with(look, |group| std::mem::replace(&mut group.looking, false));
        if ended == Some(true) {
            let mut inner = self.inner.borrow_mut();
            inner.looking = inner.looking.saturating_sub(1);
        }
    }

    /// The group that the look is about, if it is still there.
    fn with<T>(&self, look: Look, act: impl FnOnce(&mut Group) -> T) -> Option<T> {
        let mut inner = self.inner.borrow_mut();
        let group = inner.groups.get_mut(look.group)?;
        (group.serial == look.serial).then(|| act(group))
    }
}

impl<S> Inner<S> {
    fn is(&self, group: usize, serial: u64) -> bool {
        let group = self.groups.get(group);
        group.is_some_and(|group| group.serial == serial)
    }

    /// Takes one stream out of its group, to be cut once nothing is borrowed. It keeps its place
    /// until it leaves by itself.
    fn take_out(&mut self, place: usize) -> Option<Rc<S>> {
        let entry = self.entries.get_mut(place)?;
        let (group, position) = entry.group.take()?;
        let stream = entry.stream.upgrade();
        self.let_go(group, position);
        stream
    }
}
