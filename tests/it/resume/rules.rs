//! Rules that change while a request waits: it is decided on anew.

use rstest::rstest;

use crate::resume::world::{Browser, RULES, kept, start, step_up};
use crate::support::gateway::World;

const BODY: &str = "payee=Ada&amount=25.00";

/// Keeps a request under the usual rules, changes them, and presses the button.
fn press_after(change: impl Fn(&str) -> String) -> (World, u16, String) {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    let rules = RULES.replace("UPSTREAM", &world.upstream.url());
    world.gateway.reload(&change(&rules));
    let answer = alice.press(&world, &id, &proof);
    let sent = world.upstream.received().len();
    assert_eq!(sent, usize::from(answer.status == 200));
    let text = answer.text();
    (world, answer.status, text)
}

#[rstest]
#[case::renamed("id: transfer", "id: other", 409)]
#[case::public_now("required_aal: aal2\n    keep_body: true", "required_aal: none", 409)]
#[case::without_the_method("methods: [POST, PUT, DELETE]", "methods: [PUT]", 409)]
#[case::elsewhere("path: /transfer/**", "path: /elsewhere/**", 409)]
#[case::of_another_host("host: bank.example.com", "host: other.example.com", 404)]
#[case::too_old_by_now("keep_body: true", "keep_body: true\n    max_age: 1s", 200)]
#[case::looser("required_aal: aal2", "required_aal: aal1", 200)]
#[case::keeps_no_more("keep_body: true", "strict_paths: true", 200)]
fn a_changed_rule_decides_as_it_stands_now(
    #[case] from: &str,
    #[case] to: &str,
    #[case] status: u16,
) {
    let (_, found, text) = press_after(|rules| rules.replace(from, to));
    assert_eq!(found, status, "{text}");
    if status == 409 {
        assert!(text.contains("Something changed meanwhile"), "{text}");
    }
}

#[test]
fn without_any_rule_nothing_is_sent() {
    let (_, status, _) = press_after(|rules| {
        let start = rules.find("  - { id: all").unwrap();
        let end = rules.find("  - id: transfer").unwrap();
        let rest = [&rules[..start], &rules[end..]].concat();
        rest.replace("/transfer/**", "/else/**")
    });
    assert_eq!(status, 403);
}
