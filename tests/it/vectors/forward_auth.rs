//! Attacks on the decision over HTTP: questions that are told in more than one way, forged or asked
//! by somebody who may not.

use std::fs;
use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use crate::support::client::{Connection, Response};

use super::context::Context;

/// What every 200 names.
const NAMED: [&str; 4] = ["x-user-id", "x-user-email", "x-auth-aal", "x-auth-jwt"];

#[derive(Debug, Deserialize)]
struct Attack {
    id: String,
    /// The address that it comes from; 127.0.0.2 may ask.
    peer: IpAddr,
    question: String,
    /// Code points stand for bytes.
    headers: Vec<(String, String)>,
    expected: String,
    also_ok: Vec<String>,
    forbidden: Vec<String>,
}

fn attacks() -> Vec<Attack> {
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/golden/forward_auth_vectors.jsonl"
    );
    let text = fs::read_to_string(golden).unwrap();
    let attacks: Vec<Attack> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(attacks.len() > 100, "the golden file is not whole");
    attacks
}

fn play(decision: SocketAddr, attack: &Attack) -> Response {
    let mut text = format!("GET {} HTTP/1.1\r\n", attack.question);
    if !attack.headers.iter().any(|(name, _)| name == "Host") {
        text.push_str("Host: decision.test\r\n");
    }
    for (name, value) in &attack.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    Connection::open_from(attack.peer, decision).ask(super::case::latin1(&text))
}

fn is(outcome: &str, answer: &Response) -> bool {
    if let Some(status) = outcome.strip_prefix("reject_") {
        return status.parse() == Ok(answer.status);
    }
    match outcome {
        "requires_auth" => match answer.status {
            401 => true,
            303 => answer
                .header("location")
                .is_some_and(|to| to.starts_with("https://id.test/")),
            _ => false,
        },
        "overwrite_header" => {
            let named = |name: &&str| answer.header(name).is_some_and(|it| it != "attacker");
            answer.status == 200 && NAMED.iter().all(named)
        }
        other => panic!("unknown outcome {other}"),
    }
}

fn happened(forbidden: &str, answer: &Response) -> bool {
    match forbidden.split_once(':') {
        None if forbidden == "decision_200" => (200..300).contains(&answer.status),
        Some(("response_missing_header", name)) => answer.header(name).is_none(),
        other => panic!("unknown forbidden outcome {other:?}"),
    }
}

#[test]
fn attacks_on_the_decision_over_http_stay_outside() {
    let mut context = Context::permissive();
    let decision = context.program.addresses("forward_auth")[0];
    let mut wrong = Vec::new();
    for attack in attacks() {
        let answer = play(decision, &attack);
        let mut outcomes = std::iter::once(&attack.expected).chain(&attack.also_ok);
        let well = outcomes.any(|outcome| is(outcome, &answer));
        let forbidden = attack.forbidden.iter().any(|it| happened(it, &answer));
        if !well || forbidden {
            wrong.push(format!("{}: {} to {attack:?}", attack.id, answer.status));
        }
        assert!(context.program.is_alive(), "{}: it ended", attack.id);
    }
    assert!(
        context.upstream.take().is_empty(),
        "a decision forwards nothing"
    );
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}
