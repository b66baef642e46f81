//! Calls whose message never comes, or comes as no message: each is refused in the words of gRPC,
//! counted and told once, and holds its place no longer than a message may take.

use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use h2::client::ResponseFuture;
use h2::{Reason, SendStream};
use prost::Message as _;
use tonic::Code;

use super::client::{CHECK, Front, PATIENCE, framed, received};
use super::place::{Place, drive};
use super::{about, allowed, cookie, denied, status};
use crate::support::client::Connection;
use crate::support::people::ALICE;
use crate::support::server::Server;

const WATCH: &str = "/grpc.health.v1.Health/Watch";

fn good() -> Vec<u8> {
    framed(&about("/public/x", &[]).encode_to_vec())
}

/// Begins a call and sends the beginning of its message.
async fn half(front: &mut Front, path: &str) -> (ResponseFuture, SendStream<Bytes>) {
    let (answer, mut stream) = front.begin(path).await;
    let start = Bytes::copy_from_slice(&good()[..10]);
    stream.send_data(start, false).unwrap();
    (answer, stream)
}

/// A whole call on the same connection: what was sent before it has been read by then.
async fn whole(front: &mut Front) {
    let answer: CheckResponse = front.call(CHECK, &good()).await.message();
    allowed(&answer);
}

fn is_late(answer: &CheckResponse) {
    assert_eq!(status(answer), 408);
    let code = answer.status.as_ref().unwrap().code;
    assert_eq!(code, i32::from(Code::DeadlineExceeded));
    let body: serde_json::Value = serde_json::from_str(&denied(answer).body).unwrap();
    assert_eq!(body["error"]["id"], "timeout");
}

#[test]
fn a_message_that_does_not_come_in_time_is_a_no_and_its_stream_ends() {
    let place = Place::start();
    drive(async {
        let mut front = Front::connect(place.address("ext_authz")).await;
        let (nothing, _open) = front.begin(CHECK).await;
        let (begun, mut stream) = half(&mut front, CHECK).await;
        whole(&mut front).await;
        place.let_the_limit_pass();
        is_late(&received(nothing).await.message());
        is_late(&received(begun).await.message());
        let ended = tokio::time::timeout(PATIENCE, poll_fn(|cx| stream.poll_reset(cx))).await;
        assert_eq!(ended.unwrap().unwrap(), Reason::NO_ERROR);
        whole(&mut front).await;
        place.until_refused(2);
    });
}

#[test]
fn bytes_that_come_one_by_one_get_no_more_time() {
    let place = Place::start();
    drive(async {
        let mut front = Front::connect(place.address("ext_authz")).await;
        let (answer, mut stream) = half(&mut front, CHECK).await;
        for byte in &good()[10..13] {
            let byte = Bytes::copy_from_slice(&[*byte]);
            stream.send_data(byte, false).unwrap();
            whole(&mut front).await;
            place.gateway.clock.advance(Duration::from_secs(21));
        }
        is_late(&received(answer).await.message());
        place.until_refused(1);
    });
}

#[test]
fn a_health_check_that_does_not_come_in_time_fails_as_a_call() {
    let place = Place::start();
    drive(async {
        let mut front = Front::connect(place.address("ext_authz")).await;
        let (answer, _stream) = half(&mut front, WATCH).await;
        whole(&mut front).await;
        place.let_the_limit_pass();
        let came = received(answer).await;
        assert_eq!(came.head["grpc-status"], "4", "{came:?}");
        assert_eq!(came.head["content-type"], "application/grpc");
    });
}

#[test]
fn calls_that_do_not_go_on_take_nobodys_place_for_longer() {
    let place = Place::start();
    drive(async {
        let mut front = Front::connect(place.address("ext_authz")).await;
        // Four streams may be open: three that wait, and one to see that they were read.
        for round in 1..=3_u64 {
            let mut waiting = Vec::new();
            for _ in 0..3 {
                waiting.push(half(&mut front, CHECK).await);
            }
            whole(&mut front).await;
            place.let_the_limit_pass();
            for (answer, _stream) in waiting {
                is_late(&received(answer).await.message());
            }
            place.until_refused(3 * round);
        }
    });
}

#[test]
fn a_call_that_breaks_off_is_counted_and_told() {
    let place = Place::start();
    drive(async {
        let mut front = Front::connect(place.address("ext_authz")).await;
        let (answer, mut stream) = half(&mut front, CHECK).await;
        whole(&mut front).await;
        stream.send_reset(Reason::CANCEL);
        assert!(answer.await.is_err());
        place.until_refused(1);
        // The whole connection goes.
        let (_answer, _stream) = half(&mut front, CHECK).await;
        whole(&mut front).await;
        front.driving.abort();
        place.until_refused(2);
        let mut other = Front::connect(place.address("ext_authz")).await;
        whole(&mut other).await;
    });
}

#[test]
fn each_message_that_is_none_is_one_refusal_in_numbers_and_audit_log() {
    let place = Place::start();
    drive(async {
        let mut front = Front::connect(place.address("ext_authz")).await;
        let good = good();
        let broken = [
            Vec::new(),
            b"\0\0".to_vec(),
            good[..good.len() - 1].to_vec(),
            framed(b"\xff\xff\xff"),
            [&[1], &good[1..]].concat(),
            [&good[..], &good[..]].concat(),
            b"\0\xff\xff\xff\xffx".to_vec(),
        ];
        for (count, bytes) in (1..).zip(&broken) {
            let answer: CheckResponse = front.call(CHECK, bytes).await.message();
            denied(&answer);
            place.until_refused(count);
        }
        assert_eq!(place.counted("ext_authz", "allow"), 0);
    });
}

/// An identity service that never says anything.
fn silent() -> Server {
    Server::serving(|line, _| {
        if line.request().is_some() {
            line.wait();
        }
    })
}

#[test]
fn a_decision_that_takes_too_long_is_a_no_at_both_doors() {
    let place = Place::with(silent(), super::RULES);
    drive(async {
        let cookie = cookie(ALICE);
        let mut front = Front::connect(place.address("ext_authz")).await;
        let (answer, mut stream) = front.begin(CHECK).await;
        let question = about("/api/x", &[("cookie", &cookie)]).encode_to_vec();
        stream.send_data(framed(&question).into(), true).unwrap();
        let mut over_http = Connection::open(place.address("forward_auth"));
        over_http.send(format!(
            "GET /check HTTP/1.1\r\nHost: door.test\r\nX-Forwarded-Method: GET\r\n\
         X-Forwarded-Proto: https\r\nX-Forwarded-Host: app.test\r\nX-Forwarded-Uri: /api/x\r\n\
         Cookie: {cookie}\r\n\r\n"
        ));
        let resolver = place.gateway.running.resolver();
        let waiting = || resolver.counts().misses + resolver.counts().coalesced;
        assert!(crate::support::eventually(|| waiting() == 2));
        place.let_the_limit_pass();
        let answer: CheckResponse = received(answer).await.message();
        assert_eq!(status(&answer), 503);
        let refused = over_http.receive(false).unwrap();
        assert_eq!(refused.status, 503, "{refused:?}");
        assert_eq!(refused.error_id(), "identity_unavailable");
        for door in ["ext_authz", "forward_auth"] {
            assert_eq!(place.counted(door, "unavailable"), 1, "{door}");
            assert!(crate::support::eventually(|| place.audited(door).len() == 1));
        }
    });
}
