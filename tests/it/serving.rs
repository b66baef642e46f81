//! `stepgate serve` as a process: what it says, whom it lets in, how it ends.

use std::io::BufReader;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value as Json;

/// Far longer than anything here takes: only a hang meets it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running gateway; ended when dropped.
struct Serving {
    child: Child,
    lines: BufReader<ChildStdout>,
    doors: Vec<(String, String)>,
}

impl Serving {
    /// Starts it and reads its log up to `ready`.
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stepgate"))
            .arg("serve")
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut doors = Vec::new();
        loop {
            let line = next_line(&mut lines);
            let told: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
            let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
            match text("message").as_str() {
                "listening" => doors.push((text("door"), text("address"))),
                "ready" => break,
                _ => {}
            }
        }
        Self {
            child,
            lines,
            doors,
        }
    }

    fn address(&self, door: &str) -> &str {
        let found = self.doors.iter().find(|(name, _)| name == door);
        &found
            .unwrap_or_else(|| panic!("no {door} in {:?}", self.doors))
            .1
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for its end and gives the exit code.
    fn end(mut self) -> Option<i32> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}

fn next_line(lines: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the log ended");
    line
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A configuration with one public rule, and `more` of it.
fn configure(folder: &Path, more: &str) {
    let text = format!(
        "proxy: {{ listen: 127.0.0.1:0 }}\n\
         identity: {{ external: {{ public_url: http://127.0.0.1:9 }} }}\n{more}\n"
    );
    write(folder, "stepgate.yaml", &text);
    write(folder, "rules/app.yaml", &rules("app"));
}

fn rules(id: &str) -> String {
    format!(
        "upstreams: {{ app: {{ url: http://127.0.0.1:9 }} }}\n\
         rules:\n  - {{ id: {id}, match: {{ path: /** }}, required_aal: none, upstream: app }}\n"
    )
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn ask(stream: &mut (impl std::io::Read + std::io::Write), path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    // A listener that wants TLS may close before everything is written.
    let _sent = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _cut = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn on_port_0_it_says_what_it_got_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "admin: { listen: 127.0.0.1:0 }");
    let serving = Serving::start(folder.path());
    let alive = ask(&mut connect(serving.address("admin")), "/health/alive");
    assert!(alive.starts_with("HTTP/1.1 200"), "{alive}");
    let proxied = ask(&mut connect(serving.address("proxy")), "/a");
    assert!(proxied.starts_with("HTTP/1.1 502"), "{proxied}");
    serving.signal("TERM");
    assert_eq!(serving.end(), Some(0));
}

#[test]
fn the_access_log_goes_to_standard_output_one_line_a_request() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "admin: { listen: null }");
    let mut serving = Serving::start(folder.path());
    ask(&mut connect(serving.address("proxy")), "/a?token=secret");
    let line = loop {
        let line = next_line(&mut serving.lines);
        if line.contains("\"request_id\"") && line.contains("\"decision\"") {
            break line;
        }
    };
    assert!(!line.contains("secret"), "{line}");
    let entry: Json = serde_json::from_str(&line).unwrap();
    assert_eq!(entry["rule"], "app");
    assert_eq!(entry["decision"], "allow");
    assert_eq!(entry["path"], "/a");
    assert_eq!(entry["status"], 502);
    assert_eq!(entry["generation"], 1);
}

#[test]
fn an_admin_listener_with_certificates_speaks_nothing_but_tls() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(["certs", "dev"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success());
    let tls = "tls: { certificates: [{ cert: certs/dev.crt, key: certs/dev.key }] }";
    configure(folder, &format!("admin: {{ listen: 127.0.0.1:0, {tls} }}"));
    let serving = Serving::start(folder);
    let plain = ask(&mut connect(serving.address("admin")), "/health/alive");
    assert!(!plain.contains("HTTP/1.1"), "{plain}");

    let authority = std::fs::read(folder.join("certs/dev-ca.crt")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(&authority).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
    let stream = connect(serving.address("admin"));
    let answer = ask(
        &mut rustls::StreamOwned::new(session, stream),
        "/health/alive",
    );
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn an_address_that_is_taken_is_an_error_with_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    configure(
        folder.path(),
        &format!("admin: {{ listen: \"{address}\" }}"),
    );
    let output = Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .arg("serve")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(&address.to_string()), "{told}");
}

#[test]
fn a_hangup_reads_the_rules_again_and_broken_ones_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    configure(folder, "admin: { listen: null }\nreload: { watch: false }");
    let mut serving = Serving::start(folder);
    assert_eq!(generation_of(&mut serving, "app"), 1);
    write(folder, "rules/app.yaml", "rules: [");
    serving.signal("HUP");
    let refused = wait_for(&mut serving.lines, "stay in force");
    assert!(refused.contains("rules/app.yaml"), "{refused}");
    write(folder, "rules/app.yaml", &rules("newer"));
    serving.signal("HUP");
    wait_for(&mut serving.lines, "new rules are in force");
    assert_eq!(generation_of(&mut serving, "newer"), 2);
}

/// The generation that a request was judged by; the rule must be the one named.
fn generation_of(serving: &mut Serving, rule: &str) -> u64 {
    ask(&mut connect(serving.address("proxy")), "/a");
    let line = wait_for(&mut serving.lines, "\"decision\"");
    let entry: Json = serde_json::from_str(&line).unwrap();
    assert_eq!(entry["rule"], rule, "{line}");
    entry["generation"].as_u64().unwrap()
}

fn wait_for(lines: &mut impl std::io::BufRead, text: &str) -> String {
    loop {
        let line = next_line(lines);
        if line.contains(text) {
            return line;
        }
    }
}
