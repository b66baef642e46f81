use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::aal::{Aal, AuthenticationMethod};
use crate::policy::fixture::{at, request, rule, set, subject};
use crate::policy::generated::{NOW, any_requirement, any_subject};
use crate::policy::laws::{any_rules, requests, without_conflicts};
use crate::policy::{Decision, RequiredSteps, decide};

/// Rules of all kinds, which the order of the language lets stand beside each other.
fn rules_of_all_kinds() -> impl Strategy<Value = RuleSet> {
    let more = (any_requirement(), prop::bool::weighted(0.2), any::<bool>());
    (any_rules(), prop::collection::vec(more, 9)).prop_map(|(mut rules, more)| {
        for (rule, (requirement, report_only, strict_paths)) in rules.iter_mut().zip(more) {
            rule.requirement = requirement;
            rule.switches.report_only = report_only;
            rule.switches.strict_paths = strict_paths;
        }
        without_conflicts(rules).1
    })
}

/// What [`decide`] says, in the words of a trace.
fn decided(rules: &Arc<RuleSet>, request: &Request, standing: Standing<'_>) -> TraceVerdict {
    let headers = HeaderMap::new();
    let found = match rules.find(request, &headers) {
        Found::Rule(found) => found,
        other @ (Found::MethodNotAllowed(_)
        | Found::NoRule
        | Found::UnknownHost
        | Found::Ambiguous(_)) => return TraceVerdict::NotFound(other),
    };
    let (refusal, reported) =
        match decide(rules, &found, request.clone(), &headers, standing, at(NOW)) {
            Decision::Allow(permit) => match permit.reported() {
                Some(refusal) => (refusal, true),
                None => {
                    let outcome = Outcome::Allow;
                    let rule = found.rule();
                    (Reported { outcome, rule }, false)
                }
            },
            Decision::Refuse { outcome, rule, .. } => (Reported { outcome, rule }, false),
        };
    TraceVerdict::Judged {
        outcome: refusal.outcome,
        rule: refusal.rule,
        reported,
    }
}

fn check(rules: &Arc<RuleSet>, request: &Request, standing: Standing<'_>) {
    let trace = explain(rules, request, &HeaderMap::new(), standing, at(NOW));
    assert_eq!(trace.verdict, decided(rules, request, standing));
    let TraceVerdict::Judged { outcome, rule, .. } = trace.verdict else {
        assert!(trace.rule.is_none() && trace.requirements.is_empty());
        return;
    };
    let winners = trace.considered.iter().filter(|looked| looked.matched);
    assert_eq!(winners.map(|looked| looked.rule).next(), trace.rule);
    let mut of_rule = trace.requirements.iter().filter(|part| part.rule == rule);
    assert_eq!(of_rule.all(|part| part.met), outcome == Outcome::Allow);
    assert!(trace.requirements.iter().all(|part| !part.why.is_empty()));
}

proptest! {
    // Each set of rules meets 240 requests: 100,000 together.
    #![proptest_config(ProptestConfig::with_cases(420))]

    #[test]
    fn explain_agrees_with_the_decision(
        rules in rules_of_all_kinds(),
        subjects in prop::collection::vec(any_subject(), 7),
    ) {
        let rules = Arc::new(rules);
        let known = subjects.iter().map(Standing::Known);
        let standings: Vec<_> =
            known.chain([Standing::Anonymous, Standing::Undisclosed]).collect();
        for ((host, path, circumstance), standing) in requests(0).zip(standings.iter().cycle()) {
            check(&rules, &circumstance.request(host, path), *standing);
        }
    }
}

#[test]
fn a_trace_says_what_is_missing_and_who_was_passed_over() {
    let mut transfer = rule("transfer", "/transfer/**", RequiredAal::Aal2).methods(&["POST"]);
    transfer.requirement.max_age = Some(Duration::from_secs(600));
    transfer.requirement.steps = Some(Box::new(RequiredSteps {
        any_of: MethodSet::of(&[AuthenticationMethod::Webauthn]),
        none_of: MethodSet::of(&[AuthenticationMethod::Totp]),
        max_age_of: vec![(AuthenticationMethod::Webauthn, Duration::from_secs(300))],
        ..RequiredSteps::default()
    }));
    let rules = set(vec![
        transfer,
        rule("get", "/transfer/**", RequiredAal::Aal1).methods(&["GET"]),
        rule("all", "/**", RequiredAal::None),
    ]);
    let subject = subject(Aal::Aal2, NOW - 700, Some(NOW - 5), SecondFactor::Enrolled);
    let ask = |method: &str| {
        let request = request(method, "h", "/transfer/1").unwrap();
        explain(
            &rules,
            &request,
            &HeaderMap::new(),
            Standing::Known(&subject),
            at(NOW),
        )
    };
    let trace = ask("POST");
    let told: Vec<(&str, bool, &str)> = trace
        .requirements
        .iter()
        .map(|part| (&*part.name, part.met, &*part.why))
        .collect();
    assert_eq!(
        told,
        [
            (
                "required_aal",
                false,
                "wanted: aal2; the session is at aal1, not counting totp; a second factor is set up"
            ),
            (
                "required_methods.any_of",
                false,
                "wanted: webauthn; completed: password"
            ),
            (
                "max_age_of.webauthn",
                false,
                "no webauthn was completed; at most 300 s ago is wanted"
            ),
            (
                "max_age",
                false,
                "no second factor was completed; at most 600 s ago is wanted"
            ),
        ]
    );
    let passed_over = ask("DELETE");
    let why: Vec<(bool, &str)> = passed_over
        .considered
        .iter()
        .map(|looked| (looked.matched, &*looked.why))
        .collect();
    assert_eq!(why.len(), 3);
    assert_eq!(why[0], (false, "it does not name the method DELETE"));
    assert!(!why[2].0 && why[2].1.starts_with("it asks for no session"));
    assert!(matches!(
        passed_over.verdict,
        TraceVerdict::NotFound(Found::MethodNotAllowed(_))
    ));
}
