use std::path::Path;
use std::time::Duration;

use super::*;
use crate::aal::Aal;
use crate::config::{Environment, load_kratos};
use crate::document::{Problems, Source, parse};
use crate::identity::settings::{
    HasherAlgorithm, Hook, RegistrationStyle, RequiredAal, SameSite, SubjectSource,
};

const MINIMAL: &str = r#"
dsn: memory
serve: { public: { base_url: "https://id.bank.example/" } }
selfservice: { default_browser_return_url: https://bank.example/ }
identity: { schemas: [{ id: default, url: "base64://BASE64" }] }
"#;

fn minimal() -> String {
    use base64::Engine as _;
    let schema = r#"{"properties": {"traits": {"type": "object", "properties": {
        "email": {"type": "string", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}}
    }}}}"#;
    let encoded = base64::engine::general_purpose::STANDARD.encode(schema);
    MINIMAL.replace("BASE64", &encoded)
}

fn parse_with(text: &str, form: Form) -> Result<Draft, Vec<String>> {
    let mut problems = Problems::new();
    let tree = parse(&Source::new("kratos.yml", text), &mut problems);
    let mut reading = Reading::in_folder(Path::new("."));
    reading.problems = problems;
    let draft = tree.and_then(|tree| read(&tree, form, &mut reading));
    let told: Vec<String> = reading
        .problems
        .iter()
        .map(|one| one.message.clone())
        .collect();
    draft.filter(|_| told.is_empty()).ok_or(told)
}

fn alone(more: &str) -> Result<Draft, Vec<String>> {
    parse_with(&format!("{}{more}", minimal()), Form::Alone)
}

fn settings(more: &str) -> Settings {
    let draft = alone(more).unwrap();
    let url = draft.own_url();
    draft.settle(&url)
}

#[test]
fn a_minimal_file_has_kratos_defaults() {
    let all = settings("");
    let day = Duration::from_secs(24 * 3600);
    assert_eq!(
        (all.session.lifespan, all.session.earliest_possible_extend),
        (day, day)
    );
    assert_eq!(all.session.cookie_name, "ory_kratos_session");
    assert_eq!(all.session.required_aal, RequiredAal::HighestAvailable);
    assert!(all.session.cookie.secure && all.session.cookie_persistent);
    assert_eq!((all.public.port, all.admin.port), (4433, 4434));
    assert_eq!(
        all.self_service.registration.style,
        RegistrationStyle::ProfileFirst
    );
    let flows = &all.self_service;
    assert_eq!(
        flows.settings.privileged_session_max_age,
        Duration::from_secs(3600)
    );
    assert_eq!(flows.login.ui_url, "https://id.bank.example/login");
    assert_eq!(all.methods.totp.issuer, "id.bank.example");
    assert_eq!(all.hashers.algorithm, HasherAlgorithm::Argon2);
    assert!(!all.rotate_on_step_up, "native Kratos keeps its tokens");
}

#[test]
fn keys_of_every_section_are_read() {
    let all = settings(
        r#"
dev: true
session:
  lifespan: 1h30m
  cookie: { name: other_session, same_site: Strict, persistent: false }
  whoami: { required_aal: aal1 }
cookies: { domain: bank.example, same_site: None }
hashers: { algorithm: bcrypt, bcrypt: { cost: 4 }, argon2: { memory: 32KB, iterations: 1 } }
secrets: { default: [a-secret-of-sixteen, an-older-secret-too] }
feature_flags: { cacheable_sessions: true, cacheable_sessions_max_age: 60s }
security: { account_enumeration: { mitigate: true } }
"#,
    );
    assert_eq!(all.session.lifespan, Duration::from_secs(5400));
    assert_eq!(all.session.earliest_possible_extend, all.session.lifespan);
    assert_eq!(all.session.cookie_name, "other_session");
    assert_eq!(all.session.cookie.same_site, SameSite::Strict);
    assert_eq!(all.session.cookie.domain.as_deref(), Some("bank.example"));
    assert_eq!(all.cookies.same_site, SameSite::None);
    assert!(!all.cookies.secure && !all.session.cookie.secure, "dev");
    assert_eq!(
        (all.hashers.bcrypt.cost, all.hashers.argon2.memory_kib),
        (4, 32)
    );
    assert_eq!(all.secrets.default.len(), 2);
    assert_eq!(
        all.features.cacheable_sessions_max_age,
        Duration::from_secs(60)
    );
    assert!(all.hide_accounts);
}

