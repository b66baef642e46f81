//! The question that browsers ask before the request itself.

use http::HeaderMap;

use super::{Answer, Client, Decided, ErrorId, Facts, Inquiry, Preflighted, Refusal, Verdict};
use crate::policy::{CorsGrant, Found, Preflight, Request, Rule, RuleSet};

/// Answers a preflight for a request that a rule with `cors` would get; `None`: an ordinary
/// request. Nobody is asked to sign in for it: browsers send it without credentials, and it tells
/// only what the rule tells every page.
pub(super) fn answer(rules: &RuleSet, inquiry: &Inquiry<'_>) -> Option<Verdict> {
    let preflight = Preflight::read(&inquiry.request.method, inquiry.headers)?;
    let wanted = Request {
        method: preflight.method.clone(),
        ..inquiry.request.clone()
    };
    let Found::Rule(found) = rules.find(&wanted, inquiry.headers) else {
        return None;
    };
    let rule = rules.rule(found.rule());
    let cors = rule.handling().cors()?;
    let facts = |decision| Facts {
        generation: rules.number(),
        rule: Some(rule.id().clone()),
        ..Facts::without_rule(decision)
    };
    Some(match cors.preflight(&preflight) {
        Some(headers) => Verdict::Preflight(Box::new(Preflighted {
            request: inquiry.request.clone(),
            headers,
            facts: facts(Decided::Allow),
        })),
        None => {
            let client = Client::classify(inquiry.headers);
            let reason = "pages of this origin may not ask";
            let answer = Answer::refusal(ErrorId::AccessDenied, client, Some(rule.id()), reason);
            let nothing = CorsGrant {
                varies: true,
                ..CorsGrant::default()
            };
            Verdict::Refuse(Box::new(Refusal {
                keep: None,
                answer: answer.granting(&nothing),
                request: inquiry.request.clone(),
                set_cookies: Vec::new(),
                facts: facts(Decided::Deny),
            }))
        }
    })
}

/// What a rule's refusals say to pages of other origins.
pub(super) fn grant(rule: &Rule, headers: &HeaderMap) -> Option<CorsGrant> {
    Some(rule.handling().cors()?.grant(headers))
}
