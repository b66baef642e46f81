//! The table of [`super::cases`], run through a front and through the proxy itself.

use jiff::Timestamp;

use super::case::Case;
use super::compare::{Allow, Allowance, Seen, observe};
use super::process::Started;
use super::proxy::Proxy;
use super::world::World;
use super::{Front, cases, start};

/// Each round asks everything; in the second one sessions are known already.
const ROUNDS: usize = 2;

/// Runs the table through `front` and through the proxy itself, each in a world of its own, and
/// fails with every case that isn't as the table says or not alike.
pub(super) fn run(front: &dyn Front) {
    let now = Timestamp::now();
    let Some((world, started)) = start(front, now) else {
        return;
    };
    let (own_world, own) = start(&Proxy, now).expect("the proxy needs nothing");
    let mut wrong = Vec::new();
    for round in 1..=ROUNDS {
        for case in cases::all() {
            let proxy = observe(&case, round, own.address, &own_world);
            let seen = observe(&case, round, started.address, &world);
            wrong.extend(judged(front.allowances(), &case, &seen, &proxy, round));
        }
    }
    fail_with(&wrong, front.name(), &started, &world);
}

/// Fails with everything that is wrong.
pub(super) fn fail_with(wrong: &[String], name: &str, started: &Started, world: &World) {
    assert!(
        wrong.is_empty(),
        "{name}: {} wrong\n{}\n--- {}\n{}",
        wrong.len(),
        wrong.join("\n"),
        started.log(),
        tail(world),
    );
}

/// What is wrong with what was seen of a case through a front, and through the proxy itself.
pub(super) fn judged(
    allowances: &[Allowance],
    case: &Case,
    seen: &Seen,
    proxy: &Seen,
    round: usize,
) -> Vec<String> {
    let allowed: Vec<Allow> = allowances
        .iter()
        .filter(|allowance| allowance.case == case.name)
        .map(|allowance| allowance.allow)
        .collect();
    let mut wrong = Vec::new();
    let (method, target) = (case.method, case.target);
    if let Err(why) = proxy.is(&case.want) {
        let want = &case.want;
        wrong.push(format!(
            "{} ({method} {target}, round {round}): the proxy: {why}; wanted {want:?}, got {proxy:#?}",
            case.name
        ));
    }
    if !seen.is_as(proxy, &allowed) {
        wrong.push(format!(
            "{} ({method} {target}, round {round}): {seen:#?} where the proxy led to {proxy:#?}",
            case.name
        ));
    }
    wrong
}

/// The end of what Stepgate said.
fn tail(world: &World) -> String {
    let log = world.log();
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(20);
    lines.get(from..).unwrap_or_default().join("\n")
}
