//! Applications that are slow, wrong or gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::world::{Plan, World};
use crate::support::server::{Server, ok};

const GET: &str = "GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n";

fn rules(upstream: &str) -> String {
    format!(
        "upstreams:\n  app: {upstream}\nrules:\n  - {{ id: all, match: {{ path: /** }}, \
         required_aal: none, upstream: app }}\n"
    )
}

#[test]
fn one_connection_serves_request_after_request() {
    let app = Server::hello();
    let world = World::before(&app);
    let mut client = world.client();
    for _ in 0..10 {
        assert_eq!(client.ask(GET).text(), "hello");
    }
    assert_eq!(world.ask(GET).text(), "hello");
    assert_eq!(app.connections(), 1);
}

#[test]
fn an_application_that_is_not_there_is_answered_for_with_502() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let world = Plan::with_rules(&rules(&format!("{{ url: \"http://{gone}\" }}"))).start();
    let answer = world.ask(GET);
    assert_eq!(
        (answer.status, answer.error_id().as_str()),
        (502, "upstream_unreachable")
    );
    let page = world.ask("GET /a HTTP/1.1\r\nHost: app.test\r\nAccept: text/html\r\n\r\n");
    assert_eq!(page.status, 502);
    assert_eq!(page.one("content-type"), Some("text/html; charset=utf-8"));
}

#[test]
fn answers_that_are_no_proper_http_are_never_passed_on() {
    for bad in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        "nonsense\r\n\r\n",
        "",
    ] {
        let app = Server::serving(move |line, _| {
            let Some(_) = line.request() else { return };
            line.write(bad.as_bytes());
        });
        let world = World::before(&app);
        let answer = world.ask(GET);
        let got = (answer.status, answer.error_id());
        assert_eq!(got, (502, "upstream_unreachable".to_owned()), "{bad:?}");
    }
}

#[test]
fn bytes_beyond_an_answer_never_reach_the_next_client() {
    let app = Server::serving(|line, _| {
        while line.request().is_some() {
            let mut bytes = ok("good");
            bytes.extend(ok("EVIL"));
            line.write(&bytes);
        }
    });
    let world = World::before(&app);
    for _ in 0..5 {
        assert_eq!(world.ask(GET).text(), "good");
    }
}

#[test]
fn a_pooled_connection_that_was_closed_is_replaced_unseen() {
    let app = Server::serving(|line, _| {
        if line.request().is_some() {
            line.write(&ok("once"));
        }
    });
    let world = World::before(&app);
    let mut client = world.client();
    for _ in 0..10 {
        assert_eq!(client.ask(GET).text(), "once");
    }
    let post = "POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\n\r\nx";
    for _ in 0..5 {
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(client.ask(post).text(), "once");
    }
}

#[test]
fn a_get_lost_on_a_pooled_connection_is_sent_once_more_and_a_post_is_not() {
    let app = Server::serving(|line, number| {
        let Some(_) = line.request() else { return };
        line.write(&ok("first"));
        // The second request on any connection but the last is read and dropped.
        if number < 2 {
            let _ = line.request();
        }
    });
    let world = World::before(&app);
    let mut client = world.client();
    assert_eq!(client.ask(GET).status, 200);
    assert_eq!(client.ask(GET).status, 200);
    assert_eq!(app.received().len(), 3);
    let post = "POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\n\r\nx";
    assert_eq!(client.ask(post).status, 502);
    assert_eq!(app.received().len(), 4);
}

#[test]
fn several_endpoints_take_turns_and_a_dead_one_is_left_out() {
    let (one, two) = (
        Server::replying(|_| ok("one")),
        Server::replying(|_| ok("two")),
    );
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let upstream = format!(
        "{{ endpoints: [\"http://{}\", \"http://{}\", \"http://{gone}\"], balance: round_robin }}",
        one.address, two.address
    );
    let world = Plan::with_rules(&rules(&upstream)).start();
    let mut client = world.client();
    for _ in 0..30 {
        assert_eq!(client.ask(GET).status, 200);
    }
    assert!(one.received().len() >= 10 && two.received().len() >= 10);
}

#[test]
fn a_session_stays_with_its_endpoint_under_consistent_hash() {
    let (one, two) = (Server::hello(), Server::hello());
    let upstream = format!(
        "{{ endpoints: [\"http://{}\", \"http://{}\"], balance: consistent_hash }}",
        one.address, two.address
    );
    let world = Plan::with_rules(&rules(&upstream)).start();
    for _ in 0..10 {
        assert_eq!(world.ask(GET).status, 200);
    }
    let counts = (one.received().len(), two.received().len());
    assert!(counts == (10, 0) || counts == (0, 10), "{counts:?}");
}

#[test]
fn a_unix_socket_serves_as_well_as_a_port() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            while stream.read(&mut head).is_ok_and(|size| size > 0) {
                count.fetch_add(1, Ordering::SeqCst);
                stream.write_all(&ok("unix")).unwrap();
            }
        }
    });
    let upstream = format!("{{ url: \"unix:{}\" }}", path.display());
    let world = Plan::with_rules(&rules(&upstream)).start();
    assert_eq!(world.ask(GET).text(), "unix");
    assert_eq!(served.load(Ordering::SeqCst), 1);
}
