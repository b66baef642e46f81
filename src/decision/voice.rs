//! One question on its way to its answer.

use bytes::Bytes;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, SET_COOKIE, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::allowed::Changes;
use super::decider::X_REQUEST_ID;
use super::{Asking, Decider, Decision, Door, Way};
use crate::authz::{
    Answer, Client, Decided, Destination, ErrorId, Facts, Forward, Inquiry, Permitted, Preflighted,
    Redirects, Verdict, objection, render_static,
};
use crate::policy::{AmbiguousRequest, Request, StaticAnswer, Target};
use crate::whoami::{Credential, CredentialKind};

/// Answers one question.
pub(super) struct Voice<'a> {
    pub(super) decider: &'a Decider,
    pub(super) door: Door,
    pub(super) headers: &'a HeaderMap,
    pub(super) request_id: &'a HeaderValue,
    pub(super) can_remove: bool,
    pub(super) asking: Asking,
}

impl Voice<'_> {
    pub(super) async fn decide(&self, request: Request, redirects: Redirects) -> Decision {
        if let Some(answer) = self.decider.not_for_rules(&request, || self.client()) {
            let facts = Facts::without_rule(Decided::Deny);
            return self.refuse(answer, Vec::new(), facts, &request);
        }
        let config = &self.decider.config;
        let found = Credential::from_headers(self.headers, &config.session_cookie, &config.issuers);
        let Ok(credential) = found else {
            let reason =
                "send one credential: the session cookie, a session token or a token of an issuer";
            let client = self.client();
            let answer = Answer::refusal(ErrorId::AmbiguousCredentials, client, None, reason);
            let facts = Facts::without_rule(Decided::BadRequest);
            return self.refuse(answer, Vec::new(), facts, &request);
        };
        let by_cookie = credential
            .as_ref()
            .is_some_and(|credential| credential.kind() == CredentialKind::Cookie);
        let inquiry = Inquiry {
            request,
            credential,
            headers: self.headers,
        };
        match self.decider.checker.check_for(inquiry, redirects).await {
            Verdict::Refuse(refusal) => {
                let refusal = *refusal;
                self.refuse(
                    refusal.answer,
                    refusal.set_cookies,
                    refusal.facts,
                    &refusal.request,
                )
            }
            Verdict::Preflight(granted) => self.preflight(*granted),
            Verdict::Forward(forward) => self.pass(forward, by_cookie),
        }
    }

    /// In which words to refuse; not asked of what may pass.
    fn client(&self) -> Client {
        Client::classify(self.headers)
    }

    /// Refuses a request, and tells of it.
    fn refuse(
        &self,
        answer: Answer,
        set_cookies: Vec<HeaderValue>,
        facts: Facts,
        request: &Request,
    ) -> Decision {
        if self.asking.decides() {
            self.decider
                .audit(self.door, self.request_id, request, &facts, &answer);
        }
        self.speak(answer, set_cookies, facts)
    }

    /// Puts an answer into words.
    pub(super) fn speak(
        &self,
        answer: Answer,
        set_cookies: Vec<HeaderValue>,
        facts: Facts,
    ) -> Decision {
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

    fn preflight(&self, granted: Preflighted) -> Decision {
        if self.door == Door::ForwardAuth {
            let reason = "only Stepgate's own proxy answers for pages of other origins";
            return self.refuse_for_proxy(reason, Vec::new(), granted.facts, &granted.request);
        }
        let facts = granted.facts.clone();
        let headers = granted.into_headers();
        let nothing = Bytes::new();
        self.answer(StatusCode::NO_CONTENT, headers, nothing, None, facts)
    }

    /// Refuses because only Stepgate's own proxy could do what the rule says.
    fn refuse_for_proxy(
        &self,
        reason: &str,
        set_cookies: Vec<HeaderValue>,
        facts: Facts,
        request: &Request,
    ) -> Decision {
        let client = self.client();
        let rule = facts.rule.as_ref();
        let answer = Answer::refusal(ErrorId::AccessDenied, client, rule, reason);
        let facts = Facts {
            decision: Decided::Deny,
            reported: false,
            ..facts
        };
        self.refuse(answer, set_cookies, facts, request)
    }

    /// Acts on a permit: nothing is forwarded here, so it ends.
    fn pass(&self, forward: Forward, by_cookie: bool) -> Decision {
        let config = &self.decider.config;
        let permitted = Permitted {
            headers: self.headers,
            upgrade: is_upgrade(self.headers),
            by_cookie,
            public_origin: config.public_origin.as_deref(),
            beside_pages: config.mounted,
        };
        if let Some(answer) = objection(&forward, permitted) {
            return self.refuse_after_all(answer, forward, Decided::Deny);
        }
        if let Target::Answer(answer) = forward.permit.rule().target() {
            return self.by_rule(answer, &forward);
        }
        let way = match self.way(&forward) {
            Ok(way) => way,
            Err(why) => {
                let answer = Answer::ambiguous_request(self.client(), why);
                return self.refuse_after_all(answer, forward, Decided::BadRequest);
            }
        };
        let Changes { set, remove } = self.decider.changes(&forward, self.headers);
        if let Some(name) = remove.first().filter(|_| !self.can_remove) {
            let reason = format!("the application must not get {name}, which can't be taken out");
            let answer = Answer::refusal(ErrorId::AmbiguousRequest, self.client(), None, &reason)
                .with_status(StatusCode::BAD_REQUEST);
            return self.refuse_after_all(answer, forward, Decided::BadRequest);
        }
        let mut response = HeaderMap::new();
        for cookie in forward.set_cookies {
            response.append(SET_COOKIE, cookie);
        }
        Decision::Allow {
            set,
            remove,
            response,
            way,
            facts: forward.facts,
        }
    }

    /// What changes on the way, where the proxy in front can be told to change it.
    fn way(&self, forward: &Forward) -> Result<Option<Box<Way>>, AmbiguousRequest> {
        if self.door == Door::ExtAuthz {
            let way = self.decider.way(forward, self.headers)?;
            return Ok(Some(Box::new(way)));
        }
        // The rule reads `//` as `/`, but the proxy in front forwards it as it came.
        if forward.permit.request().path.was_merged() {
            return Err(AmbiguousRequest::EmptySegment);
        }
        Ok(None)
    }

    /// Refuses what a rule lets pass.
    fn refuse_after_all(&self, answer: Answer, forward: Forward, decision: Decided) -> Decision {
        let facts = Facts {
            decision,
            reported: false,
            ..forward.facts
        };
        let request = forward.permit.request();
        self.refuse(answer, forward.set_cookies, facts, request)
    }

    /// The answer that the rule holds: no application is asked.
    fn by_rule(&self, answer: &StaticAnswer, forward: &Forward) -> Decision {
        let cookies = forward.set_cookies.clone();
        let facts = forward.facts.clone();
        let (status, mut headers, body) = render_static(answer);
        // 2xx means yes there.
        if status.is_success() && self.door == Door::ForwardAuth {
            let reason = "only Stepgate's own proxy gives the answer that this rule holds";
            let request = forward.permit.request();
            return self.refuse_for_proxy(reason, cookies, facts, request);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for cookie in cookies {
            headers.append(SET_COOKIE, cookie);
        }
        self.answer(status, headers, body, None, facts)
    }
}

/// Whether the original request asks for a WebSocket. Proxies in front keep the headers of the
/// connection to themselves when they ask, but hand on those of the handshake.
fn is_upgrade(headers: &HeaderMap) -> bool {
    let mut upgrades = headers.get_all(UPGRADE).iter();
    let websocket =
        |line: &HeaderValue| line.as_bytes().to_ascii_lowercase().ends_with(b"websocket");
    upgrades.any(websocket)
        || headers.contains_key(SEC_WEBSOCKET_KEY)
        || headers.contains_key(SEC_WEBSOCKET_VERSION)
}
