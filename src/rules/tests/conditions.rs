//! `condition` of a rule: what is taken, and where mistakes are shown.

use super::*;

fn with(lines: &str) -> String {
    format!(
        "upstreams: {{ app: {{ url: \"http://127.0.0.1:9000\" }} }}\nrules:\n  - id: desk\n    match: \
         {{ path: /** }}\n    upstream: app\n{lines}"
    )
}

fn problem(lines: &str) -> crate::document::Problem {
    let problems = compile("rules/test.yaml", &with(lines), &Context::default()).unwrap_err();
    let mut all: Vec<_> = problems.iter().cloned().collect();
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[test]
fn mistakes_in_conditions_are_shown_where_they_are() {
    let aal1 = "    required_aal: aal1\n";
    for (line, column, message, help) in [
        (
            "    condition: session.identty.id == \"x\"\n",
            24,
            "session has no `identty`",
            Some("did you mean `identity`?"),
        ),
        (
            "    condition: \"request.pth == '/'\"\n",
            25,
            "request has no `pth`",
            Some("did you mean `path`?"),
        ),
        (
            "    condition: session.active &&\n",
            33,
            "expected a value, found the end of the expression",
            None,
        ),
        (
            "    condition: request.path\n",
            16,
            "this must yield true or false, and yields a text",
            None,
        ),
    ] {
        let found = problem(&format!("{aal1}{line}"));
        assert_eq!(found.code, "invalid_expression");
        assert_eq!((found.line, found.column), (7, column), "{line}");
        assert_eq!(found.message, message, "{line}");
        if help.is_some() {
            assert_eq!(found.help.as_deref(), help, "{line}");
        }
    }
    let folded = "    condition: >-\n      session.active\n      && request.pth == '/'\n";
    let found = problem(&format!("{aal1}{folded}"));
    assert!(found.message.contains("request has no `pth`"), "{found:?}");
    assert!(found.message.contains("of the expression"), "{found:?}");
}

#[test]
fn a_public_rule_reads_a_session_only_where_it_learns_of_one() {
    let public = "    required_aal: none\n";
    let of_request = format!("{public}    condition: request.method == \"GET\"\n");
    assert!(compile("a.yaml", &with(&of_request), &Context::default()).is_ok());
    let of_session = format!("{public}    condition: session.active\n");
    assert_eq!(problem(&of_session).code, "contradiction");
    let identified = format!("{of_session}    identify: true\n");
    assert!(compile("a.yaml", &with(&identified), &Context::default()).is_ok());
}

#[test]
fn a_rule_set_knows_what_its_conditions_read() {
    let set = |lines: &str| {
        let lines = format!("    required_aal: aal1\n{lines}");
        compile("a.yaml", &with(&lines), &Context::default()).unwrap()
    };
    assert!(set("").reads().is_nothing());
    assert!(
        set("    condition: request.path == \"/\"\n")
            .reads()
            .is_nothing()
    );
    assert!(!set("    condition: session.active\n").reads().is_nothing());
}
