//! The decision that every protocol asks for.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, LOCATION, SET_COOKIE, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::allowed::Changes;
use super::{Asked, Config, Decision, Door, Unread};
use crate::audit::Audit;
use crate::authz::{
    Answer, Checker, Client, Decided, Destination, ErrorId, Facts, Forward, Inquiry, Preflighted,
    Strip, Verdict,
};
use crate::clock::Clock;
use crate::minting::Minter;
use crate::pages::Pages;
use crate::policy::{AmbiguousRequest, Request, StaticAnswer, Target};
use crate::telemetry::AccessLog;
use crate::whoami::Credential;

/// The id of a request, towards applications and clients.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a decider is made of.
pub struct Parts {
    /// The shared walk.
    pub checker: Arc<Checker>,
    /// The time.
    pub clock: Clock,
    /// Pages for people.
    pub pages: Arc<Pages>,
    /// Tokens for applications, where they are configured.
    pub minter: Option<Minter>,
    /// Where requests are told.
    pub access_log: AccessLog,
    /// Where refusals are told.
    pub audit: Audit,
    /// Settings.
    pub config: Config,
}

/// Decides for proxies in front. One per process; shared by all protocols and workers.
pub struct Decider {
    pub(super) checker: Arc<Checker>,
    pub(super) clock: Clock,
    pub(super) pages: Arc<Pages>,
    pub(super) minter: Option<Minter>,
    pub(super) config: Config,
    pub(super) strip: Strip,
}

impl Decider {
    /// A decider of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            checker,
            clock,
            pages,
            minter,
            access_log: _,
            audit: _,
            config,
        } = parts;
        let token = minter.as_ref().map(|minter| minter.header().as_str());
        Self {
            strip: Strip::new(config.own_names().chain(token)),
            checker,
            clock,
            pages,
            minter,
            config,
        }
    }

    /// Settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Decides on a request.
    pub async fn decide(&self, asked: Asked, door: Door) -> Decision {
        let Asked {
            request,
            headers,
            request_id,
            redirects,
            can_remove,
        } = asked;
        let client = Client::classify(&headers);
        let refuse = |answer: Answer, facts: Facts| {
            let voice = Voice {
                decider: self,
                headers: &headers,
                request_id: &request_id,
            };
            voice.refuse(answer, Vec::new(), facts)
        };
        if let Some(answer) = self.not_for_rules(&request, client) {
            return refuse(answer, Facts::without_rule(Decided::Deny));
        }
        let config = &self.config;
        let found = Credential::from_headers(&headers, &config.session_cookie, &config.issuers);
        let Ok(credential) = found else {
            let reason = "send one credential: the session cookie, a session token or a token of \
                          an issuer";
            let answer = Answer::refusal(ErrorId::AmbiguousCredentials, client, None, reason);
            return refuse(answer, Facts::without_rule(Decided::BadRequest));
        };
        let inquiry = Inquiry {
            request,
            credential,
            headers: &headers,
        };
        let voice = Voice {
            decider: self,
            headers: &headers,
            request_id: &request_id,
        };
        match self.checker.check_for(inquiry, redirects).await {
            Verdict::Refuse(refusal) => {
                voice.refuse(refusal.answer, refusal.set_cookies, refusal.facts)
            }
            Verdict::Preflight(granted) => voice.preflight(*granted, door),
            Verdict::Forward(forward) => voice.pass(forward, door, can_remove),
        }
    }

    /// Refuses a request that can't be decided on.
    #[must_use]
    pub fn refuse_unread(
        &self,
        why: &Unread,
        headers: &HeaderMap,
        request_id: &HeaderValue,
        _door: Door,
    ) -> Decision {
        let answer = why.answer(Client::classify(headers));
        self.refuse_with(answer, headers, request_id, Decided::BadRequest)
    }

    /// Refuses whoever asks without being among those who may.
    #[must_use]
    pub fn refuse_stranger(
        &self,
        _peer: IpAddr,
        _method: &Method,
        request_id: &HeaderValue,
        _door: Door,
    ) -> Decision {
        let reason = "this address is no trusted proxy of the decision listener";
        let answer = Answer::refusal(ErrorId::AccessDenied, Client::Api, None, reason);
        self.refuse_with(answer, &HeaderMap::new(), request_id, Decided::Deny)
    }

    /// Refuses what is no question.
    pub(super) fn refuse_nowhere(
        &self,
        _peer: IpAddr,
        _method: &Method,
        request_id: &HeaderValue,
        _door: Door,
    ) -> Decision {
        let reason = "ask at /check, /nginx/check or below /ext_authz/";
        let answer = Answer::refusal(ErrorId::NoRule, Client::Api, None, reason)
            .with_status(StatusCode::NOT_FOUND);
        self.refuse_with(answer, &HeaderMap::new(), request_id, Decided::NoRule)
    }

    pub(super) fn refuse_with(
        &self,
        answer: Answer,
        headers: &HeaderMap,
        request_id: &HeaderValue,
        decided: Decided,
    ) -> Decision {
        let voice = Voice {
            decider: self,
            headers,
            request_id,
        };
        voice.refuse(answer, Vec::new(), Facts::without_rule(decided))
    }

    /// The refusal of what no rule governs.
    fn not_for_rules(&self, request: &Request, client: Client) -> Option<Answer> {
        for place in &self.config.own_places {
            match place.has(request) {
                Ok(false) => {}
                Ok(true) => {
                    let reason = "this path is Stepgate's own: the proxy in front must send it to \
                                  Stepgate's proxy listener";
                    return Some(Answer::refusal(ErrorId::AccessDenied, client, None, reason));
                }
                Err(why) => return Some(Answer::ambiguous_request(client, why)),
            }
        }
        None
    }
}

