//! How the proxy stops, and what it does not share.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use super::http2;
use super::world::{Plan, World};
use crate::support::client::{Connection, Response};
use crate::support::server::{Server, ok};
use stepgate::gateway::{ListenAddress, SocketMode, StartError};

const GET: &str = "GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n";

#[test]
fn what_is_under_way_finishes_and_what_is_idle_is_closed() {
    let (go, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let app = Server::serving(move |line, _| {
        while let Some(seen) = line.request() {
            if seen.line().contains("slow") {
                gate.lock().unwrap().recv().unwrap();
            }
            line.write(&ok("done"));
        }
    });
    let mut world = World::before(&app);
    let address = world.address();
    let mut idle = world.client();
    assert_eq!(idle.ask(GET).status, 200);
    let mut busy = world.client();
    busy.send("GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n");
    while app.received().len() < 2 {
        std::thread::sleep(Duration::from_millis(2));
    }
    let running = world.gate.take().unwrap();
    running.drain();
    assert!(idle.is_closed());
    go.send(()).unwrap();
    assert_eq!(busy.answer().unwrap().text(), "done");
    assert!(busy.is_closed());
    running.join();
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn what_does_not_finish_in_time_is_cut() {
    let app = Server::serving(|line, _| {
        let _ = line.request();
        line.read(&mut [0; 1]);
    });
    let mut plan = Plan::for_app(&app);
    plan.config.timeouts.drain = Duration::from_millis(200);
    let mut world = plan.start();
    let mut client = world.client();
    client.send(GET);
    while app.received().is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let running = world.gate.take().unwrap();
    running.drain();
    running.join();
    assert!(client.answer().is_none());
}

#[test]
fn a_second_process_on_the_same_address_does_not_start() {
    let app = Server::hello();
    let world = World::before(&app);
    let mut plan = Plan::for_app(&app);
    plan.config.listeners[0].address = ListenAddress::Tcp(world.address());
    let refused = plan.try_start().err().unwrap();
    assert!(matches!(refused, StartError::Bind { .. }), "{refused}");
    assert_eq!(world.ask(GET).status, 200);
}

#[test]
fn a_unix_socket_is_listened_on_and_a_stale_one_is_replaced() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.listeners[0].address = ListenAddress::Unix(path.clone());
    let _world = plan.start();
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    stream
        .write_all(b"GET /a HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let mut second = Plan::for_app(&app);
    second.config.listeners[0].address = ListenAddress::Unix(path);
    assert!(second.try_start().is_err());
}

#[test]
fn all_workers_serve_the_same_address() {
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.workers = std::num::NonZeroUsize::new(3);
    let world = Arc::new(plan.start());
    let asking: Vec<_> = (0..16)
        .map(|_| {
            let world = Arc::clone(&world);
            std::thread::spawn(move || {
                let mut client = world.client();
                (0..20).all(|_| client.ask(GET).status == 200)
            })
        })
        .collect();
    assert!(asking.into_iter().all(|asking| asking.join().unwrap()));
    assert!(app.connections() <= 16);
}

#[test]
fn plain_requests_are_sent_to_https_where_a_listener_says_so() {
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.listeners[0].redirect_to_https = true;
    let world = plan.start();
    let answer =
        world.ask("POST /a?b=c HTTP/1.1\r\nHost: app.test:80\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(answer.status, 308);
    assert_eq!(answer.one("location"), Some("https://app.test/a?b=c"));
    assert!(app.received().is_empty());
}

/// A gateway that goes on accepting for long once it is asked to stop.
fn patient(app: &Server) -> World {
    let mut plan = Plan::for_app(app);
    plan.config.timeouts.before_drain = Duration::from_secs(600);
    plan.start()
}

#[test]
fn before_the_drain_connections_are_taken_and_answers_say_that_they_are_the_last() {
    let app = Server::hello();
    let mut world = patient(&app);
    let mut open = world.client();
    assert_eq!(open.ask(GET).header("connection"), None);
    let running = world.gate.take().unwrap();
    running.drain();
    let last = open.ask(GET);
    // Workers hear of it a moment later.
    let (last, mut open) = match last.header("connection") {
        Some(_) => (last, open),
        None => first_with_close(running.addresses()),
    };
    assert_eq!(last.status, 200);
    assert_eq!(last.header("connection"), Some("close"));
    assert!(open.is_closed());
    let late = first_with_close(running.addresses()).0;
    assert_eq!(late.status, 200);
    running.cut();
    running.join();
}

/// The first answer on a new connection that says that it is the last.
fn first_with_close(addresses: &[ListenAddress]) -> (Response, Connection) {
    let ListenAddress::Tcp(address) = addresses[0] else {
        panic!("no TCP address");
    };
    loop {
        let mut client = Connection::open(address);
        let answer = client.ask(GET);
        if answer.header("connection").is_some() {
            return (answer, client);
        }
    }
}

#[test]
fn before_the_drain_a_client_of_http2_is_told_to_go_after_its_answer() {
    let app = Server::hello();
    let mut world = patient(&app);
    let address = world.address();
    let running = world.gate.take().unwrap();
    running.drain();
    drop(first_with_close(running.addresses()));
    http2::block_on(async {
        let mut sender = http2::h2c(address).await;
        let answer = sender.send_request(http2::get("/a")).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(http2::text(answer).await, "hello");
        // GOAWAY has come: the connection ends by itself, long before the drain.
        while sender.ready().await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    running.cut();
    running.join();
}

#[test]
fn the_time_before_the_drain_is_not_waited_for_by_whoever_says_now() {
    let app = Server::hello();
    let mut world = patient(&app);
    let address = world.address();
    let running = world.gate.take().unwrap();
    running.drain();
    running.cut();
    running.join();
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_socket_has_the_mode_that_is_written_and_goes_when_nothing_is_accepted_any_more() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.sock");
    let app = Server::hello();
    for mode in ["0660", "600", "0666"] {
        let mut plan = Plan::for_app(&app);
        plan.config.listeners[0].address = ListenAddress::Unix(path.clone());
        plan.config.listeners[0].socket_mode = SocketMode::parse(mode).unwrap();
        let mut world = plan.start();
        let found = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(found & 0o777, u32::from_str_radix(mode, 8).unwrap());
        let running = world.gate.take().unwrap();
        running.drain();
        running.join();
        assert!(!path.exists(), "{mode}");
    }
    for none in ["", "66", "0888", "06600", "+66", "1777"] {
        assert_eq!(SocketMode::parse(none), None, "{none}");
    }
}

#[test]
fn a_file_that_is_no_socket_is_never_removed_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "mine").unwrap();
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.listeners[0].address = ListenAddress::Unix(path.clone());
    let refused = plan.try_start().err().unwrap().to_string();
    assert!(refused.contains("another kind"), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn a_socket_that_took_the_place_of_ours_stays_when_we_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.sock");
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.listeners[0].address = ListenAddress::Unix(path.clone());
    let mut world = plan.start();
    std::fs::remove_file(&path).unwrap();
    let _successor = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let running = world.gate.take().unwrap();
    running.drain();
    running.join();
    assert!(path.exists());
}
