//! Bodies in both directions: streamed, ended where they end, aborted where they break.

use std::io::Write;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::world::World;
use crate::support::server::{Server, ok};

#[test]
fn a_body_of_known_length_and_a_chunked_one_arrive_whole() {
    let app = Server::hello();
    let world = World::before(&app);
    let mut client = world.client();
    let head = "POST /a HTTP/1.1\r\nHost: app.test\r\n";
    assert_eq!(
        client
            .ask(format!("{head}Content-Length: 3\r\n\r\nabc"))
            .status,
        200
    );
    let chunked = "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(client.ask(format!("{head}{chunked}")).status, 200);
    let seen = app.received();
    assert_eq!(seen[0].body, b"abc");
    assert_eq!(seen[0].one("content-length"), Some("3"));
    assert_eq!(seen[1].body, b"abcde");
    assert_eq!(seen[1].one("transfer-encoding"), Some("chunked"));
}

#[test]
fn a_chunked_body_of_a_get_is_framed_as_a_body() {
    let app = Server::hello();
    let world = World::before(&app);
    let request = "GET /a HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(world.ask(request).status, 200);
    assert_eq!(app.only().body, b"abc");
}

#[test]
fn request_trailers_pass_without_what_headers_may_not_say() {
    let app = Server::hello();
    let world = World::before(&app);
    let request = "POST /a HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\
                   Trailer: X-Sum, X-User-Id\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-User-Id: evil\r\n\r\n";
    assert_eq!(world.ask(request).status, 200);
    assert_eq!(app.only().trailers.to_lowercase(), "x-sum: 1\r\n");
}

#[test]
fn an_answers_chunks_and_trailers_pass() {
    let app = Server::replying(|_| {
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
          3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n"
            .to_vec()
    });
    let world = World::before(&app);
    let mut client = world.client();
    let request = "GET /a HTTP/1.1\r\nHost: app.test\r\nTE: trailers\r\n\r\n";
    for _ in 0..2 {
        let answer = client.ask(request);
        assert_eq!(answer.body, b"abc");
        assert_eq!(answer.trailers.to_lowercase(), "x-sum: 7\r\n");
        assert!(answer.whole);
    }
    assert_eq!(app.connections(), 1);
}

#[test]
fn head_and_empty_answers_keep_their_lengths_and_their_connections() {
    let app = Server::replying(|seen| match seen.line().split(' ').nth(1) {
        Some("/none") => b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n".to_vec(),
        Some("/same") => b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n".to_vec(),
        _ => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".to_vec(),
    });
    let world = World::before(&app);
    let mut client = world.client();
    let head = client.ask("HEAD /x HTTP/1.1\r\nHost: app.test\r\n\r\n");
    assert_eq!((head.status, head.one("content-length")), (200, Some("5")));
    let none = client.ask("GET /same HTTP/1.1\r\nHost: app.test\r\n\r\n");
    assert_eq!((none.status, none.one("etag")), (304, Some("x")));
    let none = client.ask("GET /none HTTP/1.1\r\nHost: app.test\r\n\r\n");
    assert_eq!((none.status, none.one("content-length")), (204, None));
    let again = client.ask("HEAD /x HTTP/1.1\r\nHost: app.test\r\n\r\n");
    assert_eq!(again.status, 200);
}

#[test]
fn a_range_passes_both_ways() {
    let app = Server::replying(|_| {
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nab"
            .to_vec()
    });
    let world = World::before(&app);
    let answer = world.ask("GET /a HTTP/1.1\r\nHost: app.test\r\nRange: bytes=0-1\r\n\r\n");
    assert_eq!((answer.status, answer.text().as_str()), (206, "ab"));
    assert_eq!(answer.one("content-range"), Some("bytes 0-1/9"));
    assert_eq!(app.only().one("range"), Some("bytes=0-1"));
}

