//! What the health service tells.

use std::pin::pin;
use std::task::Waker;

use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::*;
use crate::decision::tests::world::RULES;

const SERVING: i32 = 1;
const NOT_SERVING: i32 = 2;
const SERVICE_UNKNOWN: i32 = 3;

fn asked(service: &str) -> Bytes {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    framed(&request.encode_to_vec())
}

async fn ask(ready: &watch::Receiver<bool>, method: &str, service: &str) -> Response<AnswerBody> {
    let world = World::new(RULES);
    let door = ExtAuthz::new(world.decider.clone(), ready.clone());
    let request = Request::post(format!("/grpc.health.v1.Health/{method}"))
        .version(Version::HTTP_2)
        .header("content-type", "application/grpc+proto")
        .body(Pieces([asked(service)].into()))
        .unwrap();
    let id = HeaderValue::from_static("request-1");
    door.answer(request, "127.0.0.1".parse().unwrap(), id).await
}

#[tokio::test]
async fn it_is_serving_until_it_is_told_to_end() {
    let (state, ready) = watch::channel(true);
    for service in ["", "envoy.service.auth.v3.Authorization"] {
        let told: HealthCheckResponse = message(ask(&ready, "Check", service).await).await;
        assert_eq!(told.status, SERVING);
    }
    state.send_replace(false);
    let told: HealthCheckResponse = message(ask(&ready, "Check", "").await).await;
    assert_eq!(told.status, NOT_SERVING);
    let unknown = ask(&ready, "Check", "bank.Accounts").await;
    assert_eq!(unknown.headers()["grpc-status"], "5");
    let unknown: HealthCheckResponse = message(ask(&ready, "Watch", "x").await).await;
    assert_eq!(unknown.status, SERVICE_UNKNOWN);
}

#[tokio::test]
async fn whoever_watches_learns_that_it_ends_and_the_call_ends_too() {
    let (state, ready) = watch::channel(true);
    let mut body = pin!(ask(&ready, "Watch", "").await.into_body());
    let told = |frame: Frame<Bytes>| {
        let message = frame.into_data().unwrap();
        HealthCheckResponse::decode(&message[5..]).unwrap().status
    };
    let first = body.frame().await.unwrap().unwrap();
    assert_eq!(told(first), SERVING);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(body.as_mut().poll_frame(&mut cx).is_pending());
    state.send_replace(false);
    let second = body.frame().await.unwrap().unwrap();
    assert_eq!(told(second), NOT_SERVING);
    let trailers = body.frame().await.unwrap().unwrap();
    assert_eq!(trailers.trailers_ref().unwrap()["grpc-status"], "14");
    assert!(body.frame().await.is_none());
}
