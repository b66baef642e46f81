use super::*;

/// Text, column, message, and help where it matters.
type Mistake = (&'static str, u16, &'static str, &'static str);

const MISTAKES: &[Mistake] = &[
    (
        "session.identty.id == ''",
        9,
        "session has no `identty`",
        "did you mean `identity`?",
    ),
    (
        "request.pth == '/'",
        9,
        "request has no `pth`",
        "did you mean `path`?",
    ),
    (
        "sesion.active",
        1,
        "nothing here is called `sesion`",
        "did you mean `session`?",
    ),
    (
        "session.identity.trait.role == ''",
        18,
        "session.identity has no `trait`",
        "did you mean `traits`?",
    ),
    (
        "request.path.startWith('/')",
        14,
        "there is no function `startWith`",
        "did you mean `startsWith`?",
    ),
    (
        "session.active = true",
        16,
        "`=` means nothing here",
        "write == to compare",
    ),
    (
        "session.active && ",
        19,
        "expected a value, found the end of the expression",
        "",
    ),
    (
        "request.method == 5",
        16,
        "`==` can't be used between a text and an integer",
        "",
    ),
    (
        "'a' + 1 == 'b'",
        5,
        "`+` can't be used between a text and an integer",
        "",
    ),
    (
        "now - session.authenticated_at < duration('1m')",
        5,
        "`-` can't be used between a time and a text",
        "times of a session are texts: write timestamp(session.authenticated_at)",
    ),
    (
        "1 / 0 == 1",
        3,
        "this never has a value: a value that can't be used so",
        "",
    ),
    (
        "duration('10 parsecs') > duration('1s')",
        1,
        "this never has a value: a value that can't be used so",
        "",
    ),
    (
        "request.path.matches('(')",
        22,
        "this is no regular expression, or too large a one",
        "",
    ),
    (
        "request.path.matches(request.query.p)",
        36,
        "the pattern of `matches` must be written out",
        "",
    ),
    (
        "session.methods.exists('x', true)",
        24,
        "here stands a name for the item",
        "",
    ),
    (
        "session.methods.exists(session, true)",
        24,
        "`session` has a meaning already",
        "",
    ),
    (
        "!request.path",
        10,
        "this must be true or false, and is a text",
        "",
    ),
    (
        "request.headers['X-Client'] == ''",
        16,
        "header names are in lower case here",
        "",
    ),
    ("b'abc' == b'abc'", 1, "there are no bytes here", ""),
    ("'open", 1, "this text has no end", ""),
    (
        r"'\d' == ''",
        1,
        "this text has an escape that means nothing",
        "",
    ),
    (
        "99999999999999999999 > 1",
        1,
        "this is no number, or too large",
        "",
    ),
    ("size(5) == 1", 1, "`size` can't be used like this", ""),
    ("trim('a') == 'a'", 1, "there is no function `trim`", ""),
    ("true true", 6, "expected the end, found `true`", ""),
    ("session.id.x == ''", 12, "a text has nothing inside", ""),
];

#[test]
fn typing_errors_are_found_where_they_are_made() {
    for &(text, column, message, help) in MISTAKES {
        let error = wrong(text, Kind::Condition);
        assert_eq!(error.message, message, "{text}");
        assert_eq!(
            (error.position.line, error.position.column),
            (1, column),
            "{text}"
        );
        if !help.is_empty() {
            assert_eq!(error.help.as_deref(), Some(help), "{text}");
        }
    }
}

#[test]
fn a_result_of_the_wrong_type_is_refused_when_it_is_read() {
    for (text, kind) in [
        ("request.path", Kind::Condition),
        ("1", Kind::Condition),
        ("null", Kind::Condition),
        ("session.methods", Kind::Condition),
        ("session.identity", Kind::Text),
        ("request.query", Kind::Text),
    ] {
        assert!(
            wrong(text, kind).message.starts_with("this must yield"),
            "{text}"
        );
    }
}

#[test]
fn traits_and_metadata_are_whatever_operators_made_them() {
    for text in [
        "session.identity.traits.any.thing.at.all == 5",
        "session.identity.metadata_public['plan']",
        "session.identity.traits.list[0].name in ['a']",
        "session.identity.traits.score * 2.0 > 1.0",
    ] {
        assert!(Program::compile(text, Kind::Condition).is_ok(), "{text}");
    }
}

#[test]
fn lines_count_within_long_expressions() {
    let error = wrong(
        "session.active &&\n  // who\n  request.pth == '/'",
        Kind::Condition,
    );
    assert_eq!((error.position.line, error.position.column), (3, 11));
}
