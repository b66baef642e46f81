//! Each mistake is told, and told where it is.

use super::*;

/// A rule's text, and how its first problem begins.
const MISTAKES: &[(&str, &str)] = &[
    (
        "id: a, match: { path: /a }",
        "missing_key 3:11 rule `a` does not say which level",
    ),
    (
        "id: a, required_aal: aal1",
        "missing_key 3:5 `match` is missing",
    ),
    (
        "match: { path: /a }, required_aal: aal1",
        "missing_key 3:5 `id` is missing",
    ),
    (
        "id: a, match: {}, required_aal: aal1",
        "missing_key 3:21 `path` is missing",
    ),
    (
        "id: a b, match: { path: /a }, required_aal: aal1",
        "invalid_value 3:11 an id is",
    ),
    (
        "id: a, match: { path: a }, required_aal: aal1",
        "invalid_value 3:29 a path pattern starts",
    ),
    (
        "id: a, match: { path: [] }, required_aal: aal1",
        "invalid_value 3:29 `path` is an empty",
    ),
    (
        "id: a, match: { path: /%61 }, required_aal: aal1",
        "invalid_value 3:29 requests are matched in canonical form, which is `/a`",
    ),
    (
        "id: a, match: { path: /a//b }, required_aal: aal1",
        "invalid_value 3:29 no request has",
    ),
    (
        "id: a, match: { path: /a%2Fb }, required_aal: aal1",
        "invalid_value 3:29 requests with an encoded slash",
    ),
    (
        "id: a, match: { path: /**/a }, required_aal: aal1",
        "invalid_value 3:29 `**` stands for",
    ),
    (
        "id: a, match: { path: /a, host: 'h:80' }, required_aal: aal1",
        "invalid_value 3:39 this is not a host",
    ),
    (
        "id: a, match: { path: /a, methods: [get] }, required_aal: aal1",
        "invalid_value 3:43 methods are case-sensitive",
    ),
    (
        "id: a, match: { path: /a, methods: [] }, required_aal: aal1",
        "invalid_value 3:42 `methods` is an empty",
    ),
    (
        "id: a, match: { path: /a, methods: ['A B'] }, required_aal: aal1",
        "invalid_value 3:43 this is no HTTP method",
    ),
    (
        "id: a, match: { path: /a, query: {} }, required_aal: aal1",
        "invalid_value 3:40 nothing is asked for here",
    ),
    (
        "id: a, match: { path: /a, query: { p: } }, required_aal: aal1",
        "missing_value 3:43 what is expected is missing",
    ),
    (
        "id: a, match: { path: /a, query: { p: [a] } }, required_aal: aal1",
        "wrong_type 3:45 expected text",
    ),
    (
        "id: a, match: { path: /a, headers: { 'a b': x } }, required_aal: aal1",
        "invalid_value 3:44 `a b` is no header name",
    ),
    (
        "id: a, match: { path: /a, headers: { X-A: x, x-a: y } }, required_aal: aal1",
        "duplicate_key 3:52 header `x-a` is given twice",
    ),
    (
        "id: a, match: { path: /a, headers: { Cookie: x } }, required_aal: aal1",
        "invalid_value 3:44 header `cookie` is a credential",
    ),
    (
        "id: a, match: { path: /a, headers: { Authorization: absent } }, required_aal: aal1",
        "invalid_value 3:44 header `authorization` is a credential",
    ),
    (
        "id: a, match: { path: /a, headers: { Host: x } }, required_aal: aal1",
        "invalid_value 3:44 header `host` is what `host` is about",
    ),
    (
        "id: a, match: { path: /a, networks: [] }, required_aal: aal1",
        "invalid_value 3:43 `networks` is an empty",
    ),
    (
        "id: a, match: { path: /a, networks: [10.0.0.0/33] }, required_aal: aal1",
        "wrong_type 3:44 expected a network",
    ),
    (
        "id: a, match: { path: /a, networks: office }, required_aal: aal1",
        "unknown_network 3:43 there are no networks named `office`",
    ),
    (
        "id: a, match: { path_regex: '/(a{1000}){1000}' }, required_aal: aal1",
        "invalid_value 3:35 the expression unfolds to more than",
    ),
    (
        "id: a, match: { path_regex: '/a(?=b)' }, required_aal: aal1",
        "invalid_value 3:35 look-around",
    ),
    (
        "id: a, match: { path_regex: '/(a)\\1' }, required_aal: aal1",
        "invalid_value 3:35 backreferences are not supported",
    ),
    (
        "id: a, match: { path_regex: '/(a' }, required_aal: aal1",
        "invalid_value 3:35 unclosed group",
    ),
    (
        "id: a, match: { path_regex: 'api/.*' }, required_aal: aal1",
        "invalid_value 3:35 no path matches this, because paths begin with `/`",
    ),
    (
        "id: a, match: { path_regex: '/\\.well-known/stepgate/.*' }, required_aal: aal1",
        "reserved_path 3:35 rule `a` is about paths",
    ),
    (
        "id: a, match: { path: /a }, required_aal: aal1, limits: { requests: 5, per: ip }",
        "wrong_type 3:75 expected a rate",
    ),
    (
        "id: a, match: { path: /a }, required_aal: aal1, limits: { requests: 5 per 1m }",
        "missing_key 3:63 `per` is missing",
    ),
    (
        "id: a, match: { path: /a }, required_aal: aal1, limits: { requests: 5 per 1m, per: head }",
        "wrong_type 3:90 expected one of session, ip",
    ),
    (
        "id: a, match: { path: /a }, required_aal: none, limits: { requests: 5 per 1m, per: session }",
        "contradiction 3:63 the rule asks for no session",
    ),
    (
        "id: a, match: { path: /a, colour: red }, required_aal: aal1",
        "unknown_key 3:33 unknown key `colour`",
    ),
    (
        "id: a, match: { path: /a }, required_aal: aal3",
        "wrong_type 3:49 expected one of none, aal1",
    ),
    (
        "id: a, match: { path: /a }, required_aal: none, max_age: 1m",
        "contradiction 3:64 `max_age` asks",
    ),
    (
        "id: a, match: { path: /a }, required_aal: aal1, max_age: 0s",
        "invalid_value 3:64 no session is ever",
    ),
    (
        "id: a, match: { path: /a }, required_aal: aal1, max_age: 10",
        "wrong_type 3:64 expected a duration",
    ),
    (
        "id: a, match: { path: /a }, required_aal: aal1, enrol: deny",
        "contradiction 3:62 `enrol: deny` needs",
    ),
    (
        "id: a, match: { path: /a }, required_aal: aal1, fall_thru: true",
        "unknown_key 3:55 unknown key `fall_thru`",
    ),
    (
        "id: a, match: { path: /.well-known/stepgate/x }, required_aal: aal1",
        "reserved_path 3:29 rule `a` is about paths",
    ),
];

