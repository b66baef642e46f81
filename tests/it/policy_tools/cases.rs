//! `test`: cases beside rules.

use super::*;

const RULES: &str = "upstreams: { bank: { url: http://127.0.0.1:9 } }
defaults: { upstream: bank }
rules:
  - { id: shop, match: { path: /** }, required_aal: none }
  - { id: desk, match: { path: /desk/** }, required_aal: aal2, enrol: deny }
";

const CASES: &str = "sessions:
  teller: { aal: aal2, methods: [password, totp], authenticated: 5m }
tests:
  - name: the shop is open
    request: https://bank.example.com/
    expect: allow
  - name: a teller works at the desk
    request: { method: POST, url: https://bank.example.com/desk/1, headers: {}, ip: 192.0.2.7 }
    session: teller
    expect: { decision: allow, rule: desk }
  - name: nobody enrols on the way
    request: https://bank.example.com/desk
    session: { aal: aal1, methods: [password], second_factors: none }
    expect: { decision: deny, rule: desk, browser: 403, api: { status: 403, id: access_denied } }
";

fn folder(cases: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rules/bank.yaml", RULES);
    write(folder.path(), "rules/tests/bank.yaml", cases);
    folder
}

/// The worked examples, each with its cases.
#[test]
fn every_case_of_the_shelf_of_rules_comes_as_expected() {
    let told = json(repository(), &["test", "rules"], 0);
    assert_eq!(told["failed"], 0, "{told:#}");
    let passed = told["passed"].as_u64().unwrap();
    assert!(passed >= 200, "only {passed} cases");
    let files = std::fs::read_dir(repository().join("rules/examples")).unwrap();
    for file in files.map(|entry| entry.unwrap().path()) {
        if file.is_file() {
            let cases = file
                .parent()
                .unwrap()
                .join("tests")
                .join(file.file_name().unwrap());
            assert!(cases.exists(), "{} has no cases", file.display());
        }
    }
}

#[test]
fn cases_are_found_beside_the_rules_and_told_in_the_promised_shape() {
    let folder = folder(CASES);
    for place in ["rules", "rules/tests", "rules/tests/bank.yaml", "."] {
        let told = json(folder.path(), &["test", place], 0);
        assert_eq!(told["passed"], 3, "{told}");
        assert_eq!(told["failed"], 0);
        let case = &told["cases"][2];
        assert_eq!(case["name"], "nobody enrols on the way");
        assert_eq!(case["ok"], true);
        assert_eq!(case["expected"]["decision"], "deny");
        assert_eq!(case["got"]["decision"], "deny");
    }
    assert_eq!(
        printed(folder.path(), &["test", "rules"], 0),
        "3 passed, 0 failed\n"
    );
}

#[test]
fn the_nearest_configuration_is_taken_where_it_covers_the_rules() {
    let folder = folder(CASES);
    let config = "proxy: { listen: 127.0.0.1:0 }
identity: { external: { public_url: http://id.example.com } }
";
    write(folder.path(), "stepgate.yaml", config);
    let located = "tests:
  - name: people are sent to the identity service
    request: https://bank.example.com/desk
    expect: { decision: log_in, browser: { status: 303, location: http://id.example.com/self-service/login/* } }
";
    write(folder.path(), "rules/tests/bank.yaml", located);
    printed(folder.path(), &["test"], 0);
    printed(folder.path(), &["test", "rules"], 0);
    write(
        folder.path(),
        "other/tests.yaml",
        &located.replace("tests:\n", "config: ../stepgate.yaml\ntests:\n"),
    );
    printed(folder.path(), &["test", "other"], 0);
}

#[test]
fn a_case_that_comes_otherwise_is_told_with_its_reasons() {
    let folder = folder(&CASES.replace("expect: allow", "expect: { decision: deny, rule: desk }"));
    let text = printed(folder.path(), &["test", "rules"], 1);
    assert!(
        text.starts_with("failed the shop is open (rules/tests/bank.yaml:4:"),
        "{text}"
    );
    assert!(
        text.contains("  decision: expected deny, got allow\n"),
        "{text}"
    );
    assert!(text.contains("  rule: expected desk, got shop\n"), "{text}");
    assert!(text.ends_with("2 passed, 1 failed\n"), "{text}");
    let told = json(folder.path(), &["test", "rules"], 1);
    assert_eq!(told["cases"][0]["ok"], false);
    assert_eq!(told["cases"][0]["expected"]["rule"], "desk");
    assert_eq!(told["cases"][0]["got"]["rule"], "shop");
    let junit = printed(folder.path(), &["test", "rules", "--format", "junit"], 1);
    assert!(junit.starts_with("<?xml version=\"1.0\""), "{junit}");
    assert!(junit.contains("tests=\"3\" failures=\"1\""), "{junit}");
    assert!(
        junit.contains("<failure message=\"decision: expected deny, got allow\""),
        "{junit}"
    );
    assert_eq!(junit.matches("<testcase ").count(), 3);
}

#[test]
fn names_in_a_report_can_not_break_it() {
    let cases = "tests: [{ name: \"</testcase> & \\\"\\u0007\", request: \"https://a.test/\", expect: deny }]\n";
    let folder = folder(cases);
    let junit = printed(folder.path(), &["test", "rules", "--format", "junit"], 1);
    assert!(
        junit.contains("name=\"&lt;/testcase&gt; &amp; &quot;?\""),
        "{junit}"
    );
}

#[test]
fn a_broken_case_is_told_with_its_place() {
    for (cases, place, code) in [
        (
            "tests: [{ name: a, request: \"/x\", expect: allow }]\n",
            ":1:29",
            "invalid_value",
        ),
        (
            "tests:\n  - { name: a, request: \"http://a.test/\" }\n",
            ":2:5",
            "missing_key",
        ),
        (
            "tests:\n  - { name: a, request: \"http://a.test/\", expect: alow }\n",
            ":2:51",
            "invalid_value",
        ),
        (
            "tests:\n  - { name: a, request: \"http://a.test/\", expect: {} }\n",
            ":2:51",
            "missing_key",
        ),
        (
            "tests:\n  - { name: a, request: \"http://a.test/\", session: ada, expect: allow }\n",
            ":2:52",
            "unknown_session",
        ),
        (
            "tests:\n  - { name: a, request: \"http://a.test/\", session: { aal: aal9 }, expect: allow }\n",
            ":2:59",
            "invalid_value",
        ),
        ("tests: [{ nmae: a }]\n", ":1:11", "unknown_key"),
        ("tests: [\n", ":1:8", "yaml_syntax"),
    ] {
        let folder = folder(cases);
        let told = complaint(folder.path(), &["test", "rules"]);
        assert!(told.contains(&format!("error[{code}]")), "{cases}{told}");
        assert!(
            told.contains(&format!("rules/tests/bank.yaml{place}")),
            "{cases}{told}"
        );
    }
}

#[test]
fn rules_are_read_without_the_cases_beside_them() {
    let folder = folder(CASES);
    write(folder.path(), "rules/bank.test.yaml", CASES);
    let told = printed(folder.path(), &["check", "rules"], 0);
    assert_eq!(told, "no problems in 2 rules\n");
    let told = json(folder.path(), &["test", "rules"], 0);
    assert_eq!(told["passed"], 6);
    // Rules with a stray `tests` stay a mistake: they must not vanish from the set.
    write(
        folder.path(),
        "rules/stray.yaml",
        &format!("{RULES}tests: []\n"),
    );
    complaint(folder.path(), &["check", "rules"]);
}

#[test]
fn nothing_to_test_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rules/bank.yaml", RULES);
    let told = complaint(folder.path(), &["test", "rules"]);
    assert!(told.contains("there are no cases"), "{told}");
    let told = complaint(folder.path(), &["test"]);
    assert!(told.contains("stepgate.yaml"), "{told}");
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.yaml", CASES);
    let told = complaint(folder.path(), &["test", "."]);
    assert!(told.contains("no rules are found"), "{told}");
}
