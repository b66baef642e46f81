//! The unit in deploy/: systemd takes it, finds it tight, and gives the drain its time.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// What `systemd-analyze security` says at most, in tenths: 0 is best, 100 is no protection at all.
const EXPOSURE: &str = "15";

fn unit() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd/stepgate.service");
    std::fs::read_to_string(path).unwrap()
}

/// The unit in a folder of its own, with the program that was built just now.
fn installed() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = unit();
    assert!(text.contains("/usr/bin/stepgate "));
    let text = text.replace("/usr/bin/stepgate", env!("CARGO_BIN_EXE_stepgate"));
    std::fs::write(folder.path().join("stepgate.service"), text).unwrap();
    folder
}

/// `None` with a note where systemd isn't installed.
fn analyze(arguments: &[&str], folder: &TempDir) -> Option<Output> {
    let mut command = Command::new("systemd-analyze");
    command
        .args(arguments)
        .arg(folder.path().join("stepgate.service"));
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            let required = std::env::var("STEPGATE_TEST_REQUIRE");
            let required = required.is_ok_and(|list| list.contains("systemd"));
            assert!(!required, "systemd-analyze: {error}");
            eprintln!("left out: systemd is not installed");
            None
        }
    }
}

fn said(output: &Output) -> String {
    let words = [&*output.stdout, &*output.stderr].map(String::from_utf8_lossy);
    words.concat()
}

/// The values of a key of the unit, in order.
fn values(key: &str) -> Vec<String> {
    let text = unit();
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let those = lines.filter(|(name, _)| *name == key);
    those.map(|(_, value)| value.to_owned()).collect()
}

fn seconds(text: &str) -> u64 {
    text.trim_end_matches('s').parse().unwrap()
}

#[test]
fn systemd_understands_every_line_of_the_unit() {
    let folder = installed();
    let Some(output) = analyze(&["verify", "--man=no"], &folder) else {
        return;
    };
    assert!(output.status.success(), "{}", said(&output));
    // Unknown keys are warnings only.
    let name = "stepgate.service";
    assert!(!said(&output).contains(name), "{}", said(&output));
}

#[test]
fn the_unit_leaves_an_attacker_little() {
    let folder = installed();
    let threshold = format!("--threshold={EXPOSURE}");
    let arguments = ["security", "--offline=true", "--no-pager", &threshold];
    let Some(output) = analyze(&arguments, &folder) else {
        return;
    };
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("Overall exposure"),
        "{}",
        said(&output)
    );
}

#[test]
fn the_unit_waits_longer_for_the_end_than_requests_may_take() {
    let folder = tempfile::tempdir().unwrap();
    let config = "version: 1\nproxy: { listen: 127.0.0.1:0 }\nrules: rules/\n\
                  identity: { external: { public_url: http://127.0.0.1:4433 } }\n";
    std::fs::write(folder.path().join("stepgate.yaml"), config).unwrap();
    let shown = Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(["config", "show"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let shown = said(&shown);
    let drain = shown.lines().find_map(|line| {
        let value = line.strip_prefix("proxy.timeouts.drain:")?;
        value.split_whitespace().next().map(seconds)
    });
    let drain = drain.unwrap_or_else(|| panic!("no drain in {shown}"));
    let stop = values("TimeoutStopSec");
    let stop = stop.first().map(|value| seconds(value)).unwrap();
    assert!(stop >= drain + 10, "{stop} s for a drain of {drain} s");
}

#[test]
fn the_unit_reloads_by_hangup_and_does_not_repeat_a_wrong_configuration() {
    assert_eq!(values("ExecReload"), ["/bin/kill -HUP $MAINPID"]);
    assert_eq!(values("RestartPreventExitStatus"), ["2"]);
}
