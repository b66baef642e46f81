//! Applications that break.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::Gateway;
use crate::support::client::{Exchange, exchange, get};
use crate::support::eventually;
use crate::support::free_port;
use crate::support::reply::Reply;
use crate::support::server::{Message, Server, ok};

/// An application that answers everything with these bytes and keeps the connection.
fn saying(answer: &'static str) -> Server {
    Server::replying(move |_| Vec::from(answer))
}

/// The same, closing the connection afterwards.
fn saying_then_closing(answer: &'static str) -> Server {
    Server::replying(move |_| Reply::BytesThenClose(answer.into()))
}

/// The same, without an answer.
fn closing() -> Server {
    saying_then_closing("")
}

fn ask(gateway: &Gateway) -> Exchange {
    get(gateway.address, "app.test", "/page", "")
}

/// The client must be able to tell that the answer was cut.
fn assert_cut(answer: &Exchange, what: &str) {
    let whole = answer
        .responses
        .first()
        .is_some_and(|it| it.status == 200 && it.whole);
    assert!(!whole, "{what}: a cut answer looked whole");
}

#[test]
fn an_upstream_that_refuses_connections_gives_502() {
    let gateway = Gateway::before_address(free_port());
    let answer = ask(&gateway);
    assert_eq!(answer.status(), Some(502));
    assert_eq!(answer.error_id(), "upstream_unreachable");
}

#[test]
fn an_upstream_that_says_nothing_gives_504() {
    let upstream = Server::replying(|_| Reply::Silence);
    let gateway = Gateway::before(&upstream);
    let answer = ask(&gateway);
    assert_eq!(answer.status(), Some(504));
    assert_eq!(answer.error_id(), "upstream_timeout");
}

#[test]
fn an_upstream_that_closes_without_an_answer_gives_502() {
    let upstream = closing();
    let gateway = Gateway::before(&upstream);
    assert_eq!(ask(&gateway).status(), Some(502));
}

#[test]
fn an_unsafe_request_is_never_sent_twice() {
    let upstream = closing();
    let gateway = Gateway::before(&upstream);
    let post = b"POST /pay HTTP/1.1\r\nHost: app.test\r\nContent-Length: 3\r\n\r\nabc";
    let answer = exchange(gateway.address, post, Duration::from_secs(10));
    assert_eq!(answer.status(), Some(502));
    assert_eq!(upstream.received().len(), 1);
}

#[test]
fn a_pooled_connection_that_the_upstream_closed_is_replaced_unnoticed() {
    let upstream = saying_then_closing("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let gateway = Gateway::before(&upstream);
    for _ in 0..20 {
        assert_eq!(ask(&gateway).status(), Some(200));
    }
    assert_eq!(
        upstream.received().len(),
        20,
        "each request reached the upstream once"
    );
}

#[test]
fn a_short_body_never_looks_whole() {
    let upstream = saying_then_closing("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    assert_cut(&ask(&Gateway::before(&upstream)), "short content-length");
}

#[test]
fn a_cut_chunked_body_never_looks_whole() {
    let upstream =
        saying_then_closing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    assert_cut(&ask(&Gateway::before(&upstream)), "cut chunks");
}

#[test]
fn a_malformed_chunk_never_looks_whole() {
    let upstream = saying(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n0\r\n\r\n",
    );
    assert_cut(&ask(&Gateway::before(&upstream)), "bad chunk");
}

#[test]
fn a_body_that_stalls_is_cut() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    let upstream = Server::replying(|_| Reply::BytesThenSilence(half.to_vec()));
    let answer = ask(&Gateway::before(&upstream));
    assert_cut(&answer, "stalled body");
    assert!(answer.closed, "the client was left waiting");
}

#[test]
fn answers_that_can_be_read_in_two_ways_give_502() {
    let double =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let coding = "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n";
    let switching =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n";
    let lengths = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!";
    let folded = "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok";
    let garbage = "this is not HTTP at all\r\n\r\n";
    for answer in [double, coding, switching, lengths, folded, garbage] {
        let gateway = Gateway::before(&saying_then_closing(answer));
        let got = ask(&gateway);
        assert_eq!(got.status(), Some(502), "{answer:?}");
    }
}

#[test]
fn bytes_behind_an_answer_reach_no_other_client() {
    let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL";
    for first in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n",
    ] {
        let answered = AtomicUsize::new(0);
        let upstream = Server::replying(move |_| {
            if answered.fetch_add(1, Ordering::SeqCst) == 0 {
                [first, evil].concat().into_bytes()
            } else {
                ok("good")
            }
        });
        let gateway = Gateway::before(&upstream);
        let answer = ask(&gateway);
        assert!(
            !String::from_utf8_lossy(&answer.bytes).contains("EVIL"),
            "{first:?}"
        );
        let next = ask(&gateway);
        assert!(
            !String::from_utf8_lossy(&next.bytes).contains("EVIL"),
            "{first:?}"
        );
    }
}

