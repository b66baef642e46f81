//! `identity.embedded` with everything around it.

use std::path::Path;

use super::load::convert;
use super::tests::*;
use super::*;
use crate::document::{Problems, Source, parse};
use crate::store::Dsn;

const EMBEDDED: &str = "
proxy: { listen: 127.0.0.1:4455 }
identity: { embedded: }
";

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
