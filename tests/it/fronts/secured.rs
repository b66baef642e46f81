//! The table of [`super::cases`] by TLS: HTTP/2 from clients to a front, which is configured as its
//! page says, and the same to Stepgate's own proxy. Everything must come out as it does without
//! TLS, apart from the scheme.

use std::cell::RefCell;
use std::path::Path;

use jiff::Timestamp;

use super::case::{Case, case};
use super::certificate::Certificate;
use super::compare::{Allowance, Seen, observe_by};
use super::encrypted::Client;
use super::process::Started;
use super::proxy::Proxy;
use super::world::{HOST, World};
use super::{Front, cases, find, table};
use crate::support::message::Response;

/// A front that also takes TLS.
pub(crate) trait Secured: Front {
    /// Starts it with the listener of its page's part "With TLS".
    fn start_secured(&self, program: &Path, world: &World, certificate: &Certificate) -> Started;

    /// As [`Front::allowances`], for what is so by HTTP/2 alone.
    fn secured_allowances(&self) -> &'static [Allowance] {
        &[]
    }
}

impl Secured for Proxy {
    fn start_secured(&self, _: &Path, world: &World, _: &Certificate) -> Started {
        Started::within(world.proxy_tls())
    }
}

/// One side: what is asked, and where.
struct Side {
    world: World,
    started: Started,
    client: Client,
    _certificate: Certificate,
}

impl Side {
    fn start(front: &dyn Secured, program: &Path, now: Timestamp) -> Self {
        let certificate = Certificate::make();
        let world = World::secured(now, &certificate);
        let started = front.start_secured(program, &world, &certificate);
        let client = Client::of(started.address, &certificate);
        Self {
            world,
            started,
            client,
            _certificate: certificate,
        }
    }

    fn observe(&self, case: &Case) -> Seen {
        let faults = RefCell::new(Vec::new());
        let mut seen = observe_by(case, &self.world, |cookies| {
            let (answer, shouted) = self.client.ask(case, 1, cookies)?;
            faults.borrow_mut().extend(faults_of(&answer));
            Some((answer, shouted))
        });
        seen.faults.extend(faults.take());
        // The table is written for http.
        let location = seen.location.as_mut();
        if let Some(location) = location {
            for (plain, secured) in PLAIN.iter().zip(SECURED) {
                *location = location.replace(secured, plain);
            }
        }
        seen
    }
}

/// Addresses without TLS, and cookies of ours for anybody on the way.
fn faults_of(answer: &Response) -> Vec<String> {
    let text = format!("{}{}", answer.head, answer.text());
    let plain = PLAIN.iter().filter(|plain| text.contains(*plain));
    let plain = plain.map(|plain| format!("{plain} in {text}"));
    let own = answer.headers("set-cookie").into_iter();
    let own = own.filter(|line| line.starts_with("stepgate_") && !line.contains("; Secure"));
    plain.chain(own.map(str::to_owned)).collect()
}

/// How the application's addresses begin in answers, and how they mustn't.
const PLAIN: [&str; 2] = ["http://app.test", "http%3A%2F%2Fapp.test"];
const SECURED: [&str; 2] = ["https://app.test", "https%3A%2F%2Fapp.test"];

/// A host in `:authority` and another one in `Host`: fronts that don't refuse it go by the former,
/// all the way.
fn one_host(front: &dyn Secured, side: &Side) {
    for (authority, host) in [(HOST, "other.test"), ("other.test", HOST)] {
        side.world.application.take();
        let case = case("two hosts", "GET", "/account/a")
            .host(authority)
            .cookie("aal1")
            .program()
            .header("Host", host);
        let answer = side.client.ask(&case, 1, &[]);
        let status = answer.map(|(answer, _)| answer.status);
        let reached = side.world.application.take();
        let hosts: Vec<_> = reached.iter().map(|it| it.header("host")).collect();
        let (name, log) = (front.name(), side.started.log());
        if status == Some(200) {
            assert_eq!(
                (authority, hosts),
                (HOST, vec![Some(HOST)]),
                "{name}\n{log}"
            );
        } else {
            assert!(hosts.is_empty(), "{name}: {status:?}, {hosts:?}\n{log}");
        }
        if front.program().is_none() {
            assert_eq!(status, Some(400));
        }
    }
}

/// WebSockets by HTTP/2, where the front has them: judged like those by HTTP/1.1.
fn sockets(front: &dyn Secured, side: &Side) {
    let socket = |path| case("socket", "GET", path).header("Sec-WebSocket-Version", "13");
    let own = "https://app.test";
    let open = |case: &Case| {
        side.world.application.take();
        let came = side.client.socket_by_http2(case);
        let reached = side.world.application.take();
        let reached = reached.iter().any(|it| it.header("upgrade").is_some());
        (came, reached)
    };
    let refused = [
        socket("/socket/a").header("Origin", own),
        socket("/socket/a").cookie("aal1"),
        socket("/socket/a")
            .cookie("aal1")
            .header("Origin", "https://other.test"),
        socket("/transfer/a").cookie("aal1").header("Origin", own),
    ];
    let (name, log) = (front.name(), || side.started.log());
    for case in refused {
        let (came, reached) = open(&case);
        assert!(
            came.shouted.is_none() && !reached,
            "{name}: {case:?}: {came:?}\n{}",
            log()
        );
    }
    let (came, _) = open(&socket("/socket/a").cookie("aal1").header("Origin", own));
    if came.on_offer {
        assert_eq!(came.shouted.as_deref(), Some("HELLO"), "{name}: {}", log());
    }
    eprintln!("{name}: WebSockets by HTTP/2: {}", came.on_offer);
}

/// Runs the table through `front` and through the proxy itself, both by TLS.
pub(super) fn run(front: &dyn Secured) {
    let Some(program) = find(front) else {
        return;
    };
    let now = Timestamp::now();
    let side = Side::start(front, &program, now);
    let own = Side::start(&Proxy, Path::new(""), now);
    let allowances = [front.allowances(), front.secured_allowances()].concat();
    let mut wrong = Vec::new();
    for case in cases::secured() {
        let proxy = own.observe(&case);
        let seen = side.observe(&case);
        wrong.extend(table::judged(&allowances, &case, &seen, &proxy, 1));
    }
    table::fail_with(&wrong, front.name(), &side.started, &side.world);
    one_host(front, &side);
    sockets(front, &side);
    let asked = side.world.identity.server.received();
    let login = asked.iter().filter(|it| it.target().contains("/login/"));
    for request in login {
        // It makes its links and cookies by this.
        assert_eq!(request.one("x-forwarded-proto"), Some("https"));
        assert_eq!(request.one("x-forwarded-host"), Some("app.test"));
    }
}
