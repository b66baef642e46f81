//! Where people may be sent afterwards.

use std::collections::HashSet;

use serde_json::Value;
use url::Url;

use super::world::World;
use crate::support::client::Connection;

/// What the attacks assume: two allowed places and a default.
fn world() -> World {
    World::start(|settings| {
        let flows = &mut settings.self_service;
        flows.default_return_url = "https://app.test/".to_owned();
        flows.allowed_return_urls = vec![
            "https://app.test/".to_owned(),
            "https://*.apps.test/".to_owned(),
        ];
    })
}

fn offsite(location: &str, own: &HashSet<String>) -> bool {
    let base = Url::parse("https://id.test/").unwrap();
    let Ok(url) = base.join(location) else {
        return true;
    };
    let host = url.host_str().unwrap_or_default();
    let allowed = host == "app.test" || host.ends_with(".apps.test") || host == "id.test";
    let plain = url.scheme() == "https" && url.username().is_empty();
    let ours = own.contains(&url.origin().ascii_serialization());
    let fine = ours || (allowed && plain);
    !fine
}

#[test]
fn no_known_trick_leads_people_off_the_site() {
    let world = world();
    let own = HashSet::from([format!("http://{}", world.address)]);
    let mut tried = 0;
    for line in include_str!("../golden/return_to.jsonl").lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let mut connection = Connection::open(world.address);
        connection.send(vector["raw_request"].as_str().unwrap().as_bytes());
        let answer = connection.receive(false).unwrap();
        for location in answer.headers("location") {
            assert!(!offsite(location, &own), "{}: {location}", vector["id"]);
        }
        tried += 1;
    }
    assert!(tried > 20, "only {tried} vectors");
}

#[test]
fn a_relative_place_is_one_of_the_default_host() {
    let world = world();
    let mut browser = world.browser();
    browser.page("/self-service/login/browser?return_to=/account%3Fx%3D1");
    world.person("ada@bank.example");
    browser.sign_in("ada@bank.example");
    let there = browser.page("/self-service/login/browser?return_to=/account%3Fx%3D1");
    assert_eq!(
        there.header("location"),
        Some("https://app.test/account?x=1")
    );
}
