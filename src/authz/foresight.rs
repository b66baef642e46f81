//! What clients would get for a request that nobody sent: the same answers, made by the same code,
//! for a session that nobody has.

use std::sync::Arc;

use http::header::{ACCEPT, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::checker::answer_unfound;
use super::loop_guard::LoopGuard;
use super::refusing::Asker;
use super::{Answer, Client, Config, Decided, Redirects};
use crate::policy::{AmbiguousRequest, Outcome, Request, RuleSet, Trace, TraceVerdict};

/// What would become of a request.
#[derive(Debug)]
pub struct Foreseen {
    /// By the names of the access log; what would be decided, where the rule only reports.
    pub decided: Decided,
    /// What clients get instead of the application; `None`: the request is forwarded.
    pub answers: Option<Answers>,
}

/// An answer for each kind of client.
#[derive(Debug)]
pub struct Answers {
    /// For a person's browser.
    pub browser: Answer,
    /// For a program.
    pub api: Answer,
}

impl Answers {
    fn by(answer: impl Fn(Client) -> Answer) -> Self {
        Self {
            browser: answer(Client::Browser),
            api: answer(Client::Api),
        }
    }
}

impl Answer {
    /// Where it leads, if it is a redirect.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        let lines = self.headers.iter();
        let mut found = lines.filter(|(name, _)| name == LOCATION);
        found.next().and_then(|(_, value)| value.to_str().ok())
    }
}

/// What clients would get for `request` with `headers`, of which `rules` say what `trace` tells.
#[must_use]
pub fn foresee(
    config: &Config,
    rules: &Arc<RuleSet>,
    (request, headers): (&Request, &HeaderMap),
    trace: &Trace,
    now: Timestamp,
) -> Foreseen {
    let (outcome, rule, reported) = match &trace.verdict {
        TraceVerdict::NotFound(found) => {
            return Foreseen {
                decided: answer_unfound(found, Client::Api).1,
                answers: Some(Answers::by(|client| answer_unfound(found, client).0)),
            };
        }
        TraceVerdict::Judged {
            outcome,
            rule,
            reported,
        } => (*outcome, *rule, *reported),
    };
    if outcome == Outcome::Allow {
        return Foreseen {
            decided: Decided::Allow,
            answers: None,
        };
    }
    // Nobody was sent away before, so the guard has nothing to hold against anybody.
    let loop_guard = LoopGuard::new(&[], config.loop_guard.max(1));
    let words = |client: Client| {
        let headers = as_from(client, headers);
        let asker = Asker {
            config,
            loop_guard: &loop_guard,
            rules,
            rule: rules.rule(rule),
            request,
            headers: &headers,
            session: None,
            superseded: false,
            credential: None,
            resuming: None,
            redirects: Redirects::ForBrowsers,
        };
        asker.answer(outcome, now)
    };
    Foreseen {
        decided: Decided::from(outcome),
        answers: (!reported).then(|| Answers::by(|client| words(client).answer)),
    }
}

/// What clients get for a request that can be read in more than one way.
#[must_use]
pub fn foresee_ambiguous(why: AmbiguousRequest) -> Foreseen {
    Foreseen {
        decided: Decided::BadRequest,
        answers: Some(Answers::by(|client| Answer::ambiguous_request(client, why))),
    }
}

/// The headers with those that tell a browser from a program as this client sends them.
fn as_from(client: Client, headers: &HeaderMap) -> HeaderMap {
    const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
    let mut headers = headers.clone();
    headers.remove(REQUESTED_WITH);
    let (mode, accept) = match client {
        Client::Browser => (Some("navigate"), "text/html"),
        Client::Api => (None, "application/json"),
    };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    match mode {
        Some(mode) => headers.insert(FETCH_MODE, HeaderValue::from_static(mode)),
        None => headers.remove(FETCH_MODE),
    };
    headers
}
