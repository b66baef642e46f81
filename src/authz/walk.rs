//! One request's way from its rules to a verdict.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

use super::keep::can_be_mended;
use super::limiting::too_many;
use super::preflight;
use super::refusing::{Asker, Words, is_safe};
use super::{
    Answer, Checker, Client, Decided, ErrorId, Facts, Forward, Keep, Redirects, Refusal, Resuming,
    Verdict,
};
use crate::policy::{
    Decision, Match, Outcome, Permit, Request, RuleId, RuleIndex, RuleSet, Seen, Standing, decide,
};
use crate::resume::ResumeId;
use crate::whoami::{
    Arrival, CacheUse, Credential, Freshness, Record, Resolution, ResolveError, Resolved,
};

/// One request on its way, once its rules are known.
pub(super) struct Walk<'a> {
    pub(super) checker: &'a Checker,
    pub(super) rules: Arc<RuleSet>,
    pub(super) found: Match,
    pub(super) headers: &'a HeaderMap,
    pub(super) arrival: Arrival,
    /// The request waited, and is looked at anew.
    pub(super) resuming: Option<Resuming<'a>>,
    pub(super) redirects: Redirects,
}

/// What was learnt of the credential so far.
#[derive(Default)]
pub(super) struct Learnt {
    session: Option<Arc<Record>>,
    superseded: bool,
    cache: Option<CacheUse>,
    whoami: Duration,
    set_cookies: Vec<HeaderValue>,
}

/// A decision that is no pass.
struct Refused {
    outcome: Outcome,
    rule: RuleIndex,
    request: Request,
}

