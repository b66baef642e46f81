//! What the rest of the configuration has to say about rules.

use super::*;

#[test]
fn a_rule_must_not_claim_the_paths_of_the_identity_service() {
    let context = Context {
        reserved: vec![Reserved {
            path: CanonicalPath::parse("/auth").unwrap(),
            host: Some(Host::parse("id.example.com").unwrap()),
        }],
        ..Context::default()
    };
    let compiled = |matching: &str| {
        let line = format!("id: a, match: {{ {matching} }}, required_aal: aal1");
        compile_rules_in(&[&line], &context).map(|_| ())
    };
    for matching in [
        "path: /auth",
        "path: /auth/**",
        "path: /auth/x, host: '*.example.com'",
    ] {
        let problems = compiled(matching).unwrap_err();
        assert_eq!(
            problems.iter().next().unwrap().code,
            "reserved_path",
            "{matching}"
        );
    }
    for matching in [
        "path: /**",
        "path: /authority",
        "path: /auth/**, host: app.example.com",
    ] {
        assert_eq!(compiled(matching), Ok(()), "{matching}");
    }
}

#[test]
fn a_rule_must_not_ask_for_a_session_where_its_cookie_never_comes() {
    let reach = |domain: Option<&str>| Context {
        session_reach: Some(SessionReach {
            host: Host::parse("id.example.com").unwrap(),
            domain: domain.map(|domain| Host::parse(domain).unwrap()),
        }),
        ..Context::default()
    };
    let compiled = |host: &str, aal: &str, domain| {
        let line = format!("id: a, match: {{ path: /**, host: '{host}' }}, required_aal: {aal}");
        compile_rules_in(&[&line], &reach(domain)).is_ok()
    };
    assert!(compiled("id.example.com", "aal1", None));
    assert!(!compiled("app.example.com", "aal1", None));
    assert!(!compiled("*.example.com", "aal1", None));
    assert!(compiled("app.example.com", "none", None));
    assert!(compiled("app.example.com", "aal1", Some("example.com")));
    assert!(compiled("*.example.com", "aal1", Some("example.com")));
    assert!(!compiled("badexample.com", "aal1", Some("example.com")));
    assert!(
        compile_rules_in(
            &["id: a, match: { path: /** }, required_aal: aal2"],
            &reach(None)
        )
        .is_ok()
    );
}

#[test]
fn highest_available_needs_to_know_who_has_a_second_factor() {
    let context = Context {
        second_factor_is_known: false,
        ..Context::default()
    };
    let line = "id: a, match: { path: /** }, required_aal: highest_available";
    let problems = problems_of(compile_rules_in(&[line], &context));
    assert!(problems[0].starts_with("contradiction 3:"), "{problems:?}");
    assert!(compile_rules(&[line]).is_ok());
}

#[test]
fn variables_are_filled_in() {
    let context = Context {
        variables: Arc::new(|name| (name == "APP").then(|| "http://127.0.0.1:7".to_owned())),
        ..Context::default()
    };
    let text = "upstreams: { app: { url: \"${APP}\" } }";
    let set = compile("app.yaml", text, &context).unwrap();
    assert_eq!(&*set.upstreams()[0].endpoints[0].authority, "127.0.0.1:7");
    assert!(compile("app.yaml", text, &Context::default()).is_err());
}
