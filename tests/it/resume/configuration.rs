//! What `stepgate check` says of `step_up.keep_body` and of rules that can't mean it.

use std::path::Path;

use rstest::rstest;
use stepgate::config::{self, Environment};

fn problems(folder: &Path, sections: &str) -> String {
    let file = folder.join("stepgate.yaml");
    let text =
        format!("version: 1\nproxy: {{ listen: [{{ address: \"127.0.0.1:0\" }}] }}\n{sections}\n");
    std::fs::write(&file, text).unwrap();
    let loaded = config::load(&file, &Environment::default(), &[]);
    let rendering = stepgate::document::Rendering::Plain;
    stepgate::document::to_text(&loaded.problems, rendering)
}

#[rstest]
#[case("store: database", "needs the database of `identity.embedded`")]
#[case("store: disk", "memory")]
#[case("max_size: 65MiB", "never fits")]
#[case("max_size: lots", "expected a size")]
#[case("expires: 0s", "nothing would wait")]
#[case("expire: 1m", "expires")]
fn a_mistake_is_told_with_its_place_and_a_way_out(#[case] key: &str, #[case] said: &str) {
    let folder = tempfile::tempdir().unwrap();
    let text = problems(
        folder.path(),
        &format!(
            "identity: {{ external: {{ public_url: \"http://127.0.0.1:1\" }} }}\nstep_up:\n  keep_body: {{ {key} }}"
        ),
    );
    assert!(text.contains("stepgate.yaml:5:"), "{text}");
    assert!(text.contains(said), "{text}");
}

#[test]
fn the_embedded_service_lends_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let sections = "identity: { embedded: { database: \"sqlite:x.db\", kratos: { secrets: { default: [0123456789abcdef] } } } }\n\
        step_up: { keep_body: { store: database } }";
    let text = problems(folder.path(), sections);
    assert!(
        !text.contains("keep_body") && !text.contains("store"),
        "{text}"
    );
}

#[rstest]
#[case("required_aal: none", "asks for nothing")]
#[case("required_aal: aal2", "names none of them")]
fn keep_body_where_it_can_mean_nothing_is_an_error(#[case] level: &str, #[case] said: &str) {
    let rules = format!(
        "upstreams: {{ app: {{ url: \"http://127.0.0.1:9\" }} }}\n\
         rules:\n  - {{ id: a, match: {{ path: /a, methods: [GET] }}, {level}, keep_body: true, \
         upstream: app }}\n"
    );
    let problems = stepgate::rules::compile("rules.yaml", &rules, &Default::default());
    let text = format!("{:?}", problems.err().unwrap());
    assert!(text.contains(said), "{text}");
}
