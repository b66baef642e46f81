use std::path::Path;

use super::load::convert;
use super::*;
use crate::document::{Problems, Rendering, Source, parse, to_text};
use crate::store::Dsn;

const EXTERNAL: &str = "
proxy: { listen: 127.0.0.1:4455 }
identity: { external: { public_url: http://127.0.0.1:4433 } }
";
const EMBEDDED: &str = "
proxy: { listen: 127.0.0.1:4455 }
identity: { embedded: }
";

fn load_text(text: &str, environment: &Environment, flags: &[Override]) -> Loaded {
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

fn problems_of(text: &str) -> Vec<(u32, &'static str, String)> {
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
fn the_mount_on_a_single_loopback_listener_is_reached_as_localhost() {
    let config = config_of(EMBEDDED);
    let Identity::Embedded(embedded) = config.identity else {
        panic!("not embedded");
    };
    assert_eq!(
        embedded.public_address.url(4455),
        "http://localhost:4455/auth"
    );
    assert_eq!(embedded.mount.as_deref(), Some("/auth"));
    assert_eq!(
        config.answers.identity,
        crate::authz::IdentityBase::Mount("/auth".into())
    );
    let expected = Dsn::Sqlite("/etc/stepgate/data/stepgate.db".into());
    assert_eq!(embedded.database, expected);
}

#[test]
fn the_public_url_of_the_embedded_service_is_never_guessed_from_requests() {
    let text = "
proxy: { listen: 0.0.0.0:4455 }
identity: { embedded: {} }
";
    let (_, message) = problem_of(text);
    assert_eq!(
        message,
        "the URL under which people reach the identity service is not known"
    );
    let own_listener = "identity: { embedded: { listen: 127.0.0.1:4433 } }";
    assert!(problem_of(own_listener).1.contains("is not known"));
    let text = "
proxy: { listen: 0.0.0.0:4455, public_url: https://bank.example.com }
identity: { embedded: {} }
";
    let Identity::Embedded(embedded) = config_of(text).identity else {
        panic!("not embedded");
    };
    assert_eq!(
        embedded.public_address.url(1),
        "https://bank.example.com/auth"
    );
}

#[test]
fn a_public_url_that_misses_the_mount_is_a_contradiction() {
    let text = "
proxy: { listen: 127.0.0.1:4455 }
identity: { embedded: { kratos: { serve: { public: { base_url: http://127.0.0.1:4433/ } } } } }
";
    let (_, message) = problem_of(text);
    assert_eq!(
        message,
        "`serve.public.base_url` does not lead to the mount /auth"
    );
}

#[test]
fn exactly_one_identity_service_is_named() {
    let none = problem_of("proxy: { listen: 127.0.0.1:4455 }\n");
    assert_eq!(none, (1, "no identity service is named".to_owned()));
    let both =
        "identity:\n  external: { public_url: http://k }\n  embedded: { listen: 127.0.0.1:1 }\n";
    assert!(problems_of(both).iter().any(|problem| {
        problem
            == &(
                3,
                "contradiction",
                "`external` and `embedded` exclude each other".to_owned(),
            )
    }));
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
telemetry: { log: { level: verbose }, metrics: true }
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
fn the_schema_knows_every_section() {
    let schema = schema();
    let sections: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let expected = [
        "version",
        "proxy",
        "rules",
        "reload",
        "networks",
        "identity",
        "sessions",
        "upstream_identity",
        "bearer_jwt",
        "step_up",
        "decision",
        "admin",
        "telemetry",
    ];
    assert_eq!(sections, expected.iter().collect::<Vec<_>>());
    let timeouts = schema.pointer("/properties/proxy/anyOf/0/properties/timeouts/properties");
    assert_eq!(timeouts.unwrap()["upgrade_idle"]["default"], "10m");
    let embedded = schema.pointer("/properties/identity/properties/embedded/anyOf/0/properties");
    assert!(embedded.unwrap()["throttle"].is_object());
}

#[test]
fn a_valid_file_fits_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for text in [EXTERNAL, EMBEDDED] {
        let mut problems = Problems::new();
        let root = parse(&Source::new("stepgate.yaml", text), &mut problems).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&root.to_json())
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    assert!(!validator.is_valid(&serde_json::json!({ "proxi": {} })));
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

#[test]
fn listeners_of_the_service_runtime_take_tls_too() {
    let tls = "tls: { certificates: [{ cert: a.crt, key: a.key }], client_ca: ca.crt }";
    let text = format!("{EXTERNAL}admin: {{ listen: 0.0.0.0:4434, {tls} }}\n");
    let config = config_of(&text);
    assert!(config.admin.unwrap().asks_client_certificates);
    assert_eq!(config.admin_tls.unwrap().certificates.len(), 1);
    let text = format!(
        "identity: {{ embedded: {{ listen: 127.0.0.1:4433, browser_url: https://id.example.com, {tls} }} }}\n"
    );
    let Identity::Embedded(embedded) = config_of(&text).identity else {
        panic!("not embedded");
    };
    assert!(embedded.tls.is_some());
    let text = format!("{EMBEDDED}  embedded: {{ {tls} }}\n").replace("{ embedded: }", "");
    assert!(problem_of(&text).1.contains("a listener that is not there"));
}

proptest::proptest! {
    #[test]
    fn reading_a_file_never_panics(
        lines in proptest::collection::vec(
            "(proxy|identity|admin|sessions|  listen|  embedded|  external|    mount|  token|  - a)\
             : ?(|1|x|null|127.0.0.1:1|/auth|\\[\\]|\\{\\}|\\$\\{A\\}|30s|&a|\\*a)",
            0..12,
        )
    ) {
        let mut problems = Problems::new();
        if let Some(root) = parse(&Source::new("stepgate.yaml", &lines.join("\n")), &mut problems) {
            let environment = Environment::from([("STEPGATE__PROXY__LISTEN", "x")]);
            let loaded = convert(root, Path::new("a"), (&environment, &[]), problems);
            proptest::prop_assert!(loaded.config.is_some() || !loaded.problems.is_empty());
        }
    }
}

#[test]
fn a_user_interface_elsewhere_needs_the_page_of_every_flow() {
    let text = "
proxy: { listen: 127.0.0.1:4455 }
identity:
  embedded:
    ui: external
    kratos:
      selfservice:
        flows:
          login: { ui_url: http://localhost:3000/login }
          settings: { ui_url: http://localhost:3000/settings }
          error: { ui_url: http://localhost:3000/error }
";
    let (line, message) = problem_of(text);
    assert_eq!(line, 5);
    assert_eq!(
        message,
        "`ui: external` needs the page of the flow `registration`"
    );
    let whole = text.replace(
        "flows:",
        "flows:\n          registration: { ui_url: http://localhost:3000/registration }",
    );
    let Identity::Embedded(embedded) = config_of(&whole).identity else {
        panic!("not embedded");
    };
    assert_eq!(embedded.ui, crate::identity::settings::Ui::External);
}

#[test]
fn a_page_below_the_mount_can_not_be_the_operators() {
    let text = "
proxy: { listen: 127.0.0.1:4455, public_url: https://bank.example.com }
identity:
  embedded:
    ui: external
    kratos:
      selfservice:
        flows:
          login: { ui_url: https://bank.example.com/auth/login }
          registration: { enabled: false }
          settings: { ui_url: https://bank.example.com/me }
          error: { ui_url: https://bank.example.com/error }
";
    let (_, message) = problem_of(text);
    assert_eq!(
        message,
        "a `ui_url` is below the mount /auth, where the API is"
    );
}
