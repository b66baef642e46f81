//! The program beside an application, as orchestrators run it: told by its environment alone, on a
//! disk that it can't write, and asked to go while requests still come.

use std::net::SocketAddr;
use std::process::Command;

use crate::support::client::{Connection, Exchange, get};
use crate::support::eventually;
use crate::support::program::Program;
use crate::support::server::Server;

const GET: &str = "GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n";

/// Rules with one open and one closed path.
fn rules(app: SocketAddr) -> String {
    format!(
        "upstreams: {{ app: {{ url: \"http://{app}\" }} }}\n\
         rules:\n\
         - {{ id: open, match: {{ path: /open/** }}, required_aal: none, upstream: app }}\n\
         - {{ id: closed, match: {{ path: /closed/** }}, required_aal: aal1, upstream: app }}\n"
    )
}

/// Everything that a sidecar needs, said in variables.
fn told_by_environment(command: &mut Command, rules: &str) {
    command.env_clear().envs([
        ("STEPGATE__PROXY__LISTEN", "127.0.0.1:0"),
        ("STEPGATE__PROXY__WORKERS", "1"),
        (
            "STEPGATE__PROXY__TRUSTED_PROXIES",
            "[127.0.0.0/8, 10.0.0.0/8]",
        ),
        ("STEPGATE__PROXY__TIMEOUTS__DRAIN", "5s"),
        (
            "STEPGATE__IDENTITY__EXTERNAL__PUBLIC_URL",
            "http://127.0.0.1:9",
        ),
        ("STEPGATE__ADMIN__LISTEN", "127.0.0.1:0"),
        (
            "STEPGATE__UPSTREAM_IDENTITY__HEADERS",
            "{ X-User-Id: session.identity.id }",
        ),
        ("STEPGATE_RULES", rules),
    ]);
}

fn ready(program: &Program) {
    let ready = eventually(|| program.says("\"ready\""));
    assert!(ready, "not ready: {}", program.output());
}

fn ask(program: &Program, door: &str, path: &str) -> Exchange {
    get(program.addresses(door)[0], "127.0.0.1", path, "")
}

/// It serves what the rules allow, refuses the rest, and says that it is well.
fn serves(program: &Program) {
    assert_eq!(ask(program, "proxy", "/open/a").status(), Some(200));
    let refused = ask(program, "proxy", "/closed/a");
    assert_eq!(refused.status(), Some(401));
    assert_eq!(refused.error_id(), "session_required");
    assert_eq!(ask(program, "admin", "/health/ready").status(), Some(200));
}

#[test]
fn variables_alone_are_a_whole_configuration_and_no_file_is_made() {
    let app = Server::hello();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
    command.arg("serve");
    told_by_environment(&mut command, &rules(app.address));
    let mut program = Program::spawn(command, &[]);
    ready(&program);
    serves(&program);
    program.signal("TERM");
    assert!(program.wait().unwrap().success());
    let made = std::fs::read_dir(program.folder()).unwrap();
    assert_eq!(made.count(), 0, "it made a file");
}

#[test]
fn it_runs_where_nothing_can_be_written() {
    const READ_ONLY: &str = "mount --make-rprivate / && mount -o remount,bind,ro / \
        && ! touch here 2>/dev/null && exec \"$0\" serve";
    let unshare = ["--map-root-user", "--mount"];
    let permitted = Command::new("unshare")
        .args(unshare)
        .args([
            "sh",
            "-c",
            "mount --make-rprivate / && mount -o remount,bind,ro /",
        ])
        .output();
    if !permitted.is_ok_and(|tried| tried.status.success()) {
        eprintln!("left out: no mount namespace of our own here");
        return;
    }
    let app = Server::hello();
    let mut command = Command::new("unshare");
    told_by_environment(&mut command, &rules(app.address));
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.args(unshare).args(["sh", "-c", READ_ONLY]);
    command.arg(env!("CARGO_BIN_EXE_stepgate"));
    let program = Program::spawn(command, &[]);
    ready(&program);
    serves(&program);
}

#[test]
fn rules_from_a_variable_are_checked_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
    command.arg("check").current_dir(folder.path());
    told_by_environment(
        &mut command,
        "rules: [{ id: geheim, match: 7 }]\nnonsense: geheim\n",
    );
    let told = command.output().unwrap();
    assert_eq!(told.status.code(), Some(2));
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(told.contains("env:STEPGATE_RULES:2:1"), "{told}");
    assert!(!told.contains("nonsense: geheim"), "{told}");
}

#[test]
fn rules_in_a_variable_and_elsewhere_contradict_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = "proxy: { listen: 127.0.0.1:0 }\nrules: rules/\n\
                identity: { external: { public_url: http://127.0.0.1:9 } }\n";
    std::fs::write(folder.path().join("stepgate.yaml"), file).unwrap();
    let check = |rules: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
        command.arg("check").current_dir(folder.path());
        command.env("STEPGATE_RULES", rules);
        let told = command.output().unwrap();
        String::from_utf8(told.stderr).unwrap()
    };
    let told = check(&rules("127.0.0.1:9".parse().unwrap()));
    assert!(told.contains("`rules` names other places"), "{told}");
    let both = file.replace("rules/", "[env:STEPGATE_RULES, more.yaml]");
    std::fs::write(folder.path().join("stepgate.yaml"), both).unwrap();
    std::fs::write(folder.path().join("more.yaml"), "rules: []\n").unwrap();
    assert_eq!(check(&rules("127.0.0.1:9".parse().unwrap())), "");
}

#[test]
fn without_a_file_and_without_a_word_in_the_environment_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
    command.arg("serve").current_dir(folder.path()).env_clear();
    let told = command.output().unwrap();
    assert_eq!(told.status.code(), Some(2));
    // A named file has to be there, whatever the environment says.
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
    command.args(["serve", "--config", "/nowhere/stepgate.yaml"]);
    told_by_environment(&mut command, "rules: []");
    let told = command.output().unwrap();
    assert_eq!(told.status.code(), Some(2));
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(told.contains("there is no such file"), "{told}");
}

#[test]
fn asked_to_go_it_says_so_at_once_and_serves_what_still_comes() {
    let app = Server::hello();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
    command.arg("serve");
    told_by_environment(&mut command, &rules(app.address));
    command.env("STEPGATE__PROXY__TIMEOUTS__BEFORE_DRAIN", "10m");
    let mut program = Program::spawn(command, &[]);
    ready(&program);
    serves(&program);
    program.signal("TERM");
    let unready = eventually(|| ask(&program, "admin", "/health/ready").status() == Some(503));
    assert!(unready, "{}", program.output());
    assert_eq!(ask(&program, "admin", "/health/alive").status(), Some(200));
    // The word to go reaches the workers a moment after readiness.
    let proxy = program.addresses("proxy")[0];
    let request = GET.replace("/a", "/open/a");
    let last = || Connection::open(proxy).ask(&request);
    let told = eventually(|| last().header("connection") == Some("close"));
    assert!(told, "answers don't say that they are the last");
    assert_eq!(last().status, 200);
    assert_eq!(ask(&program, "proxy", "/closed/a").status(), Some(401));
    // Whoever is in a hurry says it again.
    program.signal("TERM");
    program
        .wait()
        .expect("it ends long before the time is over");
}