#[test]
fn an_answer_that_is_cut_short_never_looks_whole() {
    let app = Server::serving(|line, number| {
        let Some(_) = line.request() else { return };
        line.write(match number {
            0 => b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".as_slice(),
            1 => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab".as_slice(),
            _ => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab".as_slice(),
        });
    });
    let world = World::before(&app);
    for _ in 0..3 {
        let mut client = world.client();
        client.send("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
        // A body that breaks early may take the head with it.
        if let Some(answer) = client.answer() {
            assert!(!answer.whole, "{answer:?}");
            assert!(client.is_closed());
        }
    }
}

#[test]
fn a_malformed_chunk_aborts_the_request_to_the_application() {
    let app = Server::hello();
    let world = World::before(&app);
    let request = "POST /a HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\nzz\r\nGET /admin/x HTTP/1.1\r\nHost: app.test\r\n\r\n";
    let mut client = world.client();
    client.send(request);
    let answer = client.answer().unwrap();
    assert_eq!(
        (answer.status, answer.error_id().as_str()),
        (400, "ambiguous_request")
    );
    assert!(client.is_closed());
    for seen in app.received() {
        assert!(!seen.whole);
    }
}

#[test]
fn an_early_answer_is_relayed_while_the_request_body_still_flows() {
    let app = Server::serving(|line, _| {
        let Some(_) = line.head() else { return };
        line.write(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 4\r\n\r\nfull");
        let mut rest = [0; 1024];
        while line.read(&mut rest) > 0 {}
    });
    let world = World::before(&app);
    let mut client = world.client();
    client.send("POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000000\r\n\r\nabc");
    let answer = client.answer().unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (413, "full"));
}

#[test]
fn whoever_expects_100_gets_it_and_the_application_the_body() {
    let app = Server::hello();
    let world = World::before(&app);
    let mut client = world.client();
    client.send(
        "POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(client.head().unwrap().status, 100);
    client.send("abc");
    assert_eq!(client.answer().unwrap().status, 200);
    assert_eq!(app.only().body, b"abc");
}

#[test]
fn a_refused_request_that_expects_100_is_refused_before_its_body() {
    let app = Server::hello();
    let world = World::before(&app);
    let answer = world.ask(
        "POST /admin/a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(answer.status, 401);
    assert!(app.received().is_empty());
}

#[test]
fn interim_answers_do_not_confuse_the_final_one() {
    let app = Server::replying(|_| {
        let mut bytes = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(3);
        bytes.extend(ok("final"));
        bytes
    });
    let world = World::before(&app);
    let mut client = world.client();
    for _ in 0..2 {
        let answer = client.ask("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
        assert_eq!((answer.status, answer.text().as_str()), (200, "final"));
    }
}

#[test]
fn an_event_stream_arrives_event_by_event() {
    let (next, events) = mpsc::channel::<()>();
    let events = Mutex::new(events);
    let app = Server::serving(move |line, _| {
        let Some(_) = line.request() else { return };
        line.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        for _ in events.lock().unwrap().iter() {
            line.write(b"data: x\n\n");
        }
    });
    let world = World::before(&app);
    let mut client = world.client();
    client.send("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    let head = client.head().unwrap();
    assert_eq!(head.one("content-type"), Some("text/event-stream"));
    for _ in 0..3 {
        next.send(()).unwrap();
        // One chunk, as it came.
        assert_eq!(client.read(14), b"9\r\ndata: x\n\n\r\n");
    }
}

#[test]
fn a_client_that_leaves_takes_its_request_with_it() {
    let (gone, left) = mpsc::channel();
    let gone = Mutex::new(gone);
    let app = Server::serving(move |line, _| {
        let Some(_) = line.request() else { return };
        let size = line.read(&mut [0; 1]);
        gone.lock().unwrap().send(size).unwrap();
    });
    let world = World::before(&app);
    let mut client = world.client();
    client.send("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    while app.received().is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(client);
    assert_eq!(left.recv_timeout(Duration::from_secs(10)), Ok(0));
}

#[test]
fn a_slow_reader_slows_the_application_down() {
    let written = Arc::new(Mutex::new(0_usize));
    let count = Arc::clone(&written);
    let app = Server::serving(move |line, _| {
        let Some(_) = line.request() else { return };
        line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        let block = vec![b'x'; 100_000];
        for _ in 0..1000 {
            if !line.write(&block) {
                return;
            }
            *count.lock().unwrap() += block.len();
        }
    });
    let world = World::before(&app);
    let mut client = world.client();
    client.send("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    assert_eq!(client.head().unwrap().status, 200);
    let mut before = usize::MAX;
    // Until nothing moves any more: all buffers on the way are full.
    loop {
        let now = *written.lock().unwrap();
        if now == before {
            break;
        }
        before = now;
        std::thread::sleep(Duration::from_millis(300));
    }
    assert!(
        before < 40_000_000,
        "{before} bytes were taken from the application"
    );
    client.stream().flush().unwrap();
}
