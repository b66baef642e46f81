use std::path::Path;

use crate::config::kratos_format::{Form, read};
use crate::document::{Problems, Reading, Source, parse};
use crate::identity::settings::{Hook, HookAnswer, HookAuth};

/// What is wrong: file, line, column and message.
type Wrong = (String, u32, u32, String);

/// The hooks after every login, or what is wrong.
fn hooks(config: &str) -> Result<Vec<Hook>, Vec<Wrong>> {
    let text =
        format!("selfservice: {{ flows: {{ login: {{ after: {{ hooks: [ {config} ] }} }} }} }}\n");
    let tree = parse(&Source::new("kratos.yml", &text), &mut Problems::new()).unwrap();
    let mut reading = Reading::in_folder(Path::new("."));
    let draft = read(&tree, Form::Embedded { in_file: false }, &mut reading);
    match draft {
        Some(draft) => Ok(draft
            .settle("http://localhost/")
            .self_service
            .login
            .after
            .hooks),
        None => Err(reading
            .problems
            .iter()
            .map(|one| {
                let file = one.file.to_string();
                (file, one.line, one.column, one.message.clone())
            })
            .collect()),
    }
}

fn base64(source: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(source)
}

#[test]
fn a_web_hook_is_read_with_everything_it_may_have() {
    let body = base64("function(ctx) { id: ctx.identity.id }");
    let read = hooks(&format!(
        "{{ hook: web_hook, config: {{ id: crm, url: 'https://crm.example/in', method: post, \
         body: 'base64://{body}', headers: {{ X-Team: red }}, response: {{ parse: true }}, \
         auth: {{ type: api_key, config: {{ name: X-Key, value: k, in: header }} }} }} }}, \
         {{ hook: session }}"
    ))
    .unwrap();
    let [Hook::WebHook(hook), Hook::Session] = read.as_slice() else {
        panic!("{read:?}");
    };
    assert_eq!((&*hook.id, &*hook.method), ("crm", "POST"));
    assert_eq!(hook.answer, HookAnswer::Read);
    assert!(matches!(&hook.auth, Some(HookAuth::Header { name, .. }) if name == "X-Key"));
    assert!(hook.body.is_some());
    assert_eq!(hook.headers[0].1.expose(), "red");
}

#[test]
fn a_broken_program_is_told_with_its_own_line_and_column() {
    let body = base64("function(ctx) {\n  id: ctxx.identity.id,\n}");
    let wrong = hooks(&format!(
        "{{ hook: web_hook, config: {{ url: 'https://x.example/', method: POST, \
         body: 'base64://{body}' }} }}"
    ))
    .unwrap_err();
    let expected = "there is no variable `ctxx`".to_owned();
    assert_eq!(wrong, [("base64".to_owned(), 2, 7, expected)]);
}

#[test]
fn what_a_hook_can_not_be_is_refused_at_the_start() {
    for (config, said) in [
        ("url: 'file:///etc/passwd', method: POST", "http"),
        ("url: 'https://x.example/', method: FETCH", "FETCH"),
        ("url: 'https://x.example/'", "method"),
        (
            "url: 'https://x.example/', method: POST, response: { ignore: true, parse: true }",
            "ignored",
        ),
        (
            "url: 'https://x.example/', method: POST, headers: { 'a b': c }",
            "a b",
        ),
        (
            "url: 'https://x.example/', method: POST, body: 'file:///nowhere'",
            "nowhere",
        ),
        (
            "url: 'https://x.example/', method: POST, retries: 5",
            "retries",
        ),
    ] {
        let text = format!("{{ hook: web_hook, config: {{ {config} }} }}");
        let wrong = hooks(&text).unwrap_err();
        let found = wrong.iter().any(|(.., message)| message.contains(said));
        assert!(found, "{config}: {wrong:?}");
    }
}
