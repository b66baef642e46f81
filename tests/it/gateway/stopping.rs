//! How the proxy stops, and what it does not share.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use super::world::{Plan, World};
use crate::support::server::{Server, ok};
use stepgate::gateway::{ListenAddress, StartError};

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
