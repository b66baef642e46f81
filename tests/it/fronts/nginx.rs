//! nginx with auth_request.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;

use super::case::case;
use super::certificate::Certificate;
use super::compare::{Allow, Allowance, observe};
use super::process::Started;
use super::secured::{self, Secured};
use super::world::World;
use super::{Front, deployed, find, questions, table, vectors};
use crate::support::eventually;

pub(super) struct Nginx;

impl Front for Nginx {
    fn name(&self) -> &'static str {
        "nginx"
    }

    fn program(&self) -> Option<&'static str> {
        Some("nginx")
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        start(program, world, "nginx/nginx.conf")
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }
}

impl Secured for Nginx {
    fn start_secured(&self, program: &Path, world: &World, certificate: &Certificate) -> Started {
        Started::launch(|address, folder| {
            let text = secured_configuration(world, certificate, address, folder);
            run(program, folder, &text)
        })
    }

    fn secured_allowances(&self) -> &'static [Allowance] {
        SECURED_ALLOWANCES
    }
}

/// nginx.conf with the listener of its page.
pub(super) fn secured_configuration(
    world: &World,
    certificate: &Certificate,
    address: SocketAddr,
    folder: &Path,
) -> String {
    let text = configuration("nginx/nginx.conf", world, address, folder);
    let [listener] = &deployed::examples_with_tls("nginx.md")[..] else {
        panic!("one example");
    };
    let listener = certificate
        .put_into(listener, "/etc/nginx")
        .replace("listen 443", &format!("listen {address}"));
    let plain = format!("        listen {address};\n");
    assert!(text.contains(&plain));
    text.replace(&plain, &listener)
}

fn start(program: &Path, world: &World, file: &str) -> Started {
    Started::launch(|address, folder| {
        run(
            program,
            folder,
            &configuration(file, world, address, folder),
        )
    })
}

fn configuration(file: &str, world: &World, address: SocketAddr, folder: &Path) -> String {
    let place = folder.display();
    // Wherever nginx writes: it may be started by anybody.
    let temporary = format!(
        "http {{ access_log off; client_body_temp_path {place}/body; \
         proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi; \
         uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;"
    );
    let changes = [("http {", temporary.as_str())];
    deployed::for_world(file, world, ("127.0.0.1:8000", address), &changes)
}

pub(super) fn run(program: &Path, folder: &Path, configuration: &str) -> Command {
    std::fs::write(folder.join("nginx.conf"), configuration).unwrap();
    let mut command = Command::new(program);
    let place = folder.display();
    let global = format!("daemon off; pid {place}/nginx.pid; error_log stderr notice;");
    command.args(["-e", "stderr", "-p"]).arg(folder);
    command.args(["-c", "nginx.conf", "-g", &global]);
    command
}

/// nginx sets headers by name and can't take out any other: Stepgate refuses what carries one.
const CANT_REMOVE: &str = "nginx can't take out headers that it has no name for";
/// nginx answers some requests itself, before it asks.
const READ_FIRST: &str = "nginx refuses by itself what it can't decode";

const ALLOWANCES: &[Allowance] = &[
    refused("a forged identity of the family", CANT_REMOVE),
    refused("a forged identity of another gateway", CANT_REMOVE),
    refused("another forged identity of another gateway", CANT_REMOVE),
    refused("a forwarded user", CANT_REMOVE),
    refused("a header of ours", CANT_REMOVE),
    refused("a forged client certificate", CANT_REMOVE),
    refused("a forged client certificate of ingress-nginx", CANT_REMOVE),
    refused("a forged client certificate of RFC 9440", CANT_REMOVE),
    refused("another forged client certificate", CANT_REMOVE),
    refused("a forged client certificate of Envoy", CANT_REMOVE),
    refused("a forged client certificate of Traefik", CANT_REMOVE),
    refused("a rewritten URL", CANT_REMOVE),
    refused("an overridden method", CANT_REMOVE),
    refused("an encoded NUL", READ_FIRST),
    refused("a broken escape", READ_FIRST),
    refused("half an escape", READ_FIRST),
];

const SECURED_ALLOWANCES: &[Allowance] = &[refused(
    "the same host twice",
    "nginx takes no Host beside :authority, whatever it says",
)];

