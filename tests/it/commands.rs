//! Commands as a shell sees them: exit codes, and what is said where.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value as Json;

/// A command in a folder, with nothing of ours in its environment.
fn stepgate(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("stepgate").unwrap();
    command
        .current_dir(folder)
        .args(arguments)
        .env_remove("NO_COLOR");
    command
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn stdout(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

fn stderr(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().stderr.clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn a_starter_configuration_has_no_problems() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let told = stdout(&mut stepgate(folder, &["init", "--yes"]), 0);
    assert!(told.contains("stepgate serve"), "{told}");
    let told = stdout(&mut stepgate(folder, &["check"]), 0);
    assert_eq!(told, "no problems in the configuration and 3 rules\n");
    let again = stderr(&mut stepgate(folder, &["init", "--yes"]), 1);
    assert!(
        again.contains("stepgate.yaml is there already; --force replaces it"),
        "{again}"
    );
}

#[test]
fn a_starter_that_was_asked_for_has_no_problems() {
    for answers in [
        "http://127.0.0.1:9000\nhttps://bank.example.com\nembedded\n",
        "http://10.0.0.1\nhttp://bank.example.com:8080\nhttp://kratos:4433\n",
        "\n\n\n",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        stepgate(folder, &["init"])
            .write_stdin(answers)
            .assert()
            .code(0);
        stdout(&mut stepgate(folder, &["check"]), 0);
    }
}

#[test]
fn the_starter_of_the_repository_is_what_init_writes() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    stepgate(folder.path(), &["init", "--yes"]).assert().code(0);
    for file in ["stepgate.yaml", "rules/app.yaml", "certs/README.md"] {
        let written = std::fs::read_to_string(folder.path().join(file)).unwrap();
        let kept = std::fs::read_to_string(repository.join(file)).unwrap();
        let token = written.lines().find(|line| line.starts_with("  token: "));
        let written = match token {
            Some(token) => written.replace(token, "  token: null"),
            None => written,
        };
        assert_eq!(written, kept, "{file}");
    }
    stdout(&mut stepgate(repository, &["check"]), 0);
}

#[test]
fn check_tells_every_problem_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(
        folder,
        "stepgate.yaml",
        "proxy:\n  listen: 127.0.0.1:4455\n  timeuots: {}\nidentity: { external: {} }\n",
    );
    write(
        folder,
        "rules/a.yaml",
        "rules:\n  - id: a\n    match: { path: /** }\n    required_aal: aal3\n    upstream: nobody\n",
    );
    let shown = stderr(&mut stepgate(folder, &["check"]), 2);
    insta::assert_snapshot!(shown, @r"
    error[unknown_key]: unknown key `timeuots`
     --> stepgate.yaml:3:3
      |
    3 |   timeuots: {}
      |   ^^^^^^^^
      = help: did you mean `timeouts`?

    error[missing_key]: `public_url` is missing
     --> stepgate.yaml:4:23
      |
    4 | identity: { external: {} }
      |                       ^

    error[wrong_type]: expected one of none, aal1, aal2, highest_available, found `aal3`
     --> rules/a.yaml:4:19
      |
    4 |     required_aal: aal3
      |                   ^^^^
      = help: did you mean `aal1`?

    error[unknown_upstream]: this file has no upstream `nobody`
     --> rules/a.yaml:5:15
      |
    5 |     upstream: nobody
      |               ^^^^^^
      = help: upstreams are defined in the file that uses them

    error: 4 problems found
    ");
    let json = stdout(&mut stepgate(folder, &["check", "--format", "json"]), 2);
    let json: Json = serde_json::from_str(&json).unwrap();
    assert_eq!(json["problems"].as_array().unwrap().len(), 4, "{json:#}");
    let keys: Vec<&String> = json["problems"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["file", "line", "column", "code", "message", "help"]);
}

#[test]
fn check_takes_rules_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let good = "upstreams: { a: { url: http://127.0.0.1:1 } }\nrules:\n  - { id: a, match: { path: /** }, required_aal: aal1, upstream: a }\n";
    write(folder, "rules/good.yaml", good);
    assert_eq!(
        stdout(&mut stepgate(folder, &["check", "rules"]), 0),
        "no problems in 1 rule\n"
    );
    write(
        folder,
        "rules/bad.yaml",
        "rules: [{ id: b, match: { path: /a%2fb } }]\n",
    );
    let shown = stderr(&mut stepgate(folder, &["check", "rules/bad.yaml"]), 2);
    assert!(shown.contains("rules/bad.yaml:1:"), "{shown}");
    let json = stdout(
        &mut stepgate(folder, &["check", "--format", "json", "rules/good.yaml"]),
        0,
    );
    assert_eq!(
        serde_json::from_str::<Json>(&json).unwrap(),
        serde_json::json!({ "problems": [] })
    );
}

