//! Configurations that must not start, and what is shown of those that do.

use stepgate::config::{self, Environment, Loaded};

use super::issuer::Key;

fn load(sections: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stepgate.yaml");
    let text = format!(
        "version: 1\nproxy: {{ listen: 127.0.0.1:4455 }}\n\
         identity: {{ external: {{ public_url: http://127.0.0.1:4433 }} }}\n{sections}"
    );
    std::fs::write(&file, text).unwrap();
    config::load(&file, &Environment::default(), &[])
}

/// The one problem of a configuration.
fn problem(sections: &str) -> String {
    let loaded = load(sections);
    let problems: Vec<String> = loaded
        .problems
        .iter()
        .map(|problem| format!("{}: {}", problem.line, problem.message))
        .collect();
    assert!(loaded.config.is_none());
    assert_eq!(problems.len(), 1, "{sections}: {problems:?}");
    problems[0].clone()
}

#[test]
fn an_issuer_that_can_not_be_believed_is_a_mistake_with_its_place() {
    let url = "jwks_url: https://id.test/jwks";
    for (entry, told) in [
        ("issuer: a".to_owned(), "in one place"),
        (
            format!("issuer: a, {url}, jwks_file: b.json"),
            "in one place",
        ),
        (
            "issuer: a, jwks_url: http://id.test/jwks".to_owned(),
            "no URL that keys may come from",
        ),
        (
            "issuer: a, jwks_url: https://u:p@id.test/jwks".to_owned(),
            "no URL that keys may come from",
        ),
        (
            "issuer: a, jwks_file: nowhere.json".to_owned(),
            "can't be read",
        ),
        (format!("issuer: a, {url}, leeway: 1h"), "5 minutes"),
        (format!("issuer: a, {url}, audience: []"), "no token fits"),
        (format!("issuer: a, {url}, algorithms: [HS256]"), "HS256"),
        (format!("issuer: a, {url}, algorithms: [none]"), "none"),
        (format!("issuer: a, {url}, key: x"), "unknown key `key`"),
        (format!("issuer: a, {url}, aal: 'session.id'"), "session"),
        (format!("issuer: a, {url}, methods: '1 +'"), ""),
    ] {
        if told.contains("in one place") {
            // The keys are given twice, or not at all: nothing else can be said.
            let loaded = load(&format!("bearer_jwt: [{{ {entry} }}]\n"));
            assert!(loaded.config.is_none());
            let mut messages = loaded.problems.iter().map(|problem| &problem.message);
            assert!(messages.any(|message| message.contains(told)), "{entry}");
            continue;
        }
        let problem = problem(&format!("bearer_jwt: [{{ {entry} }}]\n"));
        assert!(problem.starts_with("4: "), "{problem}");
        assert!(problem.contains(told), "{entry}: {problem}");
    }
    let twice = format!("bearer_jwt: [{{ issuer: a, {url} }}, {{ issuer: a, {url} }}]\n");
    assert!(problem(&twice).contains("twice"));
}

fn jwt(key: &Key, further: &str) -> String {
    let pem = key.pem.replace('\n', "\\n");
    format!("upstream_identity:\n  jwt: {{ issuer: a, key: \"{pem}\", {further} }}\n")
}

#[test]
fn a_token_that_can_not_be_made_safely_is_a_mistake_with_its_place() {
    let ed = Key::ed("x");
    for name in [
        "sub", "aal", "exp", "iss", "aud", "acr", "amr", "sid", "jti",
    ] {
        let claims = format!("claims: {{ {name}: session.identity.traits.{name} }}");
        assert!(
            problem(&jwt(&ed, &claims)).contains("vouches for"),
            "{name}"
        );
    }
    for (further, told) in [
        ("ttl: 1s", "5 seconds to an hour"),
        ("ttl: 2h", "5 seconds to an hour"),
        ("header: Cookie", "means something else"),
        ("header: 'X Y'", "no header name"),
        ("header: X-User-Id", "one of the identity headers"),
        ("algorithm: ES256", "the first key signs with EdDSA"),
        ("claims: { x: request.path }", "request"),
        ("claims: { x: '1 +' }", ""),
    ] {
        let problem = problem(&jwt(&ed, further));
        assert!(problem.contains(told), "{further}: {problem}");
    }
    let nothing = "upstream_identity: { jwt: { issuer: a, key: nonsense } }\n";
    assert!(problem(nothing).contains("no private key"));
    let hidden = problem("upstream_identity: { jwt: { issuer: a, key: 'a-secret-by-mistake' } }\n");
    assert!(!hidden.contains("a-secret"));
}

#[test]
fn keys_are_never_shown() {
    let ed = Key::ed("x");
    let loaded = load(&jwt(&ed, "ttl: 30s"));
    let config = loaded.config.unwrap();
    let secret = ed.pem.lines().nth(1).unwrap();
    let shown = format!("{:?} {config:?}", loaded.settings);
    assert!(!shown.contains(secret));
    let key = loaded
        .settings
        .iter()
        .find(|setting| setting.path == "upstream_identity.jwt.key");
    assert_eq!(key.unwrap().value, "[redacted]");
    let schema = config::schema();
    assert!(schema.pointer("/properties/bearer_jwt").is_some());
    let jwt = "/properties/upstream_identity/properties/jwt";
    assert!(schema.pointer(jwt).is_some());
}