impl Walk<'_> {
    pub(super) async fn run(self, request: Request, credential: Option<Credential>) -> Verdict {
        let mut learnt = Learnt::default();
        let wanted = self.rules.wants_subject(&self.found);
        let Some(credential) = credential.filter(|_| wanted) else {
            return match self.decide(request, Standing::Anonymous) {
                Ok(permit) => self.forward(permit, learnt, None),
                Err(refused) => self.refuse(refused, learnt, None),
            };
        };
        let resolved = match self.resolve(&credential, &request, Freshness::Cached).await {
            Ok(resolved) => Ok(resolved),
            Err(error) => self.stale(&credential, &error).ok_or(error),
        };
        let (resolution, conclusive) = match resolved {
            Ok(resolved) => learnt.take(resolved),
            Err(error) => return self.fail(&error, request, learnt),
        };
        let refused = match self.decide(request, resolution.standing()) {
            Ok(permit) if permit.reported().is_some() && !conclusive => {
                return self.report(permit, learnt, credential).await;
            }
            Ok(permit) => return self.forward(permit, learnt, Some(credential)),
            Err(refused) if conclusive => return self.refuse(refused, learnt, Some(&credential)),
            Err(refused) => refused,
        };
        // A refusal must rest on what holds now: a step-up keeps the session's token, so the
        // facts that were known before it would send the person round in a circle.
        let request = refused.request;
        let (resolution, _) = match self
            .resolve(&credential, &request, Freshness::PastCache)
            .await
        {
            Ok(resolved) => learnt.take(resolved),
            Err(error) => return self.fail(&error, request, learnt),
        };
        match self.decide(request, resolution.standing()) {
            Ok(permit) => self.forward(permit, learnt, Some(credential)),
            Err(refused) => self.refuse(refused, learnt, Some(&credential)),
        }
    }

    /// What a rule in force would have refused is told by what holds now, as a refusal would be.
    /// Where that can't be learnt, the request passes by what was known: nothing is in force.
    async fn report(&self, permit: Permit, mut learnt: Learnt, credential: Credential) -> Verdict {
        let request = permit.request().clone();
        let asked = self
            .resolve(&credential, &request, Freshness::PastCache)
            .await;
        let Ok(resolved) = asked else {
            return self.forward(permit, learnt, Some(credential));
        };
        let (resolution, _) = learnt.take(resolved);
        match self.decide(request, resolution.standing()) {
            Ok(permit) => self.forward(permit, learnt, Some(credential)),
            Err(refused) => self.refuse(refused, learnt, Some(&credential)),
        }
    }

    /// What was known before the identity service went out of reach, where every rule that judges
    /// the request lets it serve. Never for another failure than an outage.
    fn stale(&self, credential: &Credential, error: &ResolveError) -> Option<Resolved> {
        match error {
            ResolveError::Unavailable { .. } => {}
            ResolveError::Throttled { .. } | ResolveError::TooManyChecks { .. } => return None,
        }
        let resolver = &self.checker.resolver;
        let grace = self
            .found
            .rules()
            .filter_map(|rule| self.rules.rule(rule).serve_stale_when_down())
            .fold(resolver.serve_stale_when_down(), Duration::min);
        resolver.stale(credential, grace)
    }

    async fn resolve(
        &self,
        credential: &Credential,
        request: &Request,
        freshness: Freshness,
    ) -> Result<Resolved, ResolveError> {
        let resolver = &self.checker.resolver;
        resolver
            .resolve(credential, request.client_ip, self.arrival, freshness)
            .await
    }

    #[allow(
        clippy::result_large_err,
        reason = "both hold the request, which moves through without an allocation"
    )]
    fn decide(&self, request: Request, standing: Standing<'_>) -> Result<Permit, Refused> {
        let now = self.checker.clock.wall();
        match decide(
            &self.rules,
            &self.found,
            request,
            self.headers,
            standing,
            now,
        ) {
            Decision::Allow(permit) => Ok(permit),
            Decision::Refuse {
                outcome,
                rule,
                request,
            } => Err(Refused {
                outcome,
                rule,
                request,
            }),
        }
    }

    fn facts(&self, rule: RuleIndex, decision: Decided, learnt: &Learnt) -> Facts {
        Facts {
            generation: self.rules.number(),
            rule: Some(self.rules.rule(rule).id().clone()),
            decision,
            reported: false,
            session: learnt.session.clone(),
            cache: learnt.cache,
            whoami: learnt.whoami,
        }
    }

    /// Tells why a rule's condition could not be answered, if that is why it refuses.
    fn tell(&self, outcome: Outcome, rule: RuleIndex, request: &Request, learnt: &Learnt) {
        let rule = self.rules.rule(rule);
        let Some(condition) = rule.requirement().condition.as_ref() else {
            return;
        };
        if outcome != Outcome::Deny {
            return;
        }
        let seen = Seen {
            request,
            headers: self.headers,
        };
        let record = learnt.session.as_deref();
        let standing = record.map_or(Standing::Anonymous, |record| {
            Standing::Known(record.subject())
        });
        if let Some(failure) = condition.news(seen, standing, self.checker.clock.wall()) {
            tracing::warn!(
                rule = %rule.id(),
                kind = failure.kind.as_str(),
                %failure,
                "a condition could not be answered, which is no yes"
            );
        }
    }

    fn forward(
        &self,
        permit: Permit,
        mut learnt: Learnt,
        credential: Option<Credential>,
    ) -> Verdict {
        let reported = permit.reported();
        if let Some(reported) = reported {
            self.tell(reported.outcome, reported.rule, permit.request(), &learnt);
        }
        if reported.is_some_and(|reported| reported.outcome == Outcome::LogIn) {
            // Whatever came along is no valid session: nobody is told to the application.
            learnt.session = None;
        }
        let (rule, decision) = match reported {
            Some(reported) => (reported.rule, Decided::from(reported.outcome)),
            None => (self.found.rule(), Decided::Allow),
        };
        let session = learnt.session.as_deref();
        let session = session.map(|record| &*record.subject().session_id);
        let address = permit.request().client_ip;
        if let Err(wait) = self.checker.count_session(permit.rule(), session, address) {
            return self.refuse_for_now(permit.into_request(), learnt, wait);
        }
        Verdict::Forward(Forward {
            permit,
            credential,
            facts: Facts {
                reported: reported.is_some(),
                ..self.facts(rule, decision, &learnt)
            },
            set_cookies: learnt.set_cookies,
        })
    }

    /// The rule's own limit is reached.
    pub(super) fn refuse_for_now(
        &self,
        request: Request,
        learnt: Learnt,
        wait: Duration,
    ) -> Verdict {
        let rule = self.found.rule();
        Verdict::Refuse(Box::new(Refusal {
            keep: None,
            answer: too_many(self.rules.rule(rule), self.headers, wait),
            facts: self.facts(rule, Decided::Deny, &learnt),
            request,
            set_cookies: learnt.set_cookies,
        }))
    }

    fn refuse(
        &self,
        refused: Refused,
        mut learnt: Learnt,
        credential: Option<&Credential>,
    ) -> Verdict {
        self.tell(refused.outcome, refused.rule, &refused.request, &learnt);
        let asker = Asker {
            config: &self.checker.config,
            loop_guard: &self.checker.loop_guard,
            rules: &self.rules,
            rule: self.rules.rule(refused.rule),
            request: &refused.request,
            headers: self.headers,
            session: learnt.session.as_deref(),
            superseded: learnt.superseded,
            credential,
            resuming: self.resuming,
            redirects: self.redirects,
        };
        let now = self.checker.clock.wall();
        let words = asker.answer(refused.outcome, now);
        let keep = self.keep(&asker, &words, refused.outcome, now);
        learnt.set_cookies.extend(words.set_cookie);
        Verdict::Refuse(Box::new(Refusal {
            answer: self.granting(words.answer),
            facts: self.facts(refused.rule, words.decided, &learnt),
            request: refused.request,
            set_cookies: learnt.set_cookies,
            keep,
        }))
    }

    /// The way for a request that may wait: the same answer, but leading back to it.
    fn keep(
        &self,
        asker: &Asker<'_>,
        words: &Words,
        outcome: Outcome,
        now: Timestamp,
    ) -> Option<Box<Keep>> {
        let rule = self.rules.rule(self.found.rule());
        let may_wait = rule.switches().keep_body
            && self.resuming.is_none()
            && can_be_mended(words.decided)
            && Client::classify(self.headers) == Client::Browser
            && !is_safe(&asker.request.method);
        if !may_wait {
            return None;
        }
        let back = asker.back()?;
        let id = ResumeId::random();
        let again = Asker {
            resuming: Some(Resuming {
                id: &id,
                on_its_page: false,
            }),
            ..*asker
        };
        let answer = self.granting(again.answer(outcome, now).answer);
        Some(Box::new(Keep {
            rule: rule.id().clone(),
            origin: asker.return_to().own_origin(),
            back,
            answer,
            id,
        }))
    }

    /// The answer, readable for the pages that may read those of the rule.
    fn granting(&self, answer: Answer) -> Answer {
        let rule = self.rules.rule(self.found.rule());
        match preflight::grant(rule, self.headers) {
            Some(grant) => answer.granting(&grant),
            None => answer,
        }
    }

    /// Nobody could say who asks. A rule that only wants to tell the application is served
    /// without; any other refuses.
    fn fail(&self, error: &ResolveError, request: Request, learnt: Learnt) -> Verdict {
        let required = self
            .found
            .rules()
            .any(|rule| self.rules.rule(rule).depends_on_session());
        let request = if required {
            request
        } else {
            match self.decide(request, Standing::Anonymous) {
                Ok(permit) => return self.forward(permit, learnt, None),
                Err(refused) => refused.request,
            }
        };
        let client = Client::classify(self.headers);
        let rule = self.found.rule();
        Verdict::Refuse(Box::new(Refusal {
            answer: self.granting(answer_failure(error, client, self.rules.rule(rule).id())),
            facts: self.facts(rule, Decided::Unavailable, &learnt),
            request,
            set_cookies: learnt.set_cookies,
            keep: None,
        }))
    }
}

