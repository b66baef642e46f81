//! The same over HTTP/2: on one connection, each stream is judged by its own token.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::handshake;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jsonwebtoken::decode_header;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::issuer::{Issuer, Key};
use super::outgoing::section;
use crate::support::gateway::{Change, HOST, World};

/// Asks for all targets at once, each with its token; the statuses in order.
async fn ask(address: SocketAddr, requests: Vec<(String, String)>) -> Vec<(StatusCode, String)> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    let mut driving = JoinSet::new();
    driving.spawn(connection);
    let answers = requests.into_iter().map(|(target, token)| {
        let mut sender = sender.clone();
        let request = Request::get(format!("http://{HOST}{target}"))
            .header("authorization", format!("Bearer {token}"))
            .body(Full::<Bytes>::default())
            .unwrap();
        async move {
            let answer = sender.send_request(request).await.unwrap();
            let status = answer.status();
            let challenge = answer.headers().get("www-authenticate");
            let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
            answer.into_body().collect().await.unwrap();
            (status, challenge.unwrap_or_default())
        }
    });
    let mut seen = Vec::new();
    for answer in answers.collect::<Vec<_>>() {
        seen.push(answer.await);
    }
    seen
}

#[test]
fn streams_of_one_connection_are_judged_each_by_its_token() {
    let issuer = Issuer::start();
    let gate = section(&Key::ed("x"), "");
    let world = World::with(&Change {
        sections: &format!("{gate}{}", issuer.section("audience: gateway")),
        ..Change::default()
    });
    let weak = issuer.token();
    let strong = issuer.token_with(&json!({"acr": "aal2"}));
    let bad = issuer.token_with(&json!({"aud": "other"}));
    let requests = [
        ("/account/", &weak),
        ("/transfer/", &weak),
        ("/transfer/", &strong),
        ("/account/", &bad),
        ("/transfer/", &strong),
    ];
    let requests = requests.map(|(target, token)| (target.to_owned(), token.clone()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let asking = ask(world.gateway.address, requests.to_vec());
    let answers = runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(30), asking)
            .await
            .unwrap()
    });
    let statuses: Vec<u16> = answers.iter().map(|(status, _)| status.as_u16()).collect();
    assert_eq!(statuses, [200, 401, 200, 401, 200]);
    assert!(answers[1].1.contains("insufficient_user_authentication"));
    assert!(answers[3].1.contains("invalid_token"));
    let seen = world.upstream.take();
    let tokens: Vec<&str> = seen
        .iter()
        .map(|seen| seen.one("x-stepgate-jwt").unwrap())
        .collect();
    assert_eq!(tokens.len(), 3);
    assert_ne!(tokens[0], tokens[1]);
    assert_eq!(tokens[1], tokens[2], "the same session, the same token");
    assert!(decode_header(tokens[0]).unwrap().kid.is_some());
}
