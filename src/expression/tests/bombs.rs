//! Small inputs that would like to cost a lot.

use std::time::{Duration, Instant};

use super::*;

/// Far more than any of these takes, far less than a bomb would.
const SOON: Duration = Duration::from_secs(3);

#[allow(clippy::disallowed_methods, reason = "what is measured is real time")]
fn soon<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    let took = start.elapsed();
    assert!(took < SOON, "{took:?} for {:.60}", what);
    result
}

#[test]
fn reading_is_bounded() {
    let deep = 2000;
    let doubled = "[1,2,3,4,5,6,7,8].map(a,[a,a,a,a]).map(a,[a,a,a,a]).map(a,[a,a,a,a])";
    let texts = [
        format!("{}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("{}1{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{}1{}", "{'a':".repeat(800), "}".repeat(800)),
        "!".repeat(4000),
        format!("{}1", "-".repeat(4000)),
        format!("1{}", "+1".repeat(2000)),
        format!("true{}", "?true:true".repeat(400)),
        format!("session{}", ".a".repeat(2000)),
        format!("session{}", "[0]".repeat(1300)),
        format!("session.methods{}", ".map(a,a)".repeat(400)),
        "[1].map(a,[1].map(b,[1].map(c,[1].map(d,[1].map(e,e)))))".to_owned(),
        format!("\"{}\"", "a".repeat(5000)),
        format!(
            "'{}'.matches('{}')",
            "a".repeat(100),
            "((a{1000}){1000}){1000}"
        ),
        format!("'a'.matches('{}')", "(?:a?){500}a{500}{500}"),
        r"'a'.matches(r'(\pL{100}){100}')".to_owned(),
        format!("'a'.matches('{}')", "(".repeat(3000)),
        "'a'.matches('(?:){4294967295}')".to_owned(),
        "'a'.matches('(?:(?:){9999}){9999}')".to_owned(),
        format!("({doubled}).size() > 0"),
        "\u{0}".to_owned(),
        ".".repeat(4096),
        "/".repeat(4096),
        "1 +".to_owned(),
        "\\".repeat(4096),
        "'\\".repeat(1000),
    ];
    for text in &texts {
        let _ = soon(text, || Program::compile(text, Kind::Value));
    }
    for text in texts.iter().take(9) {
        assert!(Program::compile(text, Kind::Value).is_err(), "{text:.60}");
    }
}

/// A session whose traits a stranger filled.
fn hostile() -> Session {
    let many: Vec<Json> = (0..5_000).map(|n| json!(format!("group-{n}"))).collect();
    let deep = (0..30).fold(json!("x"), |inner, _| json!([inner]));
    Session::of_document(&json!({"identity": {"traits": {
        "groups": many, "long": "a".repeat(60_000), "deep": deep,
        "wide": (0..3_000).map(|n| (format!("k{n}"), json!(n))).collect::<serde_json::Map<_, _>>(),
    }}}))
}

#[test]
fn asking_is_bounded_whatever_a_session_holds() {
    let session = hostile();
    let request = Asked {
        path: format!("/{}", "a".repeat(8_000)),
        query: (0..2_000)
            .map(|n| (format!("q{n}"), "v".repeat(20)))
            .collect(),
        headers: (0..100)
            .map(|n| (format!("h{n}"), "v".repeat(500)))
            .collect(),
        ..Asked::plain()
    };
    let facts = Facts {
        session: Some(&session),
        request: Some(&request),
        now: now(),
    };
    for text in [
        "session.identity.traits.groups.all(a, session.identity.traits.groups.exists(b, a == b))",
        "session.identity.traits.groups.map(a, session.identity.traits.groups.map(b, a + b)) == []",
        "session.identity.traits.groups.exists(a, session.identity.traits.groups.exists(b, \
         session.identity.traits.groups.exists(c, a + b == c)))",
        "session.identity.traits.groups.map(a, session.identity.traits.long).join() == 'x'",
        "request.query.all(a, request.query.all(b, request.query[a] == request.query[b]))",
        "request.headers.map(a, request.headers.map(b, request.headers[a] + request.headers[b])) \
         == []",
        "session.identity.traits.wide.all(a, session.identity.traits.wide.all(b, a != b + 'x'))",
        "session.identity.traits.groups.map(a, session.identity.traits.groups) \
         == session.identity.traits.groups.map(a, session.identity.traits.groups)",
    ] {
        let program = program(text, Kind::Condition);
        let answer = soon(text, || program.holds(&facts));
        let kind = answer.expect_err(text).kind;
        assert_eq!(kind, FailureKind::TooCostly, "{text}");
    }
    for text in [
        "session.identity.traits.long.matches('(a*)*b')",
        "session.identity.traits.long.matches('a{1,200}b')",
        r"session.identity.traits.long.matches(r'\w{10}-')",
        "session.identity.traits.long.matches('(x+x+)+y')",
        "session.identity.traits.long.contains(session.identity.traits.long + 'b')",
        "session.identity.traits.long.split('').size() == 1",
        "request.path.matches('^(/a+)+$')",
    ] {
        let program = program(text, Kind::Condition);
        let _ = soon(text, || program.holds(&facts));
    }
}

#[test]
fn doubling_runs_out_of_steps_and_not_of_memory() {
    let seed = "session.identity.traits.groups";
    let lists = format!("{seed}{} == []", ".map(a, [a, a])".repeat(12));
    let text = format!(
        "[{seed}[0]]{}[0] == ''",
        ".map(a, a + a + a + a)".repeat(30)
    );
    let session = hostile();
    let facts = Facts {
        session: Some(&session),
        request: None,
        now: now(),
    };
    for text in [&lists, &text] {
        let Ok(program) = Program::compile(text, Kind::Condition) else {
            continue;
        };
        let answer = soon(text, || program.holds(&facts));
        assert_eq!(answer.unwrap_err().kind, FailureKind::TooCostly, "{text}");
    }
    let sum = "session.identity.traits.long + session.identity.traits.long";
    let program = program(&format!("({sum}) + ({sum}) == ''"), Kind::Condition);
    assert_eq!(
        program.holds(&facts).unwrap_err().kind,
        FailureKind::TooCostly
    );
}

#[test]
fn what_costs_too_much_in_one_part_is_no_yes_in_another() {
    let session = hostile();
    let facts = Facts {
        session: Some(&session),
        request: None,
        now: now(),
    };
    let costly = "session.identity.traits.groups.all(a, \
                  session.identity.traits.groups.exists(b, a == b))";
    let program = program(&format!("!({costly}) || true"), Kind::Condition);
    assert_eq!(
        program.holds(&facts).unwrap_err().kind,
        FailureKind::TooCostly
    );
}
