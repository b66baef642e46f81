//! What is asked of a resolver beside a request's own way: answers past their time, and how the
//! session of a running stream stands.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{
    Arrival, Asking, CacheUse, Credential, Forget, Freshness, Key, Resolution, ResolveError,
    Resolved, Resolver, Shared,
};
use crate::whoami::{CredentialKind, Record, WhoamiError};

/// Sessions that are remembered as ended by an operator. Beyond it the oldest are forgotten.
const BANNED: usize = 10_000;

impl Resolver {
    /// `sessions.serve_stale_when_down`.
    #[must_use]
    pub fn serve_stale_when_down(&self) -> Duration {
        self.0.config.serve_stale_when_down
    }

    /// A session past its time by `grace` at most, for when the identity service is out of reach
    /// and the operator allows it. It is what the service said last, so no refusal may rest on it;
    /// whether the session has expired meanwhile is for the decision to see.
    #[must_use]
    pub fn stale(&self, credential: &Credential, grace: Duration) -> Option<Resolved> {
        let shared = &self.0;
        let grace = grace.min(shared.config.serve_stale_when_down);
        if grace.is_zero() {
            return None;
        }
        let key = shared.keys.of_credential(credential);
        let record = shared.known.session(key, &shared.evictions, &shared.keys)?;
        let until = record.fresh_until().plus(grace);
        if until <= shared.now() {
            return None;
        }
        shared.numbers.used(CacheUse::Stale);
        Some(Resolved {
            resolution: Resolution::Session(record),
            source: CacheUse::Stale,
            conclusive: false,
            set_cookies: Vec::new(),
            took: Duration::ZERO,
        })
    }

    /// How the session behind `record`, which came with `credential`, stands now. Asks past the
    /// cache; an answer that somebody asked for since `arrival` will do.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn ask_anew(
        &self,
        credential: &Credential,
        record: Option<&Record>,
        arrival: Arrival,
    ) -> Result<Resolved, ResolveError> {
        let shared = &self.0;
        let by_id = record.filter(|_| shared.service.answers_by_session_id(credential));
        let by_id = by_id
            .map(|record| Credential::new(CredentialKind::SessionId, &record.subject().session_id));
        let credential = by_id.as_ref().unwrap_or(credential);
        let key = shared.keys.of_credential(credential);
        let freshness = Freshness::PastCache;
        let asking = Asking {
            key,
            credential,
            address: None,
            arrival,
            freshness,
        };
        match shared.look_up(&asking, shared.now()) {
            Some(Ok(answered)) => Ok(asking.hit(answered)),
            Some(Err(failure)) => Err(failure),
            None => shared.ask(&asking).await,
        }
    }

    /// Ends a session: where it is kept if that can be told to, and in this process in any case.
    /// From now on the session's id is worth nothing here, whatever is said of it, and what runs
    /// under it is cut. `false`: the service that keeps it can't be told.
    ///
    /// # Errors
    /// The service did not do what it was told. The session is worth nothing here all the same.
    pub async fn end_session(&self, session: &str) -> Result<bool, WhoamiError> {
        let shared = &self.0;
        shared.ban(shared.keys.of_session(session));
        self.forget(Forget::Ended(session));
        shared.service.end_session(session).await
    }

    /// Whether nothing that `record` is about was forgotten since it was asked for.
    #[must_use]
    pub fn still_holds(&self, record: &Record) -> bool {
        let shared = &self.0;
        let subject = record.subject();
        shared.evictions.allow(record.started(), || {
            [
                shared.keys.of_session(&subject.session_id),
                shared.keys.of_identity(&subject.identity_id),
            ]
        })
    }
}

impl Shared {
    fn ban(&self, session: Key) {
        let mut banned = self.banned.write().unwrap_or_else(PoisonError::into_inner);
        if banned.contains(&session) {
            return;
        }
        if banned.len() >= BANNED {
            banned.pop_front();
            tracing::warn!("too many ended sessions to remember: the oldest is forgotten");
        }
        banned.push_back(session);
        self.any_banned.store(true, Ordering::SeqCst);
    }

    /// Whether an operator ended this session. Asked once an answer, not once a request.
    pub(in crate::whoami) fn is_banned(&self, session: Key) -> bool {
        self.any_banned.load(Ordering::SeqCst)
            && self
                .banned
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&session)
    }
}
