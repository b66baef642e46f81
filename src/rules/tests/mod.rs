//! Rule files: what they mean and what is wrong with them.

mod conditions;
mod handling;
mod mistakes;
mod reloading;
mod requirements;
mod surroundings;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::document::{Problems, Rendering, to_text};
use crate::policy::{
    Balance, CanonicalPath, EndpointAddress, Enrolment, Host, Methods, RequiredAal, RuleSet,
};

const HEAD: &str = "upstreams: { app: { url: http://127.0.0.1:9000 } }\nrules:\n";

/// Compiles rules given as flow mappings, one a line, each with an upstream unless it has one.
fn compile_rules(lines: &[&str]) -> Result<RuleSet, Problems> {
    compile_rules_in(lines, &Context::default())
}

fn compile_rules_in(lines: &[&str], context: &Context) -> Result<RuleSet, Problems> {
    let rules: Vec<String> = lines
        .iter()
        .map(|line| format!("  - {{ {line}, upstream: app }}\n"))
        .collect();
    compile("app.yaml", &format!("{HEAD}{}", rules.concat()), context)
}

/// `code line:column message` of every problem.
fn problems_of(result: Result<RuleSet, Problems>) -> Vec<String> {
    let problems = result.map(|_| ()).unwrap_err();
    problems
        .iter()
        .map(|p| format!("{} {}:{} {}", p.code, p.line, p.column, p.message))
        .collect()
}

#[test]
fn every_file_on_the_shelf_is_whole() {
    let shelf = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for (folder, at_least) in [(shelf.join("examples"), 7), (shelf, 3)] {
        match load(&[folder], &Context::default()) {
            Ok(set) => assert!(set.rules().len() >= at_least),
            Err(problems) => panic!("{}", to_text(&problems, Rendering::Plain)),
        }
    }
}

#[test]
fn a_rule_means_what_is_written() {
    let text = r#"
upstreams:
  bank:
    endpoints: [http://10.0.0.1:9000, "unix:/run/bank.sock"]
    balance: round_robin
    pool: { idle_per_worker: 7 }
defaults: { upstream: bank, required_aal: aal1, max_age: 8h }
rules:
  - id: desk
    match: { host: [Bank.example.com, "*.bank.example.com"], path: [/desk/**, "/till/{n}"], methods: [GET] }
    required_aal: aal2
    max_age: 10m
    priority: 3
    reason: "Money leaves the bank here."
    enrol: deny
    fall_through: true
    strict_paths: false
  - id: plain
    match: { path: /** }
  - id: public
    match: { path: /public/** }
    required_aal: none
    identify: true
"#;
    let set = compile("bank.yaml", text, &Context::default()).unwrap();
    let [desk, plain, public] = set.rules() else {
        panic!("three rules")
    };
    assert_eq!(desk.id().as_str(), "desk");
    assert_eq!(desk.location().to_string(), "bank.yaml:9:9");
    assert_eq!(desk.requirement().required_aal, RequiredAal::Aal2);
    assert_eq!(desk.requirement().max_age, Some(Duration::from_secs(600)));
    assert_eq!(desk.requirement().enrolment, Enrolment::Denied);
    assert_eq!(desk.reason(), Some("Money leaves the bank here."));
    assert_eq!(desk.matcher().priority, 3);
    assert_eq!(desk.matcher().hosts.len(), 2);
    assert_eq!(desk.matcher().paths.len(), 2);
    assert!(desk.matcher().methods.contain(&http::Method::HEAD));
    assert!(desk.switches().fall_through && !desk.switches().strict_paths);
    assert_eq!(plain.requirement().required_aal, RequiredAal::Aal1);
    assert_eq!(
        plain.requirement().max_age,
        Some(Duration::from_secs(8 * 3600))
    );
    assert_eq!(plain.matcher().methods, Methods::ALL);
    assert!(plain.switches().strict_paths);
    // The file's default age is for rules that ask for a session.
    assert_eq!(public.requirement().max_age, None);
    assert!(public.wants_subject() && public.is_public());
    let upstream = set.upstream(desk.upstream().unwrap());
    assert_eq!(&*upstream.name, "bank");
    assert_eq!(upstream.balance, Balance::RoundRobin);
    assert_eq!((upstream.idle_per_worker, upstream.retries), (7, 1));
    let socket = EndpointAddress::Unix(PathBuf::from("/run/bank.sock"));
    assert_eq!(upstream.endpoints[1].address, socket);
}
