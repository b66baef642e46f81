//! Calls that nobody makes in earnest: half of them, huge ones, many at once.

use bytes::Bytes;
use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use prost::Message as _;

use super::client::{CHECK, Front, PATIENCE, framed, received};
use super::{World, about, allowed, status};

#[tokio::test]
async fn what_is_no_message_is_a_no_and_the_connection_goes_on() {
    let world = World::start();
    let mut front = Front::connect(world.address()).await;
    let good = framed(&about("/public/x", &[]).encode_to_vec());
    let compressed = [&[1], &good[1..]].concat();
    for (bytes, expected) in [
        (&b""[..], 400),
        (b"\0\0", 400),
        (&good[..good.len() - 1], 400),
        (&framed(b"\xff\xff\xff"), 400),
        (&compressed, 400),
        (&[&good[..], &good[..]].concat(), 400),
        (b"\0\xff\xff\xff\xffx", 413),
    ] {
        let answer: CheckResponse = front.call(CHECK, bytes).await.message();
        assert_eq!(status(&answer), expected);
    }
    let answer: CheckResponse = front.call(CHECK, &good).await.message();
    allowed(&answer);
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_before_it_has_come() {
    let world = World::start();
    let mut front = Front::connect(world.address()).await;
    let (answer, mut stream) = front.begin(CHECK).await;
    let announced = [&[0], &(64 * 1024 * 1024_u32).to_be_bytes()[..]].concat();
    stream.send_data(announced.into(), false).unwrap();
    let answer: CheckResponse = received(answer).await.message();
    assert_eq!(status(&answer), 413);
}

#[tokio::test]
async fn a_call_that_never_goes_on_ends_without_a_yes() {
    let world = World::listening(r#"listen: "127.0.0.1:0""#, &[]);
    let mut front = Front::connect(world.address()).await;
    let good = framed(&about("/public/x", &[]).encode_to_vec());
    let (answer, mut stream) = front.begin(CHECK).await;
    stream
        .send_data(Bytes::copy_from_slice(&good[..10]), false)
        .unwrap();
    // Others are served meanwhile, on the same connection too.
    let other: CheckResponse = front.call(CHECK, &good).await.message();
    allowed(&other);
    stream.send_reset(h2::Reason::CANCEL);
    assert!(answer.await.is_err());
    let other: CheckResponse = front.call(CHECK, &good).await.message();
    allowed(&other);
}

#[tokio::test]
async fn many_calls_at_once_are_all_answered() {
    let world = World::start();
    let mut front = Front::connect(world.address()).await;
    let good = Bytes::from(framed(&about("/public/x", &[]).encode_to_vec()));
    let mut answers = Vec::new();
    for _ in 0..1000 {
        let (answer, mut stream) = front.begin(CHECK).await;
        stream.send_data(good.clone(), true).unwrap();
        answers.push(answer);
        if answers.len() == 200 {
            for answer in answers.drain(..) {
                allowed(&received(answer).await.message());
            }
        }
    }
}

#[tokio::test]
async fn a_flood_of_calls_that_are_taken_back_is_cut_off() {
    let world = World::start();
    let mut front = Front::connect(world.address()).await;
    for _ in 0..5000 {
        if front.driving.is_finished() {
            break;
        }
        let begun = tokio::time::timeout(PATIENCE, front.try_reset()).await;
        if !begun.unwrap() {
            break;
        }
    }
    assert!(front.ended().await, "it goes on for ever");
    let mut other = Front::connect(world.address()).await;
    let good = framed(&about("/public/x", &[]).encode_to_vec());
    let answer: CheckResponse = other.call(CHECK, &good).await.message();
    allowed(&answer);
}
