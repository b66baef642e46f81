use std::time::Duration;

use serde_json::json;

use super::*;

fn parsed(source: &str) -> Snippet {
    Snippet::parse("mapper.jsonnet", source).unwrap()
}

#[test]
fn a_mapper_reads_claims_and_gives_traits() {
    let mapper = parsed(
        "local claims = { email_verified: false } + std.extVar('claims');\n\
         { identity: { traits: { [if claims.email_verified then 'email']: claims.email, n: 1e3 } } }",
    );
    let claims = json!({"email": "a@example.org", "email_verified": true, "n": null});
    let mapped = mapper
        .evaluate(&Inputs::variable("claims", claims))
        .unwrap();
    let wanted = json!({"identity": {"traits": {"email": "a@example.org", "n": 1000}}});
    assert_eq!(mapped, wanted);
    let unverified = Inputs::variable("claims", json!({"email": "a@example.org"}));
    let mapped = mapper.evaluate(&unverified).unwrap();
    assert_eq!(mapped["identity"]["traits"], json!({"n": 1000}));
}

#[test]
fn a_body_is_a_function_of_its_context() {
    let body = parsed("function(ctx) { id: ctx.identity.id, list: [x + 1 for x in ctx.numbers] }");
    let context = json!({"identity": {"id": "7"}, "numbers": [1, 2]});
    let made = body.evaluate(&Inputs::argument("ctx", context)).unwrap();
    assert_eq!(made, json!({"id": "7", "list": [2, 3]}));
}

#[test]
fn a_broken_program_is_refused_with_its_place() {
    let place = |source: &str| {
        let flaw = Snippet::parse("x", source).unwrap_err();
        (flaw.line, flaw.column)
    };
    assert_eq!(place("{\n  a: 1,\n  b: nowhere,\n}"), (3, 6));
    assert_eq!(place("{ a: 1 "), (1, 8));
    assert_eq!(place("{ ä: 1 }"), (1, 3));
    assert_eq!(place("'ü' + \"open"), (1, 7));
}

#[test]
fn nothing_is_imported_and_nobody_elses_variables_are_seen() {
    for source in [
        "import '/etc/passwd'",
        "importstr '/etc/passwd'",
        "importbin '/etc/passwd'",
        "std.extVar('secrets')",
        "std.native('exec')('ls')",
    ] {
        let result = parsed(source).evaluate(&Inputs::default());
        assert!(result.is_err(), "{source}: {result:?}");
    }
}

#[test]
fn a_program_that_fails_says_where_without_the_values() {
    let mapper = parsed("local claims = std.extVar('claims');\n{ a: claims.secret.word + {} }");
    let claims = json!({"secret": {"other": "hunter2"}});
    let error = mapper
        .evaluate(&Inputs::variable("claims", claims))
        .unwrap_err();
    let shown = error.to_string();
    assert!(shown.starts_with("mapper.jsonnet:2:"), "{shown}");
    assert!(
        shown.contains("`word`") && !shown.contains("hunter2"),
        "{shown}"
    );
    let refused = parsed("error 'the address is not verified'").evaluate(&Inputs::default());
    let shown = refused.unwrap_err().to_string();
    assert_eq!(shown, "mapper.jsonnet: the address is not verified");
}

#[test]
fn a_program_that_calls_itself_for_ever_ends() {
    let result = parsed("local f(x) = 1 + f(x + 1); f(1)").evaluate(&Inputs::default());
    assert!(result.unwrap_err().to_string().contains("too deep"));
}

#[tokio::test]
async fn a_program_that_takes_for_ever_does_not_take_its_caller_along() {
    let slow = parsed("local f(n) = if n < 2 then n else f(n - 1) + f(n - 2); f(25)");
    let quick = parsed("1 + 1");
    let runner = Runner::default();
    // Whoever has no patience at all sees every program as one that never ends.
    let impatient = runner.with_patience(Duration::ZERO);
    let answer = runner.run(&quick, Inputs::default()).await;
    assert_eq!(answer, Ok(json!(2)));
    let answer = impatient.run(&slow, Inputs::default()).await;
    assert!(matches!(answer, Err(RunError::TooLong(..))), "{answer:?}");
    let answer = runner.run(&quick, Inputs::default()).await;
    assert_eq!(answer, Ok(json!(2)));
}
