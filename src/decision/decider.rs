//! The decision that every protocol asks for.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, StatusCode};

use super::asking::overtaken;
use super::logged::Line;
use super::voice::Voice;
use super::{Asked, Config, Decision, Door, Question, Unread};
use crate::audit::Audit;
use crate::authz::{Answer, Checker, Client, Decided, ErrorId, Facts, Strip};
use crate::clock::Clock;
use crate::minting::Minter;
use crate::pages::Pages;
use crate::policy::{Request, RuleId};
use crate::telemetry::{AccessLog, Traffic};

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
    /// Where they are counted.
    pub traffic: Traffic,
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
    pub(super) access_log: AccessLog,
    pub(super) traffic: Traffic,
    pub(super) audit: Audit,
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
            access_log,
            traffic,
            audit,
            config,
        } = parts;
        let token = minter.as_ref().map(|minter| minter.header().as_str());
        Self {
            strip: Strip::new(config.own_names().chain(token)),
            checker,
            clock,
            pages,
            minter,
            access_log,
            traffic,
            audit,
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
        let mut line = self.begin_line(door, &asked.request_id, &asked.request);
        let voice = Voice {
            decider: self,
            door,
            headers: &asked.headers,
            request_id: &asked.request_id,
            can_remove: asked.can_remove,
            asking: asked.asking,
        };
        let mut decision = voice.decide(asked.request, asked.redirects).await;
        if asked.asking.decides() {
            self.count(door, decision.facts());
        } else {
            Line::repeats(&mut line);
            if let Decision::Allow { facts, .. } = decision {
                let answer = overtaken(Client::classify(&asked.headers));
                decision = voice.speak(answer, Vec::new(), facts);
            }
        }
        self.end_line(line, &decision);
        decision
    }

    /// Refuses what is understood in several ways, or in none.
    #[must_use]
    pub fn refuse_unread(&self, question: &Question<'_>, why: &Unread) -> Decision {
        let answer = why.answer(Client::classify(question.headers));
        self.refuse(question, answer, Decided::BadRequest)
    }

    /// Refuses whoever asks without being among those who may.
    #[must_use]
    pub fn refuse_stranger(&self, question: &Question<'_>) -> Decision {
        let reason = "this address is no trusted proxy of the decision listener";
        let answer = Answer::refusal(ErrorId::AccessDenied, Client::Api, None, reason);
        self.refuse(question, answer, Decided::UntrustedPeer)
    }

    /// Refuses a question that could not be decided in time.
    #[must_use]
    pub fn refuse_late(&self, question: &Question<'_>) -> Decision {
        let reason = "the decision took too long; nothing may be forwarded";
        let client = Client::classify(question.headers);
        let answer = Answer::refusal(ErrorId::IdentityUnavailable, client, None, reason)
            .with_retry_after(Duration::from_secs(1));
        self.refuse(question, answer, Decided::Unavailable)
    }

    /// Refuses what is no question.
    #[must_use]
    pub fn refuse_nowhere(&self, question: &Question<'_>) -> Decision {
        let reason = "ask at /check, /nginx/check, /nginx/answer or below /ext_authz/";
        let answer = Answer::refusal(ErrorId::NoRule, Client::Api, None, reason)
            .with_status(StatusCode::NOT_FOUND);
        self.refuse(question, answer, Decided::NoRule)
    }

    /// Refuses a question before any rule is looked at.
    #[must_use]
    pub fn refuse(&self, question: &Question<'_>, answer: Answer, decided: Decided) -> Decision {
        if question.asking.decides() {
            self.audit_question(question, &answer, decided);
        }
        let voice = Voice {
            decider: self,
            door: question.door,
            headers: question.headers,
            request_id: question.request_id,
            can_remove: true,
            asking: question.asking,
        };
        let decision = voice.speak(answer, Vec::new(), Facts::without_rule(decided));
        if question.asking.decides() {
            self.count(question.door, decision.facts());
        }
        self.log_question(question, &decision);
        decision
    }

    fn count(&self, door: Door, facts: &Facts) {
        let rule = facts.rule.as_ref().map(RuleId::as_str);
        self.traffic.decided(door, rule, facts.decision);
    }

    /// The refusal of what no rule governs.
    pub(super) fn not_for_rules(
        &self,
        request: &Request,
        client: impl Fn() -> Client,
    ) -> Option<Answer> {
        for place in &self.config.own_places {
            match place.has(request) {
                Ok(false) => {}
                Ok(true) => {
                    let reason = "this path is Stepgate's own: the proxy in front must send it to \
                                  Stepgate's proxy listener";
                    return Some(Answer::refusal(
                        ErrorId::AccessDenied,
                        client(),
                        None,
                        reason,
                    ));
                }
                Err(why) => return Some(Answer::ambiguous_request(client(), why)),
            }
        }
        None
    }
}
