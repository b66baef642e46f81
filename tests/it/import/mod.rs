//! `stepgate import`: what others were told, in our words, never looser.

use std::path::Path;

use assert_cmd::Command;

const SAMPLES: [(&str, &str); 7] = [
    ("oathkeeper.yml", include_str!("samples/oathkeeper.yml")),
    ("rules.json", include_str!("samples/rules.json")),
    ("rules.jsonl", include_str!("samples/rules.jsonl")),
    ("plain.yaml", include_str!("samples/plain.yaml")),
    ("glob.yml", include_str!("samples/glob.yml")),
    ("kratos.yml", include_str!("samples/kratos.yml")),
    (
        "person.schema.json",
        include_str!("samples/person.schema.json"),
    ),
];

struct Told {
    code: i32,
    stdout: String,
    stderr: String,
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in SAMPLES {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn stepgate(folder: &Path, arguments: &[&str]) -> Told {
    let mut command = Command::cargo_bin("stepgate").unwrap();
    let output = command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Told {
        code: output.status.code().unwrap(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Imports, and checks that what comes out is whole.
fn imported(folder: &Path, arguments: &[&str], name: &str) -> Told {
    let told = stepgate(folder, &[&["import"], arguments].concat());
    std::fs::write(folder.join(name), &told.stdout).unwrap();
    let checked = stepgate(folder, &["check", name]);
    assert_eq!(checked.code, 0, "{}\n{}", checked.stderr, told.stdout);
    told
}

/// The lines of a rule, comments before it included.
fn rule<'a>(text: &'a str, id: &str) -> &'a str {
    let mut rules = text.split("  # From ");
    let wanted = format!("- id: {id}\n");
    let quoted = format!("- id: \"{id}\"\n");
    rules
        .find(|rule| rule.contains(&wanted) || rule.contains(&quoted))
        .unwrap_or_else(|| panic!("no {id} in\n{text}"))
}

#[test]
fn rules_that_map_are_translated_whole() {
    let folder = folder();
    let arguments = ["oathkeeper", "glob.yml", "plain.yaml"];
    let told = imported(folder.path(), &arguments, "rules.imported.yaml");
    assert_eq!((told.code, &*told.stderr), (0, ""), "{}", told.stdout);
    let assets = rule(&told.stdout, "assets");
    assert!(assets.contains("path: [\"/assets/*/**\"]"), "{assets}");
    assert!(assets.contains("required_aal: none"), "{assets}");
    assert!(assets.contains("rewrite: { host: upstream }"), "{assets}");
    let desk = rule(&told.stdout, "desk");
    assert!(desk.contains("host: [shop.test]"), "{desk}");
    assert!(desk.contains("methods: [GET, POST]"), "{desk}");
    assert!(desk.contains("required_aal: aal1"), "{desk}");
    assert!(desk.contains("rewrite: { strip_prefix: /desk }"), "{desk}");
}

#[test]
fn what_has_no_counterpart_is_told_and_lets_nobody_in() {
    let folder = folder();
    let arguments = ["oathkeeper", "oathkeeper.yml", "rules.json"];
    let told = imported(folder.path(), &arguments, "rules.imported.yaml");
    assert_eq!(told.code, 1);
    for line in [
        "oathkeeper.yml:2: configuration log: ",
        "oathkeeper.yml:3: configuration serve: ",
        "rule `acme admin`: authorizer remote_json: ",
        "rule `acme admin`: mutator id_token: ",
        "rule `acme:machines`: authenticator jwt: ",
        "rule `acme:closed`: match.url: ",
    ] {
        assert!(told.stderr.contains(line), "{line}\n{}", told.stderr);
    }
    for line in told.stderr.lines() {
        let mut parts = line.split(':');
        assert!(parts.next().unwrap().contains('.'), "{line}");
        assert!(parts.next().unwrap().parse::<u32>().is_ok(), "{line}");
    }
    for id in ["acme-admin", "acme:machines", "acme:closed"] {
        let text = rule(&told.stdout, id);
        assert!(text.contains("condition: \"false\""), "{text}");
        assert!(text.contains("# Lets nobody in: "), "{text}");
        assert!(!text.contains("required_aal: none"), "{text}");
    }
    let site = rule(&told.stdout, "acme:site");
    assert!(
        site.contains("required_aal: none") && !site.contains("condition"),
        "{site}"
    );
    assert!(site.contains("What everybody may see."), "{site}");
}

#[test]
fn sessions_headers_and_paths_keep_their_meaning() {
    let folder = folder();
    let arguments = ["oathkeeper", "oathkeeper.yml", "rules.json"];
    let told = imported(folder.path(), &arguments, "rules.imported.yaml");
    let account = rule(&told.stdout, "acme:account");
    for part in [
        "path_regex: \"^/account(?:(/.*)?)$\"",
        "required_aal: aal1",
        "X-User: { cel: \"session.identity.id\" }",
        "X-Mail: { cel: \"session.identity.traits.email\" }",
        "add_prefix: /internal",
        "host: upstream",
    ] {
        assert!(account.contains(part), "{part}\n{account}");
    }
    assert!(!account.contains("X-User-Id: "), "{account}");
    let api = rule(&told.stdout, "acme:api");
    for part in [
        "host: [api.acme.test, api2.acme.test]",
        "path_regex: \"^/v1/(?:[0-9]+)$\"",
        "methods: [GET]",
        "required_aal: none",
        "identify: true",
        "condition: \"request.scheme == \\\"https\\\"\"",
    ] {
        assert!(api.contains(part), "{part}\n{api}");
    }
}

#[test]
fn lines_of_json_are_rules_with_lines() {
    let folder = folder();
    let told = imported(
        folder.path(),
        &["oathkeeper", "rules.jsonl"],
        "rules.imported.yaml",
    );
    assert_eq!(told.code, 1);
    let begins = "rules.jsonl:3: rule `two`: authenticator oauth2_introspection: ";
    assert!(told.stderr.starts_with(begins), "{}", told.stderr);
    assert!(rule(&told.stdout, "two").contains("condition: \"false\""));
}

#[test]
fn two_rules_for_the_same_requests_let_nobody_in() {
    let folder = folder();
    let line = |id: &str, handler: &str| {
        format!(
            "{{\"id\":\"{id}\",\"upstream\":{{\"url\":\"http://a:1\"}},\"match\":{{\"url\":\
             \"<https?>://a.test/x\",\"methods\":[\"GET\"]}},\"authenticators\":[{{\"handler\":\
             \"{handler}\"}}],\"authorizer\":{{\"handler\":\"allow\"}},\"mutators\":[{{\"handler\":\
             \"noop\"}}]}}\n"
        )
    };
    let text = format!("{}{}", line("first", "noop"), line("second", "anonymous"));
    std::fs::write(folder.path().join("twice.jsonl"), text).unwrap();
    let told = imported(
        folder.path(),
        &["oathkeeper", "twice.jsonl"],
        "rules.imported.yaml",
    );
    assert_eq!(told.code, 1);
    assert!(
        !told.stdout.contains("required_aal: none"),
        "{}",
        told.stdout
    );
}

#[test]
fn a_configuration_of_kratos_becomes_ours() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let told = imported(folder.path(), &["kratos", "kratos.yml"], "stepgate.yaml");
    for part in [
        "embedded:",
        "kratos_config: kratos.yml",
        "listen: 127.0.0.1:4433",
        "browser_url: \"http://127.0.0.1:4433/\"",
        "database: sqlite:data/stepgate.db",
        "#     session_cookie: acme_session",
        "#     whoami_required_aal: highest_available",
        "ui: external",
    ] {
        assert!(told.stdout.contains(part), "{part}\n{}", told.stdout);
    }
    assert!(!told.stdout.contains("secret"), "{}", told.stdout);
}

#[test]
fn what_of_kratos_is_not_here_is_told_with_its_line() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let file = folder.path().join("kratos.yml");
    let text = std::fs::read_to_string(&file).unwrap()
        + "oauth2_provider: { url: \"http://hydra\" }\nmystery: 1\n";
    std::fs::write(&file, text).unwrap();
    let told = imported(folder.path(), &["kratos", "kratos.yml"], "stepgate.yaml");
    assert_eq!(told.code, 1);
    let line = |key: &str| {
        let text = std::fs::read_to_string(&file).unwrap();
        text.lines().position(|line| line.starts_with(key)).unwrap() + 1
    };
    let provider = format!("kratos.yml:{}: oauth2_provider: ", line("oauth2_provider"));
    assert!(told.stderr.contains(&provider), "{}", told.stderr);
    let mystery = format!(
        "kratos.yml:{}: unknown_key: unknown key `mystery`",
        line("mystery")
    );
    assert!(told.stderr.contains(&mystery), "{}", told.stderr);
    assert!(told.stdout.contains("kratos:\n"), "{}", told.stdout);
    assert!(!told.stdout.contains("mystery"), "{}", told.stdout);
}

#[test]
fn a_file_that_is_no_document_is_a_wrong_use() {
    let folder = folder();
    std::fs::write(folder.path().join("broken.json"), "[{").unwrap();
    let told = stepgate(folder.path(), &["import", "oathkeeper", "broken.json"]);
    assert_eq!((told.code, &*told.stdout), (2, ""));
    assert!(told.stderr.contains("broken.json"), "{}", told.stderr);
    let told = stepgate(folder.path(), &["import", "oathkeeper"]);
    assert_eq!(told.code, 2);
}