/// Answers one question.
struct Voice<'a> {
    decider: &'a Decider,
    headers: &'a HeaderMap,
    request_id: &'a HeaderValue,
}

impl Voice<'_> {
    fn refuse(&self, answer: Answer, set_cookies: Vec<HeaderValue>, facts: Facts) -> Decision {
        let id = String::from_utf8_lossy(self.request_id.as_bytes());
        let (status, destination) = (answer.status, answer.destination.clone());
        let language = self.headers.get(ACCEPT_LANGUAGE);
        let (mut headers, body) = answer.render(&self.decider.pages, language, &id);
        for cookie in set_cookies {
            headers.append(SET_COOKIE, cookie);
        }
        self.answer(status, headers, body, destination, facts)
    }

    fn answer(
        &self,
        status: StatusCode,
        mut headers: HeaderMap,
        body: Bytes,
        destination: Option<Destination>,
        facts: Facts,
    ) -> Decision {
        headers.insert(X_REQUEST_ID, self.request_id.clone());
        Decision::Refuse {
            status,
            headers,
            body,
            destination,
            facts,
        }
    }

    /// Refuses because only Stepgate's own proxy could do what the rule says.
    fn refuse_proxys_own(
        &self,
        reason: &str,
        set_cookies: Vec<HeaderValue>,
        facts: Facts,
    ) -> Decision {
        let client = Client::classify(self.headers);
        let rule = facts.rule.as_ref();
        let answer = Answer::refusal(ErrorId::AccessDenied, client, rule, reason);
        let facts = Facts {
            decision: Decided::Deny,
            reported: false,
            ..facts
        };
        self.refuse(answer, set_cookies, facts)
    }

    fn preflight(&self, granted: Preflighted, door: Door) -> Decision {
        if door == Door::ForwardAuth {
            let reason = "only Stepgate's own proxy answers for pages of other origins";
            return self.refuse_proxys_own(reason, Vec::new(), granted.facts);
        }
        let mut headers = HeaderMap::with_capacity(8);
        headers.extend(granted.headers);
        let varies = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        headers.insert(VARY, HeaderValue::from_static(varies));
        self.answer(
            StatusCode::NO_CONTENT,
            headers,
            Bytes::new(),
            None,
            granted.facts,
        )
    }

    fn pass(&self, forward: Forward, door: Door, can_remove: bool) -> Decision {
        if let Target::Answer(answer) = forward.permit.rule().target() {
            return self.by_rule(answer, &forward, door);
        }
        let client = Client::classify(self.headers);
        // The rule reads `//` as `/`, but the proxy in front forwards it as it came.
        if forward.permit.request().path.was_merged() {
            let answer = Answer::ambiguous_request(client, AmbiguousRequest::EmptySegment);
            return self.refuse_after_all(answer, forward);
        }
        let Changes { set, remove } = self.decider.changes(&forward, self.headers);
        if let Some(name) = remove.first().filter(|_| !can_remove) {
            let reason = format!("the application must not get {name}, which can't be taken out");
            let answer = Answer::refusal(ErrorId::AmbiguousRequest, client, None, &reason);
            return self.refuse_after_all(answer, forward);
        }
        let mut response = HeaderMap::new();
        for cookie in forward.set_cookies {
            response.append(SET_COOKIE, cookie);
        }
        Decision::Allow {
            set,
            remove,
            response,
            facts: forward.facts,
        }
    }

    /// Refuses what a rule lets pass.
    fn refuse_after_all(&self, answer: Answer, forward: Forward) -> Decision {
        let facts = Facts {
            decision: Decided::BadRequest,
            reported: false,
            ..forward.facts
        };
        self.refuse(answer, forward.set_cookies, facts)
    }

    /// The answer that the rule holds: no application is asked.
    fn by_rule(&self, answer: &StaticAnswer, forward: &Forward, door: Door) -> Decision {
        let cookies = forward.set_cookies.clone();
        let mut headers = HeaderMap::with_capacity(8);
        let (status, body) = match answer {
            StaticAnswer::Respond { status, .. }
                if status.is_success() && door == Door::ForwardAuth =>
            {
                let reason = "only Stepgate's own proxy gives the answer that this rule holds";
                return self.refuse_proxys_own(reason, cookies, forward.facts.clone());
            }
            StaticAnswer::Respond {
                status,
                content_type,
                body,
            } => {
                headers.insert(CONTENT_TYPE, content_type.clone());
                let nosniff = HeaderValue::from_static("nosniff");
                headers.insert(X_CONTENT_TYPE_OPTIONS, nosniff);
                (*status, body.clone())
            }
            StaticAnswer::Redirect { status, to } => {
                headers.insert(LOCATION, to.clone());
                (*status, Bytes::new())
            }
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for cookie in cookies {
            headers.append(SET_COOKIE, cookie);
        }
        self.answer(status, headers, body, None, forward.facts.clone())
    }
}