const fn refused(case: &'static str, because: &'static str) -> Allowance {
    Allowance {
        case,
        allow: Allow::RefusedBy(400),
        because,
    }
}

#[test]
fn nginx_lets_no_known_attack_through() {
    vectors::run(&Nginx);
}

#[test]
fn nginx_asks_once_for_a_session() {
    questions::run(&Nginx);
}

#[test]
fn nginx_answers_the_table_as_the_proxy_does() {
    table::run(&Nginx);
}

#[test]
fn nginx_with_tls_answers_the_table_as_the_proxy_does() {
    secured::run(&Nginx);
}

#[test]
fn the_least_that_works_sends_browsers_to_the_login_and_names_people() {
    let Some(program) = find(&Nginx) else {
        return;
    };
    let world = World::start(Timestamp::now());
    let nginx = start(&program, &world, "nginx/minimal.conf");
    let cases = [
        case("nobody, a browser", "GET", "/account/a")
            .browser()
            .sent("/login/browser?return_to=http%3A%2F%2Fapp.test%2Faccount%2Fa"),
        case("nobody, a program", "GET", "/account/a")
            .program()
            .refused(401, ""),
        case("below the level", "GET", "/transfer/a")
            .browser()
            .cookie("aal1")
            .sent("aal=aal2"),
        case("somebody", "GET", "/account/a")
            .cookie("aal1")
            .saw(&[("x-user-id", "alice")]),
        case("a forged name", "GET", "/public/a")
            .header("X-User-Id", "forged")
            .header("X-User-Email", "forged")
            .header("X-Session-Aal", "forged")
            .saw(&[("x-user-id", "")]),
        case("no rule", "GET", "/elsewhere")
            .program()
            .refused(403, ""),
        case("two readings", "GET", "/public/%2e%2e/account/a")
            .program()
            .refused(403, ""),
        case("an outage", "GET", "/account/a")
            .program()
            .cookie("outage")
            .refused(500, ""),
        case("the login", "GET", "/auth/self-service/login/browser")
            .browser()
            .own(200),
    ];
    for case in cases {
        let seen = observe(&case, 1, nginx.address, &world);
        let name = case.name;
        assert_eq!(
            seen.is(&case.want),
            Ok(()),
            "{name}: {seen:#?}\n{}",
            nginx.log()
        );
    }
}

#[test]
fn a_request_that_nginx_refuses_has_one_decision_and_a_line_for_its_answer() {
    let Some((world, nginx)) = super::start(&Nginx, Timestamp::now()) else {
        return;
    };
    let case = case("nobody", "GET", "/account/once")
        .program()
        .refused(401, "session_required");
    let seen = observe(&case, 1, nginx.address, &world);
    assert_eq!(seen.is(&case.want), Ok(()), "{seen:#?}");
    let lines = || {
        let log = world.log();
        let about = log
            .lines()
            .filter(|line| line.contains("\"/account/once\""));
        about.map(str::to_owned).collect::<Vec<String>>()
    };
    assert!(eventually(|| lines().len() == 2), "{:#?}", lines());
    let again = |line: &&String| line.contains("\"repeated\":true");
    assert_eq!(lines().iter().filter(again).count(), 1, "{:#?}", lines());
}

#[test]
fn nginx_lets_nobody_in_when_stepgate_is_gone() {
    let Some((mut world, nginx)) = super::start(&Nginx, Timestamp::now()) else {
        return;
    };
    let public = case("public", "GET", "/public/a").program();
    let allowed = observe(&public, 1, nginx.address, &world);
    assert_eq!(allowed.is(&public.want), Ok(()), "{allowed:#?}");
    world.stop_stepgate();
    let refused = observe(&public, 1, nginx.address, &world);
    assert_eq!((refused.status, refused.reached), (502, None));
}

#[test]
fn the_page_about_nginx_shows_the_configuration_that_is_tested() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nginx.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> = page.split("```nginx\n").skip(1).collect();
    let minimal = deployed::file("nginx/minimal.conf", &[]);
    // What follows stands in for lines of it, or beside them.
    for block in blocks.iter().take(2) {
        let shown = block.split("```").next().unwrap();
        assert!(minimal.contains(shown), "not in minimal.conf:\n{shown}");
    }
    assert!(blocks.len() >= 2);
}
