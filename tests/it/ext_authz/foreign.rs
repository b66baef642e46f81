//! What comes to the listener for gRPC and is no call of ours.

use http::{Method, Request, Version};
use prost::Message as _;

use super::about;
use super::client::{CHECK, Front, framed};
use super::place::{Place, drive};
use crate::support::client::Connection;

fn request(method: Method, path: &str, kind: &str) -> Request<()> {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://stepgate.test{path}"))
        .version(Version::HTTP_2);
    let request = match kind {
        "" => request,
        kind => request.header("content-type", kind),
    };
    request.body(()).unwrap()
}

#[test]
fn a_question_that_is_no_call_of_grpc_gets_no_decision() {
    let place = Place::start();
    drive(async {
        let mut front = Front::connect(place.address("ext_authz")).await;
        let good = framed(&about("/public/x", &[]).encode_to_vec());
        let mut count = 0;
        for (method, kind, expected) in [
            (Method::POST, "", 415),
            (Method::POST, "application/json", 415),
            (Method::POST, "application/x-protobuf", 415),
            (Method::POST, "application/grpc-web+proto", 415),
            (Method::POST, "application/grpc+json", 415),
            (Method::PUT, "application/grpc", 405),
            (Method::GET, "application/grpc", 405),
        ] {
            let answer = front
                .request(request(method.clone(), CHECK, kind), &good)
                .await;
            assert_eq!(answer.status(), expected, "{method} {kind}");
            assert!(!answer.headers().contains_key("grpc-status"));
            count += 1;
            place.until_refused(count);
        }
        for kind in ["application/grpc;charset=utf-8", "application/grpc+proto"] {
            let answer = front
                .request(request(Method::POST, CHECK, kind), &good)
                .await;
            assert_eq!(answer.status(), 200, "{kind}");
        }
        assert_eq!(place.counted("ext_authz", "allow"), 2);
    });
}

#[test]
fn http_1_gets_no_decision_where_grpc_is_spoken() {
    let place = Place::start();
    drive(async {
        let good = framed(&about("/public/x", &[]).encode_to_vec());
        for version in ["1.1", "1.0"] {
            let head = format!(
                "POST {CHECK} HTTP/{version}\r\nHost: door.test\r\nContent-Type: application/grpc\r\n\
             TE: trailers\r\nContent-Length: {}\r\n\r\n",
                good.len()
            );
            let mut connection = Connection::open(place.address("ext_authz"));
            let answer = connection.ask([head.as_bytes(), &good].concat());
            assert_eq!(answer.status, 505, "{answer:?}");
            assert!(answer.body.is_empty());
        }
        place.until_refused(2);
    });
}

#[test]
fn a_method_that_nobody_has_is_told_apart_and_counted() {
    let place = Place::start();
    drive(async {
        let mut front = Front::connect(place.address("ext_authz")).await;
        for path in [
            "/envoy.service.auth.v2.Authorization/Check",
            "/envoy.service.auth.v3.Authorization/check",
            "/envoy.service.auth.v3.Authorization/Check/",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/",
        ] {
            let came = front.call(path, b"\0\0\0\0\0").await;
            assert_eq!(came.head["grpc-status"], "12", "{path}");
        }
        assert_eq!(place.counted("ext_authz", "no_rule"), 5);
        assert!(crate::support::eventually(|| place
            .audited("ext_authz")
            .len()
            == 5));
    });
}
