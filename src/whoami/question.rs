//! A question under way: owned by the service runtime, so that no client who leaves takes the
//! answer from the others.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::cache::{NoSession, Other};
use super::claims;
use super::flights::Landed;
use super::key::Key;
use super::record::{Asked, Record};
use super::resolver::Shared;
use super::{Answer, Credential, Resolution, ResolveError, Said, Session, WhoamiError};
use crate::expression;

/// How long clients are told to wait when nothing better is known.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// One question, until its answer has been handed out. Dropped before that (a panic, the end of
/// the runtime), it tells those who wait that it was abandoned.
pub(super) struct Question {
    shared: Arc<Shared>,
    key: Key,
    credential: Credential,
    number: u64,
    landed: bool,
}

impl Question {
    /// Starts question `number` about `credential`. Its flight exists already.
    pub(super) fn start(shared: &Arc<Shared>, key: Key, credential: Credential, number: u64) {
        let question = Self {
            shared: Arc::clone(shared),
            key,
            credential,
            number,
            landed: false,
        };
        shared.runtime.spawn(question.run());
    }

    async fn run(mut self) {
        let since = self.shared.now();
        let asking = self.shared.service.ask(&self.credential);
        let answer = match tokio::time::timeout(self.shared.config.timeout, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(WhoamiError::Unreachable("no answer in time".into())),
        };
        let took = self.shared.now().since(since);
        self.shared.numbers.answered(&answer, took);
        let landed = self.take_in(answer);
        self.landed = true;
        let shared = &self.shared;
        shared.evictions.question_ended(self.number, shared.now());
        if let Some(next) = shared.flights.land(self.key, &landed, || shared.number()) {
            Self::start(shared, self.key, self.credential.clone(), next);
        }
    }

    /// Keeps what the answer tells, unless it was evicted while it was on its way.
    fn take_in(&self, answer: Result<Answer, WhoamiError>) -> Landed {
        let (outcome, set_cookies, valid) = match answer {
            Ok(answer) => {
                let (resolution, valid) = self.take_in_answer(answer.said, answer.cache_for);
                (Ok(resolution), answer.set_cookies, valid)
            }
            Err(error) => {
                tell(&error);
                let error = failure(&error);
                self.keep(NoSession::Failed(error.clone()));
                (Err(error), Vec::<HeaderValue>::new(), true)
            }
        };
        Landed {
            outcome,
            set_cookies,
            started: self.number,
            valid,
        }
    }

    fn take_in_none(&self, what: NoSession, resolution: Resolution) -> (Resolution, bool) {
        self.keep(what);
        let valid = self.shared.evictions.allow(self.number, || [self.key]);
        (resolution, valid)
    }

    fn take_in_answer(&self, said: Said, cache_for: Option<Duration>) -> (Resolution, bool) {
        let shared = &self.shared;
        let evictions = &shared.evictions;
        match said {
            Said::NoSession => self.take_in_none(NoSession::Worthless, Resolution::Anonymous),
            Said::Superseded => self.take_in_none(NoSession::Superseded, Resolution::Superseded),
            Said::Undisclosed => self.take_in_none(NoSession::Undisclosed, Resolution::Undisclosed),
            Said::Session(session)
                if shared.is_banned(shared.keys.of_session(&session.subject.session_id)) =>
            {
                self.take_in_none(NoSession::Worthless, Resolution::Anonymous)
            }
            Said::Session(session) => {
                let record = Arc::new(self.record(*session, cache_for));
                let subject = record.subject();
                let keys = &shared.keys;
                let session = keys.of_session(&subject.session_id);
                let identity = keys.of_identity(&subject.identity_id);
                let valid = evictions.allow(self.number, || [self.key, session, identity]);
                // An eviction right here is no harm: whoever looks the record up checks again.
                if valid {
                    shared.known.keep_session(self.key, Arc::clone(&record));
                }
                (Resolution::Session(record), valid)
            }
        }
    }

    fn record(&self, session: Session, cache_for: Option<Duration>) -> Record {
        let shared = &self.shared;
        let config = &shared.config;
        let left = session
            .subject
            .expires_at
            .duration_since(shared.clock.wall());
        let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
        let life = config
            .cache
            .ttl
            .min(left)
            .min(cache_for.unwrap_or(Duration::MAX));
        let document = &session.document;
        let values = shared.headers.values(document, shared.clock.wall());
        let reads = shared.wanted.load();
        let mut subject = session.subject;
        if !reads.is_nothing() {
            subject.document = Some(Arc::new(expression::Session::of_whoami(document, &reads)));
        }
        let asked = Asked {
            started: self.number,
            fresh_until: shared.now().plus(life),
        };
        let claims = claims::prepare(&config.claims, document, shared.clock.wall());
        Record::new(subject, Arc::clone(&shared.headers), &values, asked).with_claims(claims)
    }

    fn keep(&self, what: NoSession) {
        let shared = &self.shared;
        let other = Other {
            what,
            started: self.number,
            landed: shared.sequence.next(),
            fresh_until: shared.now().plus(shared.config.cache.negative_ttl),
        };
        shared.known.keep_other(self.key, other);
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        if !self.landed {
            self.shared
                .evictions
                .question_ended(self.number, self.shared.now());
            self.shared.flights.abandon(self.key);
        }
    }
}

/// Once a question, however many requests wait for it.
fn tell(error: &WhoamiError) {
    match error {
        WhoamiError::Unreachable(_) | WhoamiError::Unexpected(_) | WhoamiError::Overloaded => {
            tracing::warn!(%error, "a session could not be checked");
        }
        WhoamiError::Throttled { .. } | WhoamiError::CircuitOpen { .. } => {
            tracing::debug!(%error, "a session could not be checked");
        }
    }
}

fn failure(error: &WhoamiError) -> ResolveError {
    let retry_after = match error {
        WhoamiError::Throttled { retry_after } => {
            return ResolveError::Throttled {
                retry_after: *retry_after,
            };
        }
        WhoamiError::CircuitOpen { retry_after } => *retry_after,
        WhoamiError::Unreachable(_) | WhoamiError::Unexpected(_) => RETRY_AFTER,
        WhoamiError::Overloaded => Duration::from_secs(1),
    };
    ResolveError::Unavailable {
        reason: error.to_string().into(),
        retry_after,
    }
}
