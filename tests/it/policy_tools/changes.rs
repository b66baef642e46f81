//! `diff`: every loosening is found, and no tightening is called one.

use super::*;

const BASE: &str = r#"upstreams: { bank: { url: http://127.0.0.1:9 } }
defaults: { upstream: bank }
rules:
  - { id: assets, match: { host: bank.example.com, path: /static/** }, required_aal: none }
  - { id: bank, match: { host: bank.example.com, path: /** }, required_aal: aal1 }
  - id: transfer
    match: { host: bank.example.com, path: /transfer/**, methods: [POST, PUT] }
    required_aal: aal2
    max_age: 10m
  - id: settings
    match: { host: bank.example.com, path: /settings/** }
    required_aal: aal1
    max_age: 1h
  - id: desk
    match: { host: bank.example.com, path: "/desk/{branch}/**" }
    required_aal: aal2
    enrol: deny
  - id: api
    match: { host: api.example.com, path: /v1/**, methods: [GET, POST] }
    required_aal: aal1
  - id: open
    match: { host: api.example.com, path: /** }
    required_aal: none
  - id: best
    match: { host: "*.apps.example.com", path: /** }
    required_aal: highest_available
  - id: keys
    match: { host: bank.example.com, path: /keys/** }
    required_aal: aal2
    required_methods: { any_of: [webauthn] }
  - id: keys-now
    match: { host: bank.example.com, path: /keys/now/** }
    required_aal: aal2
    max_age_of: { webauthn: 5m }
  - id: both
    match: { host: bank.example.com, path: /both/** }
    required_aal: aal2
    required_methods: { all_of: [password, totp] }
  - id: no-codes
    match: { host: bank.example.com, path: /no-codes/** }
    required_aal: aal2
    required_methods: { none_of: [code] }
  - id: channels
    match: { host: bank.example.com, path: /channels/** }
    required_aal: aal2
    required_methods: { distinct_channels: true }
    limits: { requests: 10 per 1m, per: ip }
  - id: office
    match: { host: bank.example.com, path: /office/**, networks: [192.0.2.0/24] }
    required_aal: none
  - id: preview
    match: { host: bank.example.com, path: /preview/**, query: { key: a1b2 } }
    required_aal: none
  - id: partner
    match: { host: bank.example.com, path: /partner/**, headers: { X-Partner: acme } }
    required_aal: none
  - id: reports
    match: { host: bank.example.com, path_regex: "/reports/[0-9]+/(pdf|csv)" }
    required_aal: aal2
    priority: 1
  - id: teller
    match: { host: bank.example.com, path: /teller/** }
    required_aal: aal1
    condition: session.identity.traits.role == "teller"
"#;

/// What is changed in the rules, from what to what; each of them loosens.
const LOOSENINGS: &[(&str, &str, &str)] = &[
    (
        "a narrow rule is removed",
        "  - id: desk\n    match: { host: bank.example.com, path: \"/desk/{branch}/**\" }\n    required_aal: aal2\n    enrol: deny\n",
        "",
    ),
    (
        "the level is lowered",
        "path: \"/desk/{branch}/**\" }\n    required_aal: aal2\n    enrol: deny\n",
        "path: \"/desk/{branch}/**\" }\n    required_aal: aal1\n",
    ),
    (
        "an age limit is raised a little",
        "max_age: 10m",
        "max_age: 11m",
    ),
    ("an age limit is dropped", "    max_age: 1h\n", ""),
    (
        "a public prefix is added",
        "path: /static/** }",
        "path: [/static/**, /settings/help/**] }",
    ),
    (
        "a method is dropped from the match",
        "methods: [POST, PUT]",
        "methods: [POST]",
    ),
    (
        "a path is narrowed",
        "path: /settings/** }",
        "path: /settings/profile/** }",
    ),
    (
        "a pattern takes the prefix no longer",
        "path: /settings/**",
        "path: \"/settings/*\"",
    ),
    (
        "a shield falls",
        "methods: [GET, POST] }\n    required_aal: aal1\n",
        "methods: [GET, POST] }\n    required_aal: aal1\n    fall_through: true\n",
    ),
    (
        "look-alikes are let through",
        "path: /** }, required_aal: aal1 }",
        "path: /** }, required_aal: aal1, strict_paths: false }",
    ),
    (
        "doubled slashes are merged",
        "path: /settings/** }\n",
        "path: /settings/** }\n    merge_slashes: true\n",
    ),
    (
        "encoded slashes are passed on",
        "path: /settings/** }\n",
        "path: /settings/** }\n    allow_encoded_slash: true\n",
    ),
    ("factors may be set up on the way", "    enrol: deny\n", ""),
    (
        "a public rule gets a higher priority",
        "path: /static/** }, required_aal: none }",
        "path: /static/** }, required_aal: none }\n  - { id: early, match: { host: bank.example.com, path: /desk/help/** }, required_aal: none, priority: 1 }",
    ),
    (
        "two factors become as many as there are",
        "max_age: 10m",
        "max_age: 10m\n  - { id: vault, match: { host: bank.example.com, path: /desk/vault/** }, required_aal: highest_available }",
    ),
    (
        "any host below is served",
        "host: \"*.apps.example.com\"",
        "host: [\"*.apps.example.com\", apps.example.com]",
    ),
    (
        "an unknown host is served",
        "path: /static/** }, required_aal: none }",
        "path: /static/** }, required_aal: none }\n  - { id: anywhere, match: { path: /static/** }, required_aal: none }",
    ),
    (
        "a method may be overridden",
        "max_age: 1h",
        "max_age: 1h\n    allow_method_override: true",
    ),
    (
        "a limit is raised",
        "limits: { requests: 10 per 1m",
        "limits: { requests: 20 per 1m",
    ),
    (
        "a limit is dropped",
        "    limits: { requests: 10 per 1m, per: ip }\n",
        "",
    ),
    (
        "another method will do",
        "any_of: [webauthn]",
        "any_of: [webauthn, totp]",
    ),
    (
        "a key may be older",
        "max_age_of: { webauthn: 5m }",
        "max_age_of: { webauthn: 6m }",
    ),
    (
        "one of two methods is enough",
        "all_of: [password, totp]",
        "all_of: [password]",
    ),
    (
        "codes by mail count",
        "    required_methods: { none_of: [code] }\n",
        "",
    ),
    (
        "one channel is enough",
        "    required_methods: { distinct_channels: true }\n",
        "",
    ),
    (
        "a rule only reports",
        "max_age: 10m",
        "max_age: 10m\n    mode: report_only",
    ),
    (
        "a network is widened",
        "networks: [192.0.2.0/24]",
        "networks: [192.0.2.0/23]",
    ),
    (
        "any parameter will do",
        "query: { key: a1b2 }",
        "query: { key: present }",
    ),
    (
        "any header will do",
        "headers: { X-Partner: acme }",
        "headers: { X-Partner: present }",
    ),
    ("an expression matches less", "(pdf|csv)", "pdf"),
    (
        "a condition is dropped",
        "    condition: session.identity.traits.role == \"teller\"\n",
        "",
    ),
    (
        "a condition has another way",
        "role == \"teller\"",
        "role == \"teller\" || session.identity.traits.role == \"clerk\"",
    ),
    (
        "a new rule serves what nothing did",
        "host: api.example.com, path: /**",
        "host: [api.example.com, new.example.com], path: /**",
    ),
];

fn folder(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let found = LOOSENINGS.iter().find(|(known, ..)| *known == name);
    let (_, from, to) = found.unwrap();
    assert!(BASE.contains(from), "{name}");
    write(folder.path(), "strict/bank.yaml", BASE);
    write(
        folder.path(),
        "loose/bank.yaml",
        &BASE.replacen(from, to, 1),
    );
    folder
}

#[test]
fn every_seeded_loosening_is_found() {
    for (name, ..) in LOOSENINGS {
        let folder = folder(name);
        let told = json(folder.path(), &["diff", "strict", "loose"], 1);
        let changes = told["changes"].as_array().unwrap();
        assert!(
            changes.iter().any(|change| change["change"] == "looser"),
            "{name}: {told:#}"
        );
        assert!(told["looser"].as_u64().unwrap() > 0, "{name}");
    }
}

#[test]
fn a_change_is_a_line_and_the_looser_ones_come_first() {
    let folder = folder("an age limit is raised a little");
    let text = printed(folder.path(), &["diff", "strict", "loose"], 1);
    assert!(text.starts_with("looser   P"), "{text}");
    assert!(
        text.contains("refresh (transfer) -> allow (transfer)"),
        "{text}"
    );
    assert!(
        text.lines()
            .last()
            .unwrap()
            .contains(" looser, 0 tighter of "),
        "{text}"
    );
}

#[test]
fn the_way_back_is_a_tightening() {
    for (name, ..) in LOOSENINGS {
        let folder = folder(name);
        let told = json(folder.path(), &["diff", "loose", "strict"], 0);
        assert_eq!(told["looser"], 0, "{name}: {told:#}");
        assert!(told["tighter"].as_u64().unwrap() > 0, "{name}: {told:#}");
    }
}

#[test]
fn a_condition_in_other_words_counts_as_looser_unless_the_words_prove_otherwise() {
    for (words, code, word) in [
        ("size(session.identity.traits.role) == 6", 1, "looser"),
        (
            "session.identity.traits.role==\"teller\"",
            0,
            "0 looser, 0 tighter",
        ),
        (
            "session.identity.traits.role == \"teller\" && request.method == \"GET\"",
            0,
            "tighter",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let from = "session.identity.traits.role == \"teller\"";
        write(folder.path(), "old/bank.yaml", BASE);
        write(folder.path(), "new/bank.yaml", &BASE.replace(from, words));
        let text = printed(folder.path(), &["diff", "old", "new"], code);
        assert!(text.starts_with(word), "{words}: {text}");
        if code == 1 {
            assert!(text.contains("changed condition"), "{text}");
        }
    }
}

#[test]
fn the_same_rules_in_other_words_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "old/bank.yaml", BASE);
    let other = BASE
        .replace("max_age: 10m", "max_age: 600s")
        .replace("{branch}", "{office}");
    write(folder.path(), "new/a.yaml", &other);
    let text = printed(folder.path(), &["diff", "old", "new"], 0);
    assert!(text.starts_with("0 looser, 0 tighter of "), "{text}");
}

#[test]
fn logged_requests_are_put_to_both() {
    let folder = folder("the level is lowered");
    let line = |path: &str, aal: &str, methods: &str| {
        format!(
            "{{\"time\":\"2026-03-02T10:00:00Z\",\"client_ip\":\"192.0.2.7\",\"host\":\"bank.example.com\",\
             \"method\":\"GET\",\"path\":\"{path}\",\"status\":401,\"aal\":{aal},\"methods\":{methods}}}\n"
        )
    };
    let quiet = [
        line("/accounts", "\"aal1\"", "[\"password\"]"),
        line("/desk/1/x", "null", "null"),
    ]
    .concat();
    write(folder.path(), "access.log", &quiet);
    let arguments = ["diff", "strict", "loose", "--requests", "access.log"];
    let told = json(folder.path(), &arguments, 0);
    assert_eq!(told["requests"], 2, "{told:#}");
    assert_eq!(told["changes"], serde_json::json!([]));
    let refused = line("/desk/1/x", "\"aal1\"", "[\"password\"]");
    let telling = [quiet.as_str(), &refused, "not a request\n"].concat();
    write(folder.path(), "access.log", &telling);
    let told = json(folder.path(), &arguments, 1);
    assert_eq!(told["changes"][0]["change"], "looser", "{told:#}");
    assert_eq!(told["changes"][0]["before"]["decision"], "step_up");
    assert_eq!(told["changes"][0]["after"]["decision"], "allow");
    assert_eq!(told["lines_left_out"], 1);
    write(folder.path(), "access.log", "not a request\n");
    let told = complaint(folder.path(), &arguments);
    assert!(told.contains("access.log"), "{told}");
}

#[test]
fn broken_rules_are_told_and_compared_with_nothing() {
    let folder = folder("the level is lowered");
    write(folder.path(), "loose/broken.yaml", "rules: [{ id: x }]\n");
    let told = complaint(folder.path(), &["diff", "strict", "loose"]);
    assert!(told.contains("loose/broken.yaml:1:"), "{told}");
    let told = complaint(folder.path(), &["diff", "strict", "nowhere"]);
    assert!(told.contains("no such file or folder"), "{told}");
}
