//! The health service, up to the end.

use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::World;
use super::client::{Front, next};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const SERVING: i32 = 1;
const NOT_SERVING: i32 = 2;

fn asked(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

fn told(message: &[u8]) -> i32 {
    let message: HealthCheckResponse = prost::Message::decode(&message[5..]).unwrap();
    message.status
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_watches_is_told_of_the_end_and_the_process_ends() {
    let mut world = World::start();
    let mut front = Front::connect(world.address()).await;
    let known = asked("envoy.service.auth.v3.Authorization");
    let answer: HealthCheckResponse = front.ask(CHECK, &known).await;
    assert_eq!(answer.status, SERVING);
    let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let came = front.call(reflection, b"\0\0\0\0\0").await;
    assert_eq!(came.head["grpc-status"], "12");
    let (answer, mut stream) = front.begin(WATCH).await;
    let message = prost::Message::encode_to_vec(&asked(""));
    stream
        .send_data(super::client::framed(&message).into(), true)
        .unwrap();
    let mut body = answer.await.unwrap().into_body();
    assert_eq!(told(&next(&mut body).await.unwrap()), SERVING);
    world.program.signal("TERM");
    assert_eq!(told(&next(&mut body).await.unwrap()), NOT_SERVING);
    let ended = world.program.wait();
    assert!(ended.is_some_and(|status| status.success()));
}
