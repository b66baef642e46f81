//! Apache, which asks by a hook of ours in mod_lua.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::certificate::Certificate;
use super::compare::{Allow, Allowance};
use super::process::Started;
use super::secured::{self, Secured};
use super::world::World;
use super::{Front, deployed, find, questions, speechless, table, vectors};

const SCRIPT: &str = "/etc/apache2/stepgate.lua";

struct Apache;

impl Front for Apache {
    fn name(&self) -> &'static str {
        "Apache"
    }

    fn program(&self) -> Option<&'static str> {
        Some("apache2")
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        start(program, world, world.decision_http().unwrap())
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }
}

/// Apache reads the target before anybody is asked.
const READ_FIRST: &str = "Apache refuses by itself what it can't read";

const ALLOWANCES: &[Allowance] = &[
    refused("a number sign", 400, READ_FIRST),
    refused("a broken escape", 400, READ_FIRST),
    refused("half an escape", 400, READ_FIRST),
    refused("an encoded NUL", 404, READ_FIRST),
    refused(
        "a target with scheme and host",
        400,
        "Apache forwards its own reading of it, so it is judged as it came and refused",
    ),
];

const fn refused(case: &'static str, status: u16, because: &'static str) -> Allowance {
    Allowance {
        case,
        allow: Allow::RefusedBy(status),
        because,
    }
}

/// The whole configuration, with its questions going to `decision`.
fn start(program: &Path, world: &World, decision: SocketAddr) -> Started {
    Started::launch(|address, folder| {
        let listen = ("0.0.0.0:8000", address);
        let text = deployed::for_world("apache/stepgate.conf", world, listen, &[]);
        run(program, folder, decision, address, &text)
    })
}

impl Secured for Apache {
    fn start_secured(&self, program: &Path, world: &World, certificate: &Certificate) -> Started {
        Started::launch(|address, folder| {
            let listen = ("0.0.0.0:8000", address);
            let text = deployed::for_world("apache/stepgate.conf", world, listen, &[]);
            let [listener] = &deployed::examples_with_tls("apache.md")[..] else {
                panic!("one example");
            };
            let listener = certificate
                .put_into(listener, "/etc/apache2")
                .replace("0.0.0.0:443", &address.to_string())
                .replace("*:443", "*:8000");
            let plain = [
                format!("Listen {address}\n"),
                "<VirtualHost *:8000>\n".into(),
            ];
            assert!(plain.iter().all(|line| text.contains(line)), "{text}");
            let text = text.replace(&plain[0], "").replace(&plain[1], &listener);
            let decision = world.decision_http().unwrap();
            run(program, folder, decision, address, &text)
        })
    }
}

/// The first example of its page.
struct TenLines;

impl Front for TenLines {
    fn name(&self) -> &'static str {
        "Apache by its first example"
    }

    fn program(&self) -> Option<&'static str> {
        Some("apache2")
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        Started::launch(|address, folder| {
            let text = deployed::example("apache.md", world, ("0.0.0.0:8000", address));
            run(
                program,
                folder,
                world.decision_http().unwrap(),
                address,
                &text,
            )
        })
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }
}

/// What Debian keeps in apache2.conf and mods-enabled, around the file of the site.
fn run(
    program: &Path,
    folder: &Path,
    decision: SocketAddr,
    address: SocketAddr,
    site: &str,
) -> Command {
    let decision = decision.to_string();
    let changes = [(deployed::DECISION_HTTP, decision.as_str())];
    let script = deployed::file("apache/stepgate.lua", &changes);
    let script_file = folder.join("stepgate.lua");
    std::fs::write(&script_file, script).unwrap();
    let port = address.port();
    let site = site
        .replace(SCRIPT, &script_file.display().to_string())
        .replace("*:8000", &format!("*:{port}"));
    let mut text = format!(
        "ServerRoot {0}\nDefaultRuntimeDir {0}\nPidFile {0}/apache.pid\nServerName localhost\n\
         ErrorLog /dev/stderr\nUser www-data\nGroup www-data\n",
        folder.display()
    );
    for module in MODULES {
        let file = format!("/usr/lib/apache2/modules/mod_{module}.so");
        text.push_str(&format!("LoadModule {module}_module {file}\n"));
    }
    text.push_str(&site);
    // Its processes give up being root, and still read the script.
    open_to_all(folder);
    let file = folder.join("apache2.conf");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(program);
    command.arg("-DFOREGROUND").arg("-f").arg(file);
    command
}

const MODULES: [&str; 9] = [
    "mpm_event",
    "ssl",
    "socache_shmcb",
    "http2",
    "authz_core",
    "lua",
    "proxy",
    "proxy_http",
    "proxy_wstunnel",
];

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn apache_answers_the_table() {
    table::run(&Apache);
}

#[test]
fn apache_answers_the_table_by_its_first_example() {
    table::run(&TenLines);
}

#[test]
fn apache_with_tls_answers_the_table() {
    secured::run(&Apache);
}

#[test]
fn apache_asks_once_for_a_session() {
    questions::run(&Apache);
}

#[test]
fn apache_lets_no_known_attack_through() {
    vectors::run(&Apache);
}

#[test]
fn apache_lets_nothing_through_without_an_answer() {
    if let Some(program) = find(&Apache) {
        speechless::run(|world, decision| start(&program, world, decision));
    }
}
