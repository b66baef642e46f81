//! Questions of Envoy, as it puts them on the wire.

mod answers;
mod health;
mod refused;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::config::core::v3::address::Address;
use envoy_types::pb::envoy::service::auth::v3::attribute_context as context;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{
    AttributeContext, CheckRequest, CheckResponse, DeniedHttpResponse, OkHttpResponse,
};
use http::{HeaderValue, Request, Response, Version};
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use prost::Message;
use tokio::sync::watch;

use super::world::World;
use crate::decision::{AnswerBody, ExtAuthz};

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// A question about `GET` of this path at `https://app.test`.
fn about(path: &str, headers: &[(&str, &str)]) -> context::HttpRequest {
    context::HttpRequest {
        method: "GET".to_owned(),
        scheme: "https".to_owned(),
        host: "app.test".to_owned(),
        path: path.to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..context::HttpRequest::default()
    }
}

/// The same headers as `encode_raw_headers` has them.
fn raw(headers: &[(&str, &[u8])]) -> Option<core::HeaderMap> {
    let headers = headers.iter().map(|(name, value)| core::HeaderValue {
        key: (*name).to_owned(),
        raw_value: value.to_vec(),
        ..core::HeaderValue::default()
    });
    Some(core::HeaderMap {
        headers: headers.collect(),
    })
}

fn question(http: context::HttpRequest) -> CheckRequest {
    let address = Address::SocketAddress(core::SocketAddress {
        address: "192.0.2.7".to_owned(),
        ..core::SocketAddress::default()
    });
    CheckRequest {
        attributes: Some(AttributeContext {
            source: Some(context::Peer {
                address: Some(core::Address {
                    address: Some(address),
                }),
                ..context::Peer::default()
            }),
            request: Some(context::Request {
                http: Some(http),
                ..context::Request::default()
            }),
            ..AttributeContext::default()
        }),
    }
}

/// A message with its prefix.
fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], message].concat().into()
}

/// A body in pieces.
struct Pieces(VecDeque<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

async fn call(
    world: &World,
    path: &str,
    peer: &str,
    pieces: impl IntoIterator<Item = Bytes>,
) -> Response<AnswerBody> {
    call_with(world, path, peer, Pieces(pieces.into_iter().collect())).await
}

async fn call_with<B>(world: &World, path: &str, peer: &str, body: B) -> Response<AnswerBody>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (_, ready) = watch::channel(true);
    let door = ExtAuthz::new(world.decider.clone(), ready);
    let request = Request::post(path)
        .version(Version::HTTP_2)
        .header("content-type", "application/grpc")
        .body(body)
        .unwrap();
    let id = HeaderValue::from_static("request-1");
    door.answer(request, peer.parse().unwrap(), id).await
}

/// The only message of a call that went well.
async fn message<M: Message + Default>(response: Response<AnswerBody>) -> M {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let collected = response.into_body().collect().await.unwrap();
    let trailers = collected.trailers().expect("trailers");
    assert_eq!(trailers["grpc-status"], "0");
    let bytes = collected.to_bytes();
    assert_eq!(bytes[0], 0, "not compressed");
    M::decode(&bytes[5..]).unwrap()
}

async fn check(world: &World, http: context::HttpRequest) -> CheckResponse {
    let message = question(http).encode_to_vec();
    send(world, &message).await
}

async fn send(world: &World, bytes: &[u8]) -> CheckResponse {
    message(call(world, CHECK, "127.0.0.1", [framed(bytes)]).await).await
}

fn allowed(response: CheckResponse) -> OkHttpResponse {
    assert_eq!(response.status.as_ref().unwrap().code, 0, "{response:?}");
    match response.http_response {
        Some(HttpResponse::OkResponse(ok)) => ok,
        other => panic!("{other:?}"),
    }
}

fn denied(response: CheckResponse) -> DeniedHttpResponse {
    assert_ne!(response.status.as_ref().unwrap().code, 0, "{response:?}");
    match response.http_response {
        Some(HttpResponse::DeniedResponse(denied)) => denied,
        other => panic!("{other:?}"),
    }
}

fn status(denied: &DeniedHttpResponse) -> i32 {
    denied.status.as_ref().unwrap().code
}

/// The values of a header.
fn values<'a>(fields: &'a [core::HeaderValueOption], name: &str) -> Vec<&'a str> {
    let headers = fields.iter().map(|field| field.header.as_ref().unwrap());
    headers
        .filter(|header| header.key == name)
        .map(|header| &*header.value)
        .collect()
}

/// What the decision told of a fact.
fn fact(response: &CheckResponse, name: &str) -> Option<String> {
    use envoy_types::pb::google::protobuf::value::Kind;
    let fields = &response.dynamic_metadata.as_ref()?.fields;
    let kind = fields.get(name)?.kind.as_ref()?;
    let Kind::StringValue(text) = kind else {
        panic!("{kind:?}");
    };
    Some(text.clone())
}
