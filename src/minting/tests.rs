use std::time::Duration;

use serde_json::Value;

use super::keys::Keys;
use crate::clock::Clock;
use crate::signing::SigningKey;

fn key() -> Vec<SigningKey> {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    SigningKey::from_pem(&pair.serialize_pem()).unwrap()
}

fn published(keys: &Keys, clock: &Clock) -> Vec<Option<String>> {
    let set: Value = serde_json::from_slice(&keys.published(clock.monotonic())).unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn a_key_that_was_replaced_is_published_while_its_tokens_are_out() {
    let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
    let ttl = Duration::from_secs(60);
    let id = |keys: &[SigningKey]| keys[0].id().map(str::to_owned);
    let (one, two, three) = (key(), key(), key());
    let first = Keys::new(one.clone());
    assert_eq!(published(&first, &clock), [id(&one)]);
    let second = first.replaced(two.clone(), ttl, clock.monotonic());
    assert_eq!(published(&second, &clock), [id(&two), id(&one)]);
    clock.advance(Duration::from_secs(600));
    let third = second.replaced(three.clone(), ttl, clock.monotonic());
    assert_eq!(published(&third, &clock), [id(&three), id(&two), id(&one)]);
    clock.advance(Duration::from_secs(59));
    assert_eq!(published(&third, &clock).len(), 3);
    clock.advance(Duration::from_secs(1));
    assert_eq!(published(&third, &clock), [id(&three), id(&two)]);
    // A key that comes back is there once.
    let back = third.replaced(two.clone(), ttl, clock.monotonic());
    assert_eq!(published(&back, &clock), [id(&two), id(&three)]);
}
