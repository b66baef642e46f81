//! The walk: find the rule, resolve the credential, decide, answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderValue};

use super::loop_guard::LoopGuard;
use super::preflight;
use super::return_to::ReturnTo;
use super::walk::{Learnt, Walk};
use super::{Answer, Client, Config, Decided, ErrorId, Facts, Keep, Redirects, Resuming};
use crate::clock::Clock;
use crate::policy::{CorsHeaders, Found, Permit, Request, RuleSet};
use crate::rate::Rates;
use crate::rules::RuleStore;
use crate::whoami::{Credential, Resolver};

/// A request that is to be checked.
#[derive(Debug)]
pub struct Inquiry<'a> {
    /// The canonical request.
    pub request: Request,
    /// Its one credential.
    pub credential: Option<Credential>,
    /// Its headers, for what a refusal depends on: `Accept`, `Sec-Fetch-Mode`, `Referer`, the
    /// loop guard's cookie. No decision rests on them.
    pub headers: &'a HeaderMap,
}

/// What becomes of a request.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "forwarding is the common case and must not allocate"
)]
pub enum Verdict {
    /// It goes to the application.
    Forward(Forward),
    /// The client gets an answer.
    Refuse(Box<Refusal>),
    /// A browser learns that a page of another origin may send the request that it asks about.
    Preflight(Box<Preflighted>),
}

/// A request that may be forwarded.
#[derive(Debug)]
pub struct Forward {
    /// The key to the upstream; owns the request.
    pub permit: Permit,
    /// What the request was recognised by, if its rule asks who it is: a long answer is checked
    /// again by it.
    pub credential: Option<Credential>,
    /// `Set-Cookie` values for the client, beside those of the application.
    pub set_cookies: Vec<HeaderValue>,
    /// For the access log; `facts.session` has the identity headers.
    pub facts: Facts,
}

/// A preflight (of the CORS protocol) that is granted: 204 with these headers.
#[derive(Debug)]
pub struct Preflighted {
    /// The preflight itself, for the log of a door that can't answer it.
    pub request: Request,
    /// `Access-Control-*`. The answer depends on `Origin`, `Access-Control-Request-Method` and
    /// `Access-Control-Request-Headers`.
    pub headers: CorsHeaders,
    /// For the access log.
    pub facts: Facts,
}

/// A request that is answered instead.
#[derive(Debug)]
pub struct Refusal {
    /// What the client gets.
    pub answer: Answer,
    /// The request, for the log.
    pub request: Request,
    /// `Set-Cookie` values for the client.
    pub set_cookies: Vec<HeaderValue>,
    /// For the access log.
    pub facts: Facts,
    /// The request may wait; for a door that can keep it.
    pub keep: Option<Box<Keep>>,
}

/// The shared walk of every door. Cheap to share behind an `Arc`.
pub struct Checker {
    rules: Arc<RuleStore>,
    pub(super) resolver: Resolver,
    pub(super) config: Config,
    pub(super) clock: Clock,
    pub(super) loop_guard: LoopGuard,
    pub(super) rates: Rates,
    /// The generation whose parts of a session are known to be kept.
    prepared: AtomicU64,
}

impl Checker {
    /// A checker that judges by `rules` and asks `resolver`.
    #[must_use]
    pub fn new(rules: Arc<RuleStore>, resolver: Resolver, config: Config, clock: Clock) -> Self {
        let key: [u8; 32] = rand::random();
        Self {
            loop_guard: LoopGuard::new(&key, config.loop_guard),
            rules,
            resolver,
            config,
            clock,
            rates: Rates::default(),
            prepared: AtomicU64::new(0),
        }
    }

    /// Signs the loop guard's cookie with `key` instead of a random one of this process, so that
    /// several processes count together.
    #[must_use]
    pub fn with_loop_guard_key(mut self, key: &[u8]) -> Self {
        self.loop_guard = LoopGuard::new(key, self.config.loop_guard);
        self
    }

