//! Another reading of the same language: the `cel` crate must agree on what both have.

use super::*;

/// What the other reader says; `None` where it has no answer.
fn other(text: &str) -> Option<Json> {
    let program = cel::Program::compile(text).ok()?;
    let mut context = cel::Context::default();
    let mut session = document();
    session["methods"] = json!(["password", "totp"]);
    let request = json!({
        "method": "GET", "scheme": "https", "host": "bank.example.com", "path": "/desk/7",
        "ip": "192.0.2.7", "query": {"lang": "de"}, "headers": {"x-client": "app"},
    });
    context
        .add_variable("session", cel::to_value(session).ok()?)
        .ok()?;
    context
        .add_variable("request", cel::to_value(request).ok()?)
        .ok()?;
    program.execute(&context).ok()?.json().ok()
}

const ALIKE: &[&str] = &[
    "1 + 2 * 3 - 4 / 2 % 3",
    "-(3) - -4",
    "7 / 2",
    "-7 / 2",
    "-7 % 3",
    "7u % 4u",
    "1.5 * 2.0",
    "0x1F",
    "9223372036854775807",
    "-9223372036854775808",
    "1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3 && 1 != 2",
    "1 == 1.0 && 1u == 1",
    "'a' < 'b' && 'abc' < 'abd' && 'B' < 'a'",
    "true || false && false",
    "!true || !false",
    "false ? 1 : true ? 2 : 3",
    "1 in [1, 2] && !(3 in [1, 2])",
    "'a' in {'a': 1}",
    "[1, 2] + [3]",
    "[1, [2, 3]][1][0]",
    "{'a': {'b': 5}}.a.b",
    "{'a': 1, 'b': 2}['b']",
    "size('h\u{e9}llo')",
    "size([1, 2, 3])",
    "size({'a': 1})",
    "'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo')",
    "'hello'.matches('^h.*o$') && !'hello'.matches('^x')",
    "[1, 2, 3].all(x, x > 0)",
    "[1, 2, 3].exists(x, x == 2)",
    "[1, 2, 3].exists_one(x, x > 2)",
    "[1, 2, 3].map(x, x * x)",
    "[1, 2, 3].map(x, x > 1, x * x)",
    "[1, 2, 3].filter(x, x % 2 == 1)",
    "[[1], [2, 3]].map(x, x.map(y, y + 1))",
    "has(session.identity.traits.role)",
    "has(session.identity.traits.rank)",
    "session.identity.traits.groups.exists(g, g == 'vault')",
    "session.identity.traits.level > 2 ? 'high' : 'low'",
    "session.identity.traits.nothing == null",
    "session.methods",
    "request.query.lang == 'de' || request.query.page == '1'",
    "request.query.page == '1' || request.query.lang == 'de'",
    "request.query.page == '1' && request.query.lang == 'xx'",
    "string(5) + string(true) + string(1.5)",
    "int('42') + int(3.9) + int(-3.9) + int(5u)",
    "double('1.5') + double(2)",
    "uint('7') + uint(3)",
    "'a\\n\\t\\\\\\'\\x41\\u00e9\\101'",
    "r'a\\nb'",
    "'''long 'text' here'''",
    "\"\"\"two\nlines\"\"\"",
    "1e3 + 1.0E-2",
    "[1, 2, 3,].size()",
    "(1 + 2) * 3",
    "!(1 > 2)",
    "type(1) == int && type('a') == string && type([]) == list && type(null) == null_type",
    "{1: 'a', 2u: 'b', true: 'c'}[1]",
    "[] == [] && {} == {} && [1] != [2]",
    "{'a': 1, 'b': [1]} == {'b': [1], 'a': 1}",
    "null == null",
    "1 - -1",
    "1 // a comment\n + 1",
];

#[test]
fn another_reader_of_the_language_gives_the_same_answers() {
    for text in ALIKE.iter().copied() {
        let ours = value(text).unwrap_or_else(|kind| panic!("{text}: {kind}"));
        let theirs = other(text).unwrap_or_else(|| panic!("{text}: no answer of the other"));
        let same = match (ours.as_f64(), theirs.as_f64()) {
            (Some(a), Some(b)) => a.to_bits() == b.to_bits(),
            _ => ours == theirs,
        };
        assert!(same, "{text}: {ours} here, {theirs} there");
    }
}

#[test]
fn what_has_no_answer_here_has_none_there() {
    for text in [
        "1 / (session.identity.traits.level - 3)",
        "session.identity.traits.rank",
        "session.identity.traits.level + 'a'",
        "session.identity.traits.groups[9]",
        "9223372036854775807 + session.identity.traits.level",
        "int(session.identity.traits.role)",
        "session.identity.traits.role > 5",
    ] {
        assert!(value(text).is_err(), "{text}");
        assert_eq!(other(text), None, "{text}");
    }
}