#[test]
fn a_malformed_configuration_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let missing = stderr(&mut stepgate(folder, &["serve"]), 2);
    assert!(missing.contains("`stepgate init` writes one"), "{missing}");
    for text in [
        "",
        "proxy: [",
        "proxy: 1\n",
        "- a\n",
        "identity: { embeded: {} }\n",
        "\u{0}",
    ] {
        write(folder, "stepgate.yaml", text);
        let shown = stderr(&mut stepgate(folder, &["serve"]), 2);
        assert!(shown.contains("stepgate.yaml"), "{text:?}: {shown}");
        assert!(shown.starts_with("error["), "{text:?}: {shown}");
    }
    assert!(!folder.join("data").exists());
}

#[test]
fn wrong_use_is_told_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["serv"][..],
        &["serve", "--nope"],
        &["serve", "--set", "proxy.listen"],
        &["check", "--format", "xml"],
        &[],
    ] {
        let mut command = stepgate(folder.path(), arguments);
        let output = command.assert().code(2).get_output().clone();
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn config_show_names_each_origin_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    stepgate(folder, &["init", "--yes"]).assert().code(0);
    let arguments = ["config", "show", "--set", "step_up.loop_guard=3"];
    let mut command = stepgate(folder, &arguments);
    let shown = stdout(command.env("STEPGATE__PROXY__LISTEN", "127.0.0.1:0"), 0);
    let line = |key: &str| {
        let found = shown
            .lines()
            .find(|line| line.starts_with(&format!("{key}: ")));
        found
            .unwrap_or_else(|| panic!("{key} in {shown}"))
            .to_owned()
    };
    assert!(line("proxy.listen").contains("127.0.0.1:0"));
    assert!(line("proxy.listen").ends_with("# environment variable STEPGATE__PROXY__LISTEN"));
    assert!(line("step_up.loop_guard").ends_with("# --set step_up.loop_guard"));
    assert!(line("proxy.timeouts.drain").ends_with("# default"));
    assert!(line("admin.listen").contains("# stepgate.yaml:"));
    assert!(line("admin.token").contains("[redacted]"));
    assert!(line("upstream_identity.headers.X-User-Id").contains("session.identity.id"));
}

#[test]
fn a_secret_from_a_file_or_the_environment_is_shown_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "key.txt", "from-a-file-very-secret\n");
    write(
        folder,
        "stepgate.yaml",
        "proxy: { listen: 127.0.0.1:4455, workers: \"${KEY}\" }
identity:
  external:
    public_url: http://127.0.0.1:4433
    admin_url: http://127.0.0.1:4434
    admin_headers: { Authorization: \"Bearer ${KEY}\" }
admin: { token: \"${file:key.txt}\", listen: \"${file:key.txt}\" }
",
    );
    let mut command = stepgate(folder, &["check"]);
    let shown = stderr(command.env("KEY", "from-the-environment-secret"), 2);
    assert!(shown.contains("3 problems found"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn the_schema_is_valid_and_takes_the_starter() {
    let folder = tempfile::tempdir().unwrap();
    let schema = stdout(&mut stepgate(folder.path(), &["config", "schema"]), 0);
    let schema: Json = serde_json::from_str(&schema).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
}

#[test]
fn version_help_completions_and_manual_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (&["--version"][..], "stepgate "),
        (&["--help"], "Examples:"),
        (&["serve", "--help"], "SIGHUP"),
        (&["completions", "bash"], "complete"),
        (&["completions", "zsh"], "#compdef stepgate"),
        (&["man"], ".TH stepgate"),
    ] {
        let told = stdout(&mut stepgate(folder.path(), arguments), 0);
        assert!(told.contains(expected), "{arguments:?}: {told}");
        assert!(!told.contains('\u{1b}'), "no colour into a pipe");
    }
}

#[test]
fn a_development_certificate_has_a_private_key_that_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for _ in 0..2 {
        stepgate(folder, &["certs", "dev", "--host", "bank.localhost"])
            .assert()
            .code(0);
    }
    let chain = std::fs::read_to_string(folder.join("certs/dev.crt")).unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = std::fs::metadata(folder.join("certs/dev.key")).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }
}
