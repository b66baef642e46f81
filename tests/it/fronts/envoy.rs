//! Envoy with ext_authz, over gRPC and over HTTP.

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
use super::{Front, deployed, questions, table, vectors};

/// Over gRPC.
#[cfg(feature = "ext-authz")]
pub(super) struct Grpc;

/// Over HTTP.
pub(super) struct Http;

#[cfg(feature = "ext-authz")]
impl Front for Grpc {
    fn name(&self) -> &'static str {
        "Envoy over gRPC"
    }

    fn program(&self) -> Option<&'static str> {
        Some("envoy")
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        let decision = world.decision_grpc().expect("a gRPC listener");
        start(program, world, "envoy/grpc.yaml", (4457, decision))
    }

    fn allowances(&self) -> &'static [Allowance] {
        GRPC_ALLOWANCES
    }
}

impl Front for Http {
    fn name(&self) -> &'static str {
        "Envoy over HTTP"
    }

    fn program(&self) -> Option<&'static str> {
        Some("envoy")
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        let decision = world.decision_http().expect("an HTTP listener");
        start(program, world, "envoy/http.yaml", (4456, decision))
    }

    fn allowances(&self) -> &'static [Allowance] {
        HTTP_ALLOWANCES
    }
}

#[cfg(feature = "ext-authz")]
impl Secured for Grpc {
    fn start_secured(&self, program: &Path, world: &World, certificate: &Certificate) -> Started {
        let decision = world.decision_grpc().expect("a gRPC listener");
        let decision = (4457, decision);
        start_secured(
            program,
            world,
            "envoy/grpc.yaml",
            decision,
            certificate,
            |text| text,
        )
    }
}

impl Secured for Http {
    fn start_secured(&self, program: &Path, world: &World, certificate: &Certificate) -> Started {
        let decision = world.decision_http().expect("an HTTP listener");
        let decision = (4456, decision);
        start_secured(
            program,
            world,
            "envoy/http.yaml",
            decision,
            certificate,
            |text| text,
        )
    }
}

fn start(
    program: &Path,
    world: &World,
    file: &str,
    (default, decision): (u16, SocketAddr),
) -> Started {
    launch(program, world, file, (default, decision), |text| text)
}

/// The same with the part of its page about TLS, and what `change` makes of it.
pub(super) fn start_secured(
    program: &Path,
    world: &World,
    file: &str,
    decision: (u16, SocketAddr),
    certificate: &Certificate,
    change: impl Fn(String) -> String,
) -> Started {
    let [socket] = &deployed::examples_with_tls("envoy.md")[..] else {
        panic!("one example");
    };
    let socket = certificate.put_into(socket, "/etc/envoy");
    let filters = "          filters:\n";
    launch(program, world, file, decision, |text| {
        assert_eq!(text.matches(filters).count(), 1);
        change(text.replace(filters, &format!("{socket}{filters}")))
    })
}

fn launch(
    program: &Path,
    world: &World,
    file: &str,
    (default, decision): (u16, SocketAddr),
    change: impl Fn(String) -> String,
) -> Started {
    Started::launch(|address, folder| {
        let port = |port: u16| format!("port_value: {port} }}");
        let listen = |host: &str, number: u16| format!("address: {host}, {}", port(number));
        let changes = [
            (listen("0.0.0.0", 8000), listen("127.0.0.1", address.port())),
            (port(default), port(decision.port())),
            (port(4455), port(world.proxy().port())),
            (port(8080), port(world.application.address.port())),
            (port(9901), port(0)),
        ];
        let changes: Vec<(&str, &str)> = changes
            .iter()
            .map(|(from, to)| (from.as_str(), to.as_str()))
            .collect();
        let text = deployed::file(file, &changes);
        std::fs::write(folder.join("envoy.yaml"), change(text)).unwrap();
        let mut command = Command::new(program);
        command.args(["-c", "envoy.yaml", "--disable-hot-restart"]);
        command.args(["--concurrency", "1", "--log-level", "warning"]);
        command
    })
}

/// Over HTTP only.
const FAILED: &str = "Envoy takes a 5xx for a failure of Stepgate, and answers by status_on_error";

#[cfg(feature = "ext-authz")]
const GRPC_ALLOWANCES: &[Allowance] = &[NAMED_COOKIE, NUMBER_SIGN];

const HTTP_ALLOWANCES: &[Allowance] = &[
    NAMED_COOKIE,
    NUMBER_SIGN,
    refused("an outage", 503, FAILED),
    refused("an outage, a browser", 503, FAILED),
    refused("POST in an outage", 503, FAILED),
    refused(
        "HEAD without",
        401,
        "Envoy says nothing of a body that there isn't",
    ),
];

const NAMED_COOKIE: Allowance = refused(
    "Connection names the cookie",
    401,
    "Envoy takes out what Connection names before it asks",
);
const NUMBER_SIGN: Allowance = refused("a number sign", 400, "Envoy refuses it by itself");

const fn refused(case: &'static str, status: u16, because: &'static str) -> Allowance {
    Allowance {
        case,
        allow: Allow::RefusedBy(status),
        because,
    }
}

#[cfg(feature = "ext-authz")]
#[test]
fn envoy_over_grpc_answers_the_table_as_the_proxy_does() {
    table::run(&Grpc);
}

#[cfg(feature = "ext-authz")]
#[test]
fn envoy_over_grpc_with_tls_answers_the_table_as_the_proxy_does() {
    secured::run(&Grpc);
}

#[test]
fn envoy_over_http_with_tls_answers_the_table_as_the_proxy_does() {
    secured::run(&Http);
}

#[cfg(feature = "ext-authz")]
#[test]
fn envoy_over_grpc_lets_no_known_attack_through() {
    vectors::run(&Grpc);
}

#[cfg(feature = "ext-authz")]
#[test]
fn envoy_over_grpc_asks_once_for_a_session() {
    questions::run(&Grpc);
}

#[test]
fn envoy_over_http_answers_the_table_as_the_proxy_does() {
    table::run(&Http);
}

#[test]
fn envoy_over_http_lets_no_known_attack_through() {
    vectors::run(&Http);
}

#[test]
fn envoy_over_http_asks_once_for_a_session() {
    questions::run(&Http);
}

fn nobody_gets_in_when_stepgate_is_gone(front: &dyn Front) {
    let Some((mut world, envoy)) = super::start(front, Timestamp::now()) else {
        return;
    };
    let public = case("public", "GET", "/public/a").program();
    let allowed = observe(&public, 1, envoy.address, &world);
    assert_eq!(allowed.is(&public.want), Ok(()), "{allowed:#?}");
    world.stop_stepgate();
    let refused = observe(&public, 1, envoy.address, &world);
    assert_eq!((refused.status, refused.reached), (503, None));
}

#[cfg(feature = "ext-authz")]
#[test]
fn envoy_over_grpc_lets_nobody_in_when_stepgate_is_gone() {
    nobody_gets_in_when_stepgate_is_gone(&Grpc);
}

#[test]
fn envoy_over_http_lets_nobody_in_when_stepgate_is_gone() {
    nobody_gets_in_when_stepgate_is_gone(&Http);
}
