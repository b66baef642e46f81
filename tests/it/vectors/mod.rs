//! Known attacks on gateways, played over real sockets: whatever the bytes, the forbidden thing
//! never happens, and the answer is one of those that count as right.

pub(crate) mod case;
mod context;
mod forward_auth;
mod grid;
mod h2;
pub(crate) mod judge;

use std::time::Duration;

use crate::support::client::{exchange, get};
use crate::support::server::Message;

use case::{Case, load};
use context::Context;
use judge::{Seen, judge};

/// Longer than the gateway's patience with clients (see `context`).
const PATIENCE: Duration = Duration::from_secs(4);

/// Attacks that need a part which is not built yet, with the reason. Nothing else is left out.
const NOT_YET: [(&str, &str); 0] = [];

/// Sends one HTTP/1 attack and gathers what came of it.
fn play(context: &Context, case: &Case) -> Seen {
    let before = start(context);
    let exchange = exchange(context.plain, &case.bytes(), PATIENCE);
    finish(
        context,
        before,
        Seen {
            exchange,
            ..Seen::default()
        },
    )
}

fn start(context: &Context) -> u64 {
    context.upstream.take();
    context.identity.take();
    context.program.resident_kib()
}

fn finish(context: &Context, resident_before: u64, seen: Seen) -> Seen {
    let upstream = context.upstream.take();
    let whoami = context.identity.take();
    let other = get(context.plain, "app.test", "/public/other", "");
    context.upstream.take();
    Seen {
        upstream,
        whoami,
        log: context.program.output(),
        growth_kib: context
            .program
            .resident_kib()
            .saturating_sub(resident_before),
        others_served: other.status() == Some(200),
        ..seen
    }
}

fn is_waiting(case: &Case) -> bool {
    NOT_YET.iter().any(|(id, _)| *id == case.id)
}

/// Plays the cases that `wanted` picks and fails with every one that went wrong.
fn run(
    mut context: Context,
    wanted: impl Fn(&Case) -> bool,
    play: impl Fn(&Context, &Case) -> Seen,
) {
    let cases = load();
    let mut wrong = Vec::new();
    let mut played = 0;
    for case in cases
        .iter()
        .filter(|case| wanted(case) && !is_waiting(case))
    {
        let seen = play(&context, case);
        played += 1;
        if let Err(why) = judge(case, &seen) {
            let got: Vec<u16> = seen.exchange.responses.iter().map(|it| it.status).collect();
            let hits: Vec<&str> = seen.upstream.iter().map(Message::target).collect();
            wrong.push(format!(
                "{}: {why}; answered {got:?}, upstream {hits:?}",
                case.id
            ));
        }
        assert!(context.program.is_alive(), "{}: the gateway ended", case.id);
    }
    assert!(played > 0, "no case was played");
    assert!(
        !context.program.says("panicked"),
        "{}",
        context.program.output()
    );
    assert!(
        wrong.is_empty(),
        "{} of {played}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A third of the HTTP/1 attacks each, so that they run side by side.
fn http1(part: usize) {
    let mut number = 0;
    let ids: Vec<String> = load()
        .iter()
        .filter(|case| !case.bytes().is_empty() && case.context != "R2")
        .filter(|_| {
            number += 1;
            number % 3 == part
        })
        .map(|case| case.id.clone())
        .collect();
    run(Context::permissive(), |case| ids.contains(&case.id), play);
}

#[test]
fn http1_attacks_stay_outside_first_third() {
    http1(0);
}

#[test]
fn http1_attacks_stay_outside_second_third() {
    http1(1);
}

#[test]
fn http1_attacks_stay_outside_last_third() {
    http1(2);
}

#[test]
fn attacks_on_a_gateway_that_denies_by_default_stay_outside() {
    run(Context::closed(), |case| case.context == "R2", play);
}

#[test]
fn http2_attacks_stay_outside() {
    run(Context::permissive(), |case| !case.h2.is_empty(), h2::play);
}

#[test]
fn http2_floods_are_cut_off_and_do_not_disturb_others() {
    run(
        Context::permissive(),
        |case| case.flood.is_some(),
        h2::flood,
    );
}