#[test]
fn endless_interim_answers_are_given_up() {
    let upstream = Server::serving(|line, _| {
        let _ = line.request();
        let hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        let _written = (0..100_000).all(|_| line.write(hint));
    });
    let gateway = Gateway::before(&upstream);
    assert_eq!(ask(&gateway).status(), Some(502));
}

#[test]
fn an_early_answer_to_an_upload_is_passed_on() {
    let upstream = Server::serving(|line, _| {
        let _ = line.head();
        line.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        // Reading nothing of the body is what an application does that has seen enough.
        std::thread::sleep(Duration::from_millis(500));
    });
    let gateway = Gateway::before(&upstream);
    let head = "POST /upload HTTP/1.1\r\nHost: app.test\r\nContent-Length: 8000000\r\n\r\n";
    let body = vec![b'a'; 8_000_000];
    let bytes = [head.as_bytes(), &body].concat();
    let answer = exchange(gateway.address, &bytes, Duration::from_secs(10));
    assert_eq!(answer.status(), Some(413));
}

#[test]
fn a_client_that_leaves_frees_its_upstream() {
    let gone = std::sync::Arc::new(AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&gone);
    let upstream = Server::serving(move |line, _| {
        let _ = line.request();
        line.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let piece = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
        while line.write(piece.as_bytes()) {}
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let gateway = Gateway::before(&upstream);
    let mut client = TcpStream::connect(gateway.address).unwrap();
    client
        .write_all(b"GET /endless HTTP/1.1\r\nHost: app.test\r\n\r\n")
        .unwrap();
    assert!(eventually(|| !upstream.received().is_empty()));
    drop(client);
    assert!(
        eventually(|| gone.load(Ordering::SeqCst) == 1),
        "the upstream still sends"
    );
}

#[test]
fn a_client_that_reads_nothing_does_not_fill_the_memory() {
    let upstream = Server::serving(|line, _| {
        let _ = line.request();
        line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n");
        let piece = vec![b'a'; 1_000_000];
        let _written = (0..200).all(|_| line.write(&piece));
    });
    let gateway = Gateway::before(&upstream);
    ask_head_only(&gateway);
    let before = gateway.program.resident_kib();
    let mut client = TcpStream::connect(gateway.address).unwrap();
    client
        .write_all(b"GET /big HTTP/1.1\r\nHost: app.test\r\n\r\n")
        .unwrap();
    assert!(eventually(|| upstream.received().len() == 2));
    std::thread::sleep(Duration::from_millis(500));
    let grown = gateway.program.resident_kib().saturating_sub(before);
    assert!(grown < 32 * 1024, "grew by {grown} KiB");
}

/// One request whose answer is not read either, so that what is made once is made.
fn ask_head_only(gateway: &Gateway) {
    let mut client = TcpStream::connect(gateway.address).unwrap();
    client
        .write_all(b"GET /first HTTP/1.1\r\nHost: app.test\r\n\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
}

#[test]
fn what_the_upstream_gets_names_its_framing_once() {
    let upstream = Server::echo();
    let gateway = Gateway::before(&upstream);
    let chunked = b"POST /up HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nhello\r\n0\r\nX-Trailer: t\r\n\r\n";
    assert_eq!(
        exchange(gateway.address, chunked, Duration::from_secs(5)).status(),
        Some(200)
    );
    let sized = b"POST /up HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello";
    assert_eq!(
        exchange(gateway.address, sized, Duration::from_secs(5)).status(),
        Some(200)
    );
    let requests: Vec<Message> = upstream.take();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.body, b"hello");
        let length = request.header("content-length").is_some();
        let coding = request.header("transfer-encoding").is_some();
        assert!(length != coding, "{}", request.head);
    }
}
