use std::path::Path;

use super::load::convert;
use super::*;
use crate::document::{Problems, Rendering, Source, parse, to_text};

pub(super) const EXTERNAL: &str = "
proxy: { listen: 127.0.0.1:4455 }
identity: { external: { public_url: http://127.0.0.1:4433 } }
";
pub(super) fn load_text(text: &str, environment: &Environment, flags: &[Override]) -> Loaded {
    let mut problems = Problems::new();
    let root = parse(&Source::new("stepgate.yaml", text), &mut problems);
    let path = Path::new("/etc/stepgate/stepgate.yaml");
    convert(root.unwrap(), path, (environment, flags), problems)
}

pub(super) fn config_of(text: &str) -> Config {
    let loaded = load_text(text, &Environment::default(), &[]);
    let problems = to_text(&loaded.problems, Rendering::Plain);
    loaded.config.unwrap_or_else(|| panic!("{problems}"))
}

pub(super) fn problems_of(text: &str) -> Vec<(u32, &'static str, String)> {
    let loaded = load_text(text, &Environment::default(), &[]);
    let told =
        |problem: &crate::document::Problem| (problem.line, problem.code, problem.message.clone());
    loaded.problems.iter().map(told).collect()
}

/// The one problem of a text: its line and message.
pub(super) fn problem_of(text: &str) -> (u32, String) {
    let problems = problems_of(text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    (problems[0].0, problems[0].2.clone())
}

#[test]
fn a_small_file_gets_all_documented_defaults() {
    let config = config_of(EXTERNAL);
    let proxy = config.proxy.unwrap();
    assert_eq!(proxy.listeners.len(), 1);
    assert_eq!(proxy.limits.connections, 20_000);
    assert_eq!(proxy.session_cookie, "ory_kratos_session".into());
    assert_eq!(proxy.identity.names.len(), 6);
    assert!(!proxy.identity.keep_session_cookie);
    assert_eq!(config.rules.paths, [Path::new("/etc/stepgate/rules/")]);
    assert_eq!(config.admin.unwrap().listen.to_string(), "127.0.0.1:4434");
    assert_eq!(config.answers.loop_guard, 2);
}

#[test]
fn every_problem_of_a_file_is_told_at_once() {
    let text = "
version: 2
proxy:
  listen: 4455
  limits: { body_size: 10MB, conections: 5 }
identity:
  external: { public_url: ftp://k, timeout: 0s }
admin: { listen: 0.0.0.0:4434 }
telemetry: { log: { level: verbose }, metrics: often }
";
    let found = problems_of(text);
    let lines: Vec<u32> = found.iter().map(|(line, _, _)| *line).collect();
    assert_eq!(lines, [2, 4, 5, 5, 7, 7, 8, 9, 9], "{found:#?}");
}

#[test]
fn keys_of_parts_that_do_not_exist_yet_are_unknown() {
    for key in [
        "sessions: { revocation: {} }",
        "sessions: { idle_timeout: 1h }",
        "telemetry: { otlp: http://127.0.0.1:4317 }",
    ] {
        let problems = problems_of(&format!("{EXTERNAL}{key}\n"));
        assert_eq!(problems.len(), 1, "{key}: {problems:?}");
        assert_eq!(problems[0].1, "unknown_key", "{key}");
    }
}

#[test]
fn an_admin_listener_beyond_loopback_needs_a_token() {
    let text = format!("{EXTERNAL}admin: {{ listen: 0.0.0.0:4434 }}\n");
    assert!(problem_of(&text).1.contains("needs a token"));
    let text = format!("{EXTERNAL}admin: {{ listen: 0.0.0.0:4434, token: short }}\n");
    assert!(problem_of(&text).1.contains("shorter"));
    let token = "0123456789abcdef";
    let text = format!("{EXTERNAL}admin: {{ listen: 0.0.0.0:4434, token: {token} }}\n");
    assert!(
        config_of(&text)
            .admin
            .unwrap()
            .token
            .unwrap()
            .matches(token.as_bytes())
    );
    let text = format!("{EXTERNAL}admin: {{ listen: null }}\n");
    assert!(config_of(&text).admin.is_none());
}

#[test]
fn identity_headers_are_changed_name_by_name() {
    let text = format!(
        "{EXTERNAL}upstream_identity: {{ headers: {{ x-user-id: null, X-Role: session.identity.traits.role }} }}\n"
    );
    let names: Vec<String> = config_of(&text)
        .sessions
        .identity_headers
        .iter()
        .map(|(name, _)| name.to_string())
        .collect();
    assert!(!names.contains(&"x-user-id".to_owned()));
    assert!(names.contains(&"x-role".to_owned()));
    assert_eq!(names.len(), 6);
}

#[test]
fn values_of_headers_are_checked_expressions() {
    let of = |value: &str| {
        format!("{EXTERNAL}upstream_identity: {{ headers: {{ X-Role: '{value}' }} }}\n")
    };
    for value in [
        "session.identity.traits.a + \"x\"",
        "request.headers[\"x-a\"]",
        "has(session.id) ? session.id : null",
        "session.identity.traits.first-name",
    ] {
        assert!(
            config_of(&of(value)).sessions.identity_headers.len() == 7,
            "{value}"
        );
    }
    for (value, message) in [
        ("session.identty.id", "session has no `identty`"),
        ("sesion.id", "nothing here is called `sesion`"),
        ("session.identity", "this must yield"),
        ("session.id +", "expected a value"),
    ] {
        let found = problem_of(&of(value)).1;
        assert!(found.contains(message), "{value}: {found}");
    }
    for name in ["Host", "Cookie", "X-Forwarded-For", "a b"] {
        let text =
            format!("{EXTERNAL}upstream_identity: {{ headers: {{ \"{name}\": session.id }} }}\n");
        assert_eq!(problems_of(&text).len(), 1, "{name}");
    }
}

#[test]
fn flags_count_over_the_environment_and_that_over_the_file() {
    let environment = Environment::from([
        ("STEPGATE__PROXY__LISTEN", "127.0.0.1:1"),
        ("STEPGATE__STEP_UP__LOOP_GUARD", "5"),
        ("STEPGATE__ADMIN__LISTEN", "null"),
        ("STEPGATE_PROXY__LISTEN", "ignored: one underscore"),
    ]);
    let flags = [Override::from_flag("proxy.listen=127.0.0.1:2").unwrap()];
    let config = load_text(EXTERNAL, &environment, &flags).config.unwrap();
    let listeners = config.proxy.unwrap().listeners;
    assert_eq!(listeners[0].address.to_string(), "127.0.0.1:2");
    assert_eq!(config.answers.loop_guard, 5);
    assert!(config.admin.is_none());
}

#[test]
fn an_override_of_a_listener_keeps_its_certificates() {
    let text = "
proxy:
  listen:
    - address: 127.0.0.1:4455
      tls: { certificates: [{ cert: a.crt, key: a.key }] }
identity: { external: { public_url: http://127.0.0.1:4433 } }
";
    let environment = Environment::from([("STEPGATE__PROXY__LISTEN", "127.0.0.1:0")]);
    let config = load_text(text, &environment, &[]).config.unwrap();
    let listener = config.proxy.unwrap().listeners.remove(0);
    assert_eq!(listener.address.to_string(), "127.0.0.1:0");
    let certificates = listener.tls.unwrap().certificates;
    assert_eq!(certificates[0].cert, Path::new("/etc/stepgate/a.crt"));
}

#[test]
fn an_override_that_fits_nowhere_is_a_problem_that_names_the_variable() {
    for (name, value) in [
        ("STEPGATE__PROXI__LISTEN", "x"),
        ("STEPGATE__PROXY", "x"),
        ("STEPGATE__PROXY__LIMITS", "1"),
        ("STEPGATE__PROXY__WORKERS", "geheim"),
    ] {
        let loaded = load_text(EXTERNAL, &Environment::from([(name, value)]), &[]);
        let shown = to_text(&loaded.problems, Rendering::Plain);
        assert!(shown.contains(name), "{shown}");
        assert!(!shown.contains("geheim"), "{shown}");
    }
}

#[test]
fn one_address_serves_one_door() {
    let text = format!("{EXTERNAL}admin: {{ listen: 127.0.0.1:4455 }}\n");
    assert!(problem_of(&text).1.contains("given twice"));
}

#[test]
fn secrets_are_redacted_where_values_are_shown() {
    let text = format!("{EXTERNAL}admin: {{ token: 0123456789abcdef-secret }}\n");
    let loaded = load_text(&text, &Environment::default(), &[]);
    let shown = format!("{:?} {:?}", loaded.settings, loaded.config);
    assert!(!shown.contains("0123456789abcdef-secret"));
    let token = loaded
        .settings
        .iter()
        .find(|setting| setting.path == "admin.token");
    assert_eq!(token.unwrap().value, "[redacted]");
}

#[test]
fn a_second_factor_can_only_be_looked_up_where_someone_tells() {
    let known = |keys: &str| {
        let text = format!(
            "proxy: {{ listen: 127.0.0.1:1 }}\nidentity: {{ external: {{ public_url: http://k, {keys} }} }}\n"
        );
        config_of(&text)
            .rule_context(&Environment::default())
            .second_factor_is_known
    };
    assert!(known(""));
    assert!(!known("whoami_required_aal: aal1"));
    assert!(known("whoami_required_aal: aal1, admin_url: http://k:4434"));
}
