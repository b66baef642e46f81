//! What a rule asks for, written in it, in a set that it names and in the defaults of its file.

use std::time::Duration;

use super::*;
use crate::aal::AuthenticationMethod::{Code, Password, Totp, Webauthn};
use crate::policy::{Enrolment, MethodSet, RequiredSteps, Requirement, Rule};

const FILE: &str = "\
upstreams: { bank: { url: 'http://127.0.0.1:9000' } }
requirements:
  sensitive: { required_aal: aal2, max_age: 10m, required_methods: { any_of: [webauthn, totp] } }
  bare: { required_methods: { none_of: [code], distinct_channels: true } }
defaults: { upstream: bank, required_aal: aal1, max_age: 1h, merge_slashes: true }
rules:
";

fn compile_all(rules: &str) -> Result<RuleSet, Problems> {
    compile(
        "rules/bank.yaml",
        &[FILE, rules].concat(),
        &Context::default(),
    )
}

fn only_rule(keys: &str) -> Rule {
    let line = format!("  - {{ id: a, match: {{ path: /a }}, {keys} }}\n");
    compile_all(&line).unwrap().rules()[0].clone()
}

fn requirement(keys: &str) -> Requirement {
    only_rule(keys).requirement().clone()
}

fn problem(keys: &str) -> String {
    let line = format!("  - {{ id: a, match: {{ path: /a }}, {keys} }}\n");
    match compile_all(&line) {
        Ok(_) => "none".to_owned(),
        Err(problems) => {
            let first = problems.iter().next().unwrap();
            format!(
                "{} {}",
                first.message,
                first.help.clone().unwrap_or_default()
            )
        }
    }
}

const MINUTE: u64 = 60;

#[test]
fn a_rule_asks_for_steps_by_method_channel_and_age() {
    let requirement = requirement(
        "required_aal: aal2, enrol: deny, max_age: 10m, \
         required_methods: { any_of: [webauthn], all_of: [password], none_of: [code], \
         distinct_channels: true }, max_age_of: { webauthn: 5m }",
    );
    let expected = Requirement {
        max_age: Some(Duration::from_secs(10 * MINUTE)),
        enrolment: Enrolment::Denied,
        steps: Some(Box::new(RequiredSteps {
            any_of: MethodSet::of(&[Webauthn]),
            all_of: MethodSet::of(&[Password]),
            none_of: MethodSet::of(&[Code]),
            distinct_channels: true,
            max_age_of: vec![(Webauthn, Duration::from_secs(5 * MINUTE))],
        })),
        ..Requirement::level(RequiredAal::Aal2)
    };
    assert_eq!(requirement, expected);
}

#[test]
fn a_rule_asks_for_what_its_set_asks_for_and_more() {
    let plain = requirement("require: sensitive");
    assert_eq!(plain.required_aal, RequiredAal::Aal2);
    assert_eq!(plain.max_age, Some(Duration::from_secs(10 * MINUTE)));
    let steps = plain.steps.unwrap();
    assert_eq!(steps.any_of, MethodSet::of(&[Webauthn, Totp]));

    let more = requirement(
        "require: sensitive, max_age: 5m, \
         required_methods: { any_of: [webauthn], none_of: [code] }",
    );
    assert_eq!(more.max_age, Some(Duration::from_secs(5 * MINUTE)));
    let steps = more.steps.unwrap();
    assert_eq!(steps.any_of, MethodSet::of(&[Webauthn]));
    assert_eq!(steps.none_of, MethodSet::of(&[Code]));
}

#[test]
fn a_rule_that_asks_for_less_than_its_set_is_told() {
    for keys in [
        "required_aal: aal1",
        "required_aal: none",
        "max_age: 11m",
        "required_methods: { any_of: [webauthn, code] }",
    ] {
        let told = problem(&format!("require: sensitive, {keys}"));
        assert!(
            told.contains("less than the requirement set `sensitive`"),
            "{told}"
        );
    }
    let told = problem("require: bare, required_methods: { distinct_channels: false }");
    assert!(
        told.contains("`required_methods.distinct_channels` asks for less"),
        "{told}"
    );
}

#[test]
fn defaults_fill_in_what_neither_rule_nor_set_says() {
    let bare = requirement("require: bare");
    assert_eq!(bare.required_aal, RequiredAal::Aal1);
    assert_eq!(bare.max_age, Some(Duration::from_secs(60 * MINUTE)));
    assert!(bare.steps.unwrap().distinct_channels);
    assert_eq!(
        requirement("max_age: 2h").max_age,
        Some(Duration::from_secs(120 * MINUTE))
    );
    // Nothing is asked of a public rule.
    assert_eq!(
        requirement("required_aal: none"),
        Requirement::level(RequiredAal::None)
    );
    assert!(only_rule("required_aal: none").switches().merge_slashes);
    assert!(!only_rule("merge_slashes: false").switches().merge_slashes);
}