    /// Who resolves credentials, so that a door can have one forgotten.
    #[must_use]
    pub const fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// Where the rules in force are kept.
    #[must_use]
    pub const fn rule_store(&self) -> &Arc<RuleStore> {
        &self.rules
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<RuleSet> {
        let rules = self.rules.current();
        if self.prepared.load(Ordering::Acquire) != rules.number() {
            // Before the first request is judged by them, so that none is judged by less than
            // they read.
            self.resolver.keep(rules.reads());
            self.prepared.store(rules.number(), Ordering::Release);
        }
        rules
    }

    /// The time by which it decides.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.wall()
    }

    /// Decides on a request.
    pub async fn check(&self, inquiry: Inquiry<'_>) -> Verdict {
        self.walk(inquiry, None, Redirects::ForBrowsers).await
    }

    /// Decides on a request whose answer somebody else hands on.
    pub async fn check_for(&self, inquiry: Inquiry<'_>, redirects: Redirects) -> Verdict {
        self.walk(inquiry, None, redirects).await
    }

    /// Decides anew on a request that waited: a refusal leads back to it.
    pub async fn check_again(&self, inquiry: Inquiry<'_>, resuming: Resuming<'_>) -> Verdict {
        self.walk(inquiry, Some(resuming), Redirects::ForBrowsers)
            .await
    }

    /// Scheme and authority under which people know the gateway that got `request`.
    #[must_use]
    pub fn own_origin(&self, request: &Request) -> String {
        self.return_to(&self.rules.current(), request).own_origin()
    }

    /// A page or endpoint of the identity service, for whoever made `request`.
    #[must_use]
    pub fn identity_url(&self, request: &Request, path: &str) -> String {
        let rules = self.rules.current();
        self.return_to(&rules, request).identity_url(path)
    }

    const fn return_to<'a>(&'a self, rules: &'a RuleSet, request: &'a Request) -> ReturnTo<'a> {
        ReturnTo {
            config: &self.config,
            rules,
            request,
        }
    }

    async fn walk(
        &self,
        inquiry: Inquiry<'_>,
        resuming: Option<Resuming<'_>>,
        redirects: Redirects,
    ) -> Verdict {
        let arrival = self.resolver.arrival();
        let rules = self.rules();
        if let Some(verdict) = preflight::answer(&rules, &inquiry) {
            return verdict;
        }
        let found = match rules.find(&inquiry.request, inquiry.headers) {
            Found::Rule(found) => found,
            found @ (Found::MethodNotAllowed(_)
            | Found::NoRule
            | Found::UnknownHost
            | Found::Ambiguous(_)) => return refuse_unfound(&rules, &found, inquiry),
        };
        let address = inquiry.request.client_ip;
        let limited = self.count_address(rules.rule(found.rule()), address);
        let walk = Walk {
            checker: self,
            rules,
            found,
            headers: inquiry.headers,
            arrival,
            resuming,
            redirects,
        };
        match limited {
            Ok(()) => walk.run(inquiry.request, inquiry.credential).await,
            Err(wait) => walk.refuse_for_now(inquiry.request, Learnt::default(), wait),
        }
    }
}

fn refuse_unfound(rules: &RuleSet, found: &Found, inquiry: Inquiry<'_>) -> Verdict {
    let (answer, decision) = answer_unfound(found, Client::classify(inquiry.headers));
    Verdict::Refuse(Box::new(Refusal {
        answer,
        request: inquiry.request,
        set_cookies: Vec::new(),
        keep: None,
        facts: Facts {
            generation: rules.number(),
            ..Facts::without_rule(decision)
        },
    }))
}

/// The answer where no rule judges the request.
pub(super) fn answer_unfound(found: &Found, client: Client) -> (Answer, Decided) {
    match found {
        Found::MethodNotAllowed(allowed) => (
            Answer::method_not_allowed(client, allowed),
            Decided::MethodNotAllowed,
        ),
        Found::UnknownHost => (Answer::unknown_host(client), Decided::NoRule),
        Found::Ambiguous(why) => (Answer::ambiguous_request(client, *why), Decided::BadRequest),
        Found::NoRule | Found::Rule(_) => {
            let reason = "no rule covers this request";
            (
                Answer::refusal(ErrorId::NoRule, client, None, reason),
                Decided::NoRule,
            )
        }
    }
}