fn answer_failure(error: &ResolveError, client: Client, rule: &RuleId) -> Answer {
    let refusal = |id, reason| Answer::refusal(id, client, Some(rule), reason);
    match error {
        ResolveError::Unavailable { retry_after, .. } => {
            let reason = "the session could not be checked; nothing was forwarded";
            refusal(ErrorId::IdentityUnavailable, reason).with_retry_after(*retry_after)
        }
        ResolveError::Throttled { retry_after } => {
            let reason = "the identity service limits the rate of checks";
            refusal(ErrorId::IdentityThrottled, reason)
                .with_retry_after(retry_after.unwrap_or(Duration::from_secs(1)))
        }
        ResolveError::TooManyChecks { retry_after } => {
            let reason = "this credential or address caused too many session checks";
            refusal(ErrorId::TooManyChecks, reason).with_retry_after(*retry_after)
        }
    }
}

impl Learnt {
    fn take(&mut self, resolved: Resolved) -> (Resolution, bool) {
        self.session = match &resolved.resolution {
            Resolution::Session(record) => Some(Arc::clone(record)),
            Resolution::Anonymous | Resolution::Superseded | Resolution::Undisclosed => None,
        };
        self.superseded = matches!(resolved.resolution, Resolution::Superseded);
        self.cache = Some(resolved.source);
        self.whoami += resolved.took;
        // The latest renewal is the one to keep.
        if !resolved.set_cookies.is_empty() {
            self.set_cookies = resolved.set_cookies;
        }
        (resolved.resolution, resolved.conclusive)
    }
}