#[test]
fn each_mistake_is_told_where_it_is() {
    let told: Vec<_> = MISTAKES
        .iter()
        .map(|(line, start)| (*start, problems_of(compile_rules(&[line])).remove(0)))
        .filter(|(start, told)| !told.starts_with(start))
        .collect();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn ids_are_unique_over_all_files() {
    let folder = tempfile::tempdir().unwrap();
    let rule = |path: &str| {
        format!(
            "{HEAD}  - {{ id: a, match: {{ path: {path} }}, required_aal: aal1, upstream: app }}\n"
        )
    };
    std::fs::write(folder.path().join("1.yaml"), rule("/a")).unwrap();
    std::fs::write(folder.path().join("2.yaml"), rule("/b")).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not: [rules").unwrap();
    let problems = load(&[folder.path().to_owned()], &Context::default()).unwrap_err();
    let problem = problems.iter().next().unwrap();
    assert!(problem.file.ends_with("2.yaml"));
    assert_eq!(
        (problem.code, problem.line, problem.column),
        ("duplicate_id", 3, 11)
    );
    let (first, _) = problem.related.as_ref().unwrap();
    assert!(first.file().ends_with("1.yaml"));
    assert_eq!(problems.len(), 1);
}

#[test]
fn rules_that_clash_are_both_named_with_their_places() {
    let ambiguous = problems_of(compile_rules(&[
        "id: one, match: { path: '/a/{x}' }, required_aal: aal1",
        "id: two, match: { path: '/a/*' }, required_aal: aal2",
    ]));
    let expected = "ambiguous_rules 4:11 rules `two` and `one` can both match one request, and \
                    neither comes first (app.yaml:3:11)";
    assert_eq!(ambiguous, [expected]);
    let dead = problems_of(compile_rules(&[
        "id: wide, match: { path: /** }, required_aal: aal1, priority: 1",
        "id: lost, match: { path: /a }, required_aal: aal2",
    ]));
    let expected = "dead_rule 4:11 rule `lost` can never win: `wide` comes first and matches \
                    everything it matches (app.yaml:3:11)";
    assert_eq!(dead, [expected]);
}

#[test]
fn all_problems_are_told_at_once() {
    let text = "
upstreams:
  app: { url: http://127.0.0.1:9000, endpoints: [http://a] }
  api: { url: ftp://x, retrys: 2 }
default: {}
rules:
  - { id: a, match: { path: /a }, required_aal: aal1, upstream: apo }
  - { id: b, match: { path: b }, required_aal: aal9, upstream: app }
";
    let problems = compile("app.yaml", text, &Context::default()).unwrap_err();
    let codes: Vec<_> = problems.iter().map(|p| (p.line, p.code)).collect();
    let expected = [
        (3, "contradiction"),
        (4, "invalid_value"),
        (4, "unknown_key"),
        (5, "unknown_key"),
        (7, "unknown_upstream"),
        (8, "invalid_value"),
        (8, "wrong_type"),
    ];
    assert_eq!(codes, expected);
    let help = problems.iter().nth(4).and_then(|p| p.help.clone()).unwrap();
    assert!(help == "did you mean `app`?" || help == "did you mean `api`?");
}
