//! Guessing is limited, and codes count once.

use std::time::Duration;

use super::world::{PASSWORD, World, messages};

const WRONG_PASSWORD: u64 = 4_000_006;
const WRONG_CODE: u64 = 4_000_008;

#[test]
fn after_ten_wrong_passwords_the_right_one_waits_for_the_window_to_pass() {
    let world = World::start(|_| {});
    world.person("ada@bank.example");
    for _ in 0..10 {
        let answer = world.native().try_password("ada@bank.example", "wrong");
        assert_eq!(messages(&answer), [WRONG_PASSWORD]);
    }
    let refused = world.native().try_password("ada@bank.example", PASSWORD);
    assert_eq!(messages(&refused), [WRONG_PASSWORD]);
    world.clock.advance(Duration::from_secs(15 * 60 + 1));
    world.native().sign_in("ada@bank.example");
}

#[test]
fn strangers_cannot_lock_out_a_browser_that_signed_in_before() {
    let world = World::start(|_| {});
    world.person("ada@bank.example");
    let mut own = world.browser();
    own.sign_in("ada@bank.example");
    own.cookies.remove("ory_kratos_session");
    for _ in 0..11 {
        world.native().try_password("ada@bank.example", "wrong");
    }
    let stranger = world.native().try_password("ada@bank.example", PASSWORD);
    assert_eq!(messages(&stranger), [WRONG_PASSWORD]);
    own.sign_in("ada@bank.example");
}

#[test]
fn a_totp_code_counts_once_and_the_one_that_set_the_app_up_not_at_all() {
    let world = World::start(|_| {});
    world.person("ada@bank.example");
    let secret = {
        let mut first = world.browser();
        first.sign_in("ada@bank.example");
        first.enrol(&world)
    };
    let (mut one, mut two) = (world.native(), world.native());
    one.sign_in("ada@bank.example");
    two.sign_in("ada@bank.example");
    let used = one.try_code(&world.code(&secret));
    assert_eq!(messages(&used), [WRONG_CODE]);
    world.clock.advance(Duration::from_secs(30));
    let code = world.code(&secret);
    assert_eq!(one.try_code(&code).status, 200);
    assert_eq!(messages(&two.try_code(&code)), [WRONG_CODE]);
}

#[test]
fn wrong_codes_run_out_even_for_the_right_one() {
    let world = World::start(|_| {});
    world.person("ada@bank.example");
    let mut own = world.native();
    own.sign_in("ada@bank.example");
    let secret = own.enrol(&world);
    world.clock.advance(Duration::from_secs(60));
    let mut thief = world.native();
    thief.sign_in("ada@bank.example");
    let right = world.code(&secret);
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    for _ in 0..10 {
        assert_eq!(messages(&thief.try_code(wrong)), [WRONG_CODE]);
    }
    assert_eq!(messages(&thief.try_code(&right)), [WRONG_CODE]);
}