#[test]
fn a_file_may_only_report_but_for_one_rule() {
    let set = compile(
        "rules/bank.yaml",
        "upstreams: { bank: { url: 'http://127.0.0.1:9000' } }\n\
         requirements: { strong: { required_aal: aal2, enrol: deny } }\n\
         defaults: { upstream: bank, mode: report_only, require: strong }\n\
         rules:\n\
         \x20 - { id: a, match: { path: /a } }\n\
         \x20 - { id: b, match: { path: /b }, mode: enforce, required_aal: aal1 }\n",
        &Context::default(),
    )
    .unwrap();
    let [a, b] = set.rules() else { panic!() };
    assert!(a.switches().report_only && !b.switches().report_only);
    assert_eq!(a.requirement().required_aal, RequiredAal::Aal2);
    assert_eq!(b.requirement().required_aal, RequiredAal::Aal1);
}

#[test]
fn a_mistake_in_what_is_asked_is_told_with_a_way_out() {
    for (keys, expected) in [
        (
            "require: sensitiv",
            "there is no requirement set `sensitiv` did you mean `sensitive`?",
        ),
        (
            "required_methods: { any_of: [webauth] }",
            "expected one of password",
        ),
        (
            "required_methods: { any_of: [] }",
            "a list without methods asks for nothing",
        ),
        (
            "required_methods: { anyof: [totp] }",
            "unknown key `anyof` did you mean `any_of`?",
        ),
        (
            "max_age_of: { topt: 5m }",
            "no authentication method `topt` did you mean `totp`?",
        ),
        ("max_age_of: { totp: 0s }", "no session is ever this fresh"),
        (
            "max_age_of: { totp: 5m }, required_methods: { none_of: [totp] }",
            "`max_age_of` asks for totp, which `none_of` says counts for nothing",
        ),
        (
            "required_methods: { any_of: [totp, code], none_of: [code] }",
            "`any_of` asks for code, which `none_of` says counts for nothing",
        ),
        (
            "required_methods: { all_of: [code], none_of: [code] }",
            "`all_of` asks for code, which",
        ),
        (
            "require: bare, max_age_of: { code: 5m }",
            "`max_age_of` asks for code, which `none_of` says counts for nothing",
        ),
        (
            "required_aal: none, required_methods: { any_of: [totp] }",
            "`required_methods` is about sessions, but the rule asks for none",
        ),
        (
            "required_aal: none, max_age_of: { totp: 5m }",
            "`max_age_of` asks for a fresh session",
        ),
        (
            "required_aal: none, enrol: allow",
            "`enrol` is about sessions",
        ),
        (
            "required_aal: none, require: bare",
            "`required_methods` is about sessions",
        ),
        ("enrol: deny", "`enrol: deny` needs `required_aal: aal2`"),
        (
            "required_aal: aal2, required_methods: { none_of: [totp, webauthn, lookup_secret, code] }",
            "`none_of` leaves no second factor for `aal2`",
        ),
        ("mode: shadow", "expected one of enforce, report_only"),
    ] {
        let told = problem(keys);
        assert!(told.contains(expected), "{keys}: {told}");
    }
    assert_eq!(
        problem("enrol: deny, required_methods: { any_of: [totp] }"),
        "none"
    );
}

#[test]
fn a_flaw_in_a_set_is_told_once_and_also_where_nobody_names_it() {
    let told = |rules: &str| {
        let file = format!(
            "upstreams: {{ bank: {{ url: 'http://127.0.0.1:9000' }} }}\n\
             requirements: {{ flawed: {{ required_aal: aal2, max_age: 0s }} }}\n\
             defaults: {{ upstream: bank, required_aal: aal1 }}\n\
             rules:\n{rules}"
        );
        let problems = compile("rules/bank.yaml", &file, &Context::default()).unwrap_err();
        problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect::<Vec<_>>()
    };
    let expected = ["no session is ever this fresh"];
    assert_eq!(told("  - { id: a, match: { path: /a } }\n"), expected);
    let both = "  - { id: a, match: { path: /a }, require: flawed }\n\
                \x20 - { id: b, match: { path: /b }, require: flawed }\n";
    assert_eq!(told(both), expected);
}