#[test]
fn hooks_and_return_urls_of_a_method_replace_the_general_ones() {
    let text = minimal().replace(
        "selfservice: { default_browser_return_url: https://bank.example/ }",
        r#"
selfservice:
  default_browser_return_url: https://bank.example/
  flows:
    registration:
      after:
        hooks: [{ hook: revoke_active_sessions }]
        default_browser_return_url: https://bank.example/general
        password:
          hooks: [{ hook: session }, { hook: show_verification_ui }]
        totp: { default_browser_return_url: https://bank.example/totp }
"#,
    );
    let draft = parse_with(&text, Form::Alone).unwrap();
    let after = draft
        .settle("https://id.example/")
        .self_service
        .registration
        .flow
        .after;
    assert_eq!(
        after.hooks_for("password"),
        [Hook::Session, Hook::ShowVerificationUi]
    );
    assert_eq!(after.hooks_for("totp"), [Hook::RevokeActiveSessions]);
    assert_eq!(
        after.return_url_for("totp"),
        Some("https://bank.example/totp")
    );
    assert_eq!(
        after.return_url_for("password"),
        Some("https://bank.example/general")
    );
}

#[test]
fn what_kratos_refuses_is_refused() {
    for (more, part) in [
        ("nonsense: 1", "unknown key `nonsense`"),
        ("session: { lifespan: 1d }", "a duration"),
        (
            "session: { whoami: { required_aal: aal2 } }",
            "one of aal1, highest_available",
        ),
        ("cookies: { same_site: lax }", "one of Lax, Strict, None"),
        ("secrets: { default: [short] }", "at least 16"),
        ("secrets: { default: [1234567890123456] }", "must be text"),
        (
            "secrets: { cipher: [not-of-32-characters] }",
            "32 characters",
        ),
        ("hashers: { algorithm: md5 }", "one of argon2, bcrypt"),
        ("hashers: { argon2: { memory: 4KB } }", "Argon2 can't work"),
        ("session: { cookie: { name: \"a b\" } }", "name of a cookie"),
        ("tracing: 1\ntracing: 2", "tracing"),
    ] {
        let told = alone(&format!("\n{more}\n")).unwrap_err();
        let found = told.iter().any(|one| one.contains(part));
        assert!(found, "{more}: {told:?}");
    }
}

#[test]
fn methods_that_contradict_themselves_are_refused() {
    for (methods, part) in [
        (
            "code: { passwordless_enabled: true, mfa_enabled: true }",
            "exclude each other",
        ),
        ("webauthn: { enabled: true }", "config.rp.id"),
        (
            "webauthn: { enabled: true, config: { rp: { id: a, display_name: b, \
             origin: \"https://a\", origins: [\"https://a\"] } } }",
            "exclude each other",
        ),
        (
            "password: { config: { min_password_length: 5 } }",
            "at least 6",
        ),
    ] {
        let text = minimal().replace(
            "selfservice: {",
            &format!("selfservice: {{ methods: {{ {methods} }}, "),
        );
        let told = parse_with(&text, Form::Alone).unwrap_err();
        assert!(
            told.iter().any(|one| one.contains(part)),
            "{methods}: {told:?}"
        );
    }
}

#[test]
fn what_has_no_effect_is_accepted_and_told() {
    let text = minimal().replace(
        "selfservice: {",
        "selfservice: { methods: { lookup_secret: { enabled: true }, totp: { enabled: true, \
         config: { issuer: Bank } }, password: { config: { migrate_hook: { enabled: true } } } }, \
         flows: { recovery: { enabled: true } }, ",
    );
    let all = parse_with(&text, Form::Alone)
        .unwrap()
        .settle("https://id.example");
    assert!(all.methods.lookup_secret_enabled);
    assert_eq!(all.methods.totp.issuer, "Bank");
    assert!(!all.notices.iter().any(|one| one.contains("lookup_secret")));
    assert!(all.notices.iter().any(|one| one.contains("migrate_hook")));
    assert!(!all.notices.iter().any(|one| one.contains("recovery")));
    assert!(!all.notices.iter().any(|one| one.contains("totp")));
}

#[test]
fn an_embedded_service_needs_no_key_at_all() {
    let draft = parse_with("{}", Form::Embedded { in_file: false }).unwrap();
    let all = draft.settle("http://localhost:4455/auth");
    assert_eq!(
        all.self_service.default_return_url,
        "http://localhost:4455/"
    );
    assert_eq!(
        all.self_service.settings.flow.ui_url,
        "http://localhost:4455/auth/settings"
    );
    assert!(!all.session.cookie.secure, "plain http on this machine");
    assert!(all.rotate_on_step_up);
    let schema = all.schemas.default_schema().unwrap();
    let found = schema.extract(&json!({"email": "a@b.example"}));
    assert_eq!(found.password, ["a@b.example"]);
    let secure = parse_with("{}", Form::Embedded { in_file: false })
        .unwrap()
        .settle("https://bank.example/auth");
    assert!(secure.session.cookie.secure);
    assert_eq!(
        crate::identity::Credentials::new().available_aal(&all.methods.code),
        Aal::Aal0
    );
}

#[test]
fn what_kratos_requires_is_required_of_a_service_alone() {
    let told = parse_with("{}", Form::Alone).unwrap_err();
    for key in ["dsn", "default_browser_return_url", "schemas"] {
        assert!(told.iter().any(|one| one.contains(key)), "{key}: {told:?}");
    }
}

#[test]
fn durations_are_written_as_in_go() {
    for (text, seconds) in [
        ("1h", Some(3600.0)),
        ("15m30s", Some(930.0)),
        ("500ms", Some(0.5)),
    ] {
        let parsed = crate::document::parse_go_duration(text).map(|one| one.as_secs_f64());
        assert_eq!(parsed, seconds, "{text}");
    }
    for wrong in ["", "5", "1d", "h", "-1s", "1.5h", "1h "] {
        assert_eq!(crate::document::parse_go_duration(wrong), None, "{wrong}");
    }
}

#[test]
fn kratos_own_variables_name_every_key_and_lists_by_commas() {
    let environment = Environment::from([
        ("SERVE_PUBLIC_BASE_URL", "https://id.example/"),
        ("SELFSERVICE_FLOWS_LOGIN_UI_URL", "https://id.example/in"),
        ("SESSION_COOKIE_NAME", "from_outside"),
        ("SESSION_LIFESPAN", "2h"),
        (
            "SELFSERVICE_ALLOWED_RETURN_URLS",
            "https://a.example/, https://b.example/${HOME}",
        ),
        ("HOME", "/nowhere"),
        ("PATH", "/bin"),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kratos.yml");
    std::fs::write(&file, minimal()).unwrap();
    let draft = load_kratos(&file, &environment).unwrap();
    assert_eq!(draft.base_url(), "https://id.example/");
    assert_eq!(draft.session_cookie(), "from_outside");
    let settings = draft.settle("https://id.example");
    assert_eq!(settings.self_service.login.ui_url, "https://id.example/in");
    assert_eq!(settings.session.lifespan, Duration::from_secs(2 * 60 * 60));
    assert_eq!(
        settings.self_service.allowed_return_urls,
        ["https://a.example/", "https://b.example/${HOME}"]
    );
}

#[test]
fn a_variable_that_is_no_value_of_its_key_is_named_in_the_problem() {
    let environment = Environment::from([("SESSION_LIFESPAN", "soon")]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kratos.yml");
    std::fs::write(&file, minimal()).unwrap();
    let problems = load_kratos(&file, &environment).unwrap_err();
    let told = format!("{problems:?}");
    assert!(told.contains("SESSION_LIFESPAN"), "{told}");
}

/// `session` with one tokenizer template.
fn tokenizer(template: &str) -> String {
    format!("session: {{ whoami: {{ tokenizer: {{ templates: {{ jwt: {template} }} }} }} }}")
}

#[test]
fn tokenizer_templates_bring_their_keys_and_programs() {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let key = encode(&format!(
        r#"{{"keys": [{{"kty": "oct", "alg": "HS256", "k": "{}"}}]}}"#,
        "k".repeat(43)
    ));
    let mapper = encode("{ claims: { email: std.extVar('session').identity.traits.email } }");
    let all = settings(&tokenizer(&format!(
        "{{ jwks_url: 'base64://{key}', claims_mapper_url: 'base64://{mapper}', \
           subject_source: external_id, ttl: 5m }}"
    )));
    let template = all.session.tokenizer_templates.first().unwrap();
    assert_eq!(template.name, "jwt");
    assert_eq!(template.ttl, Duration::from_secs(300));
    assert_eq!(template.subject_source, SubjectSource::ExternalId);
    assert!(template.claims_mapper.is_some());
    let short = settings(&tokenizer(&format!("{{ jwks_url: 'base64://{key}' }}")));
    let template = short.session.tokenizer_templates.first().unwrap();
    assert_eq!(template.ttl, Duration::from_secs(60));

    let none = encode(r#"{"keys": []}"#);
    let program = encode("{ claims: ");
    for (template, told) in [
        ("{}".to_owned(), "jwks_url"),
        (
            "{ jwks_url: file://nowhere.json }".to_owned(),
            "nowhere.json",
        ),
        (
            "{ jwks_url: https://id.example/keys }".to_owned(),
            "give it as file://",
        ),
        (format!("{{ jwks_url: 'base64://{none}' }}"), "holds no key"),
        (format!("{{ jwks_url: 'base64://{key}', ttl: 1d }}"), "1d"),
        (
            format!("{{ jwks_url: 'base64://{key}', subject_source: email }}"),
            "email",
        ),
        (
            format!("{{ jwks_url: 'base64://{key}', claims_mapper_url: 'base64://{program}' }}"),
            "expected",
        ),
    ] {
        let problems = alone(&tokenizer(&template)).unwrap_err();
        assert!(
            problems.iter().any(|one| one.contains(told)),
            "{template}: {problems:?}"
        );
    }
}
