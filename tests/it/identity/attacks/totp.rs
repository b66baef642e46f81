//! Attacks on the codes of authenticator apps.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::world::{Client, World, messages};

const ADA: &str = "ada@bank.example";
const WRONG_CODE: u64 = 4_000_008;

/// Ada with an authenticator app, a minute after she set it up.
fn enrolled() -> (World, String) {
    let world = World::start(|_| {});
    world.person(ADA);
    let mut own = world.browser();
    own.sign_in(ADA);
    let secret = own.enrol(&world);
    world.clock.advance(Duration::from_secs(60));
    (world, secret)
}

/// A client that passed the first factor and stands before the second.
fn at_the_second_step(world: &World) -> (Client, Value) {
    let mut client = world.native();
    client.sign_in(ADA);
    let flow = client.open("login", "?aal=aal2");
    (client, flow)
}

fn submit_all(crowd: Vec<(Client, Value)>, code: &str) -> usize {
    let tries: Vec<_> = crowd
        .into_iter()
        .map(|(mut client, flow)| {
            let fields = json!({"method": "totp", "totp_code": code});
            std::thread::spawn(move || client.submit(&flow, fields).status)
        })
        .collect();
    let answers = tries.into_iter().map(|one| one.join().unwrap());
    answers.filter(|status| *status == 200).count()
}

#[test]
fn of_many_submissions_of_one_code_at_a_time_exactly_one_succeeds() {
    let (world, secret) = enrolled();
    for round in 0..5 {
        let crowd: Vec<_> = (0..8).map(|_| at_the_second_step(&world)).collect();
        let passed = submit_all(crowd, &world.code(&secret));
        assert_eq!(passed, 1, "round {round}");
        world.clock.advance(Duration::from_secs(16 * 60));
    }
}

#[test]
fn codes_of_two_steps_away_are_refused() {
    let (world, secret) = enrolled();
    for away in [-60_i64, 60] {
        let (mut client, flow) = at_the_second_step(&world);
        let code = world.code_in(&secret, away);
        let answer = client.submit(&flow, json!({"method": "totp", "totp_code": code}));
        assert_eq!(messages(&answer), [WRONG_CODE], "{away} s");
    }
}

#[test]
fn a_used_code_in_another_spelling_stays_used() {
    let (world, secret) = enrolled();
    let code = world.code(&secret);
    let (mut client, flow) = at_the_second_step(&world);
    let spelled = format!(" {code} ");
    let answer = client.submit(&flow, json!({"method": "totp", "totp_code": spelled}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (start, end) = code.split_at(3);
    let wide: String = code
        .chars()
        .filter_map(|digit| char::from_u32(u32::from(digit) + 0xfee0))
        .collect();
    for variant in [
        code.clone(),
        format!("{start} {end}"),
        format!("+{code}"),
        format!("0{code}"),
        format!("{code}0"),
        format!("{code}\u{200b}"),
        format!("\t{code}\r\n"),
        wide,
    ] {
        let (mut thief, flow) = at_the_second_step(&world);
        let answer = thief.submit(&flow, json!({"method": "totp", "totp_code": variant}));
        assert_eq!(answer.status, 400, "{variant:?}: {}", answer.text());
    }
}

#[test]
fn setting_the_clock_back_makes_no_code_good_again() {
    let (world, secret) = enrolled();
    let code = world.code(&secret);
    let (mut client, flow) = at_the_second_step(&world);
    let answer = client.submit(&flow, json!({"method": "totp", "totp_code": code}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (mut thief, flow) = at_the_second_step(&world);
    world
        .clock
        .set_wall(world.clock.wall() - Duration::from_secs(5 * 60));
    for code in [code, world.code(&secret)] {
        let answer = thief.submit(&flow, json!({"method": "totp", "totp_code": code}));
        assert_eq!(messages(&answer), [WRONG_CODE]);
    }
}

#[test]
fn with_two_hundred_wrong_codes_at_a_time_the_right_one_is_no_longer_heard() {
    let (world, secret) = enrolled();
    let right = world.code(&secret);
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    let (mut own, flow) = at_the_second_step(&world);
    let crowd: Vec<_> = (0..10).map(|_| at_the_second_step(&world)).collect();
    let tries: Vec<_> = crowd
        .into_iter()
        .map(|(mut client, flow)| {
            std::thread::spawn(move || {
                for _ in 0..20 {
                    let fields = json!({"method": "totp", "totp_code": wrong});
                    assert_ne!(client.submit(&flow, fields).status, 200);
                }
            })
        })
        .collect();
    for one in tries {
        one.join().unwrap();
    }
    let answer = own.submit(&flow, json!({"method": "totp", "totp_code": right}));
    assert_eq!(messages(&answer), [WRONG_CODE]);
}

#[test]
fn a_session_without_the_second_factor_can_neither_replace_nor_remove_it() {
    let (world, secret) = enrolled();
    let mut own = world.browser();
    own.sign_in(ADA);
    let answer = own.get("/self-service/settings/browser");
    assert_eq!(answer.status, 403);
    assert_eq!(answer.error_id(), "session_aal2_required");

    // A form that was opened before the app was set up is worth no more.
    let other = "grace@bank.example";
    world.person(other);
    let mut thief = world.native();
    thief.sign_in(other);
    let opened = thief.open("settings", "");
    let mut owner = world.browser();
    owner.sign_in(other);
    owner.enrol(&world);
    for fields in [
        json!({"method": "totp", "totp_unlink": true}),
        json!({"method": "totp", "totp_code": world.code(&secret)}),
        json!({"method": "password", "password": "another-Lighthouse-43"}),
    ] {
        let answer = thief.submit(&opened, fields);
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert_eq!(answer.error_id(), "session_aal2_required");
    }
    world.clock.advance(Duration::from_secs(60));
    let mut again = world.native();
    again.sign_in(other);
    assert_eq!(
        again.open("login", "?aal=aal2")["ui"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|node| node["attributes"]["name"] == "totp_code")
            .count(),
        1
    );
}
