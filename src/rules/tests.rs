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
    compile("app.yaml", &(HEAD.to_owned() + &rules.concat()), context)
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
    let upstream = set.upstream(desk.upstream());
    assert_eq!(&*upstream.name, "bank");
    assert_eq!(upstream.balance, Balance::RoundRobin);
    assert_eq!((upstream.idle_per_worker, upstream.retries), (7, 1));
    let socket = EndpointAddress::Unix(PathBuf::from("/run/bank.sock"));
    assert_eq!(upstream.endpoints[1].address, socket);
}

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
        "unknown_key 3:33 unknown key `query`",
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
        "id: a, match: { path: /a }, required_aal: aal1, condition: x",
        "unknown_key 3:55 unknown key `condition`",
    ),
    (
        "id: a, match: { path: /a }, required_aal: aal1, keep_body: true",
        "unknown_key 3:55 unknown key `keep_body`",
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

#[test]
fn a_rule_must_not_claim_the_paths_of_the_identity_service() {
    let context = Context {
        reserved: vec![Reserved {
            path: CanonicalPath::parse("/auth").unwrap(),
            host: Some(Host::parse("id.example.com").unwrap()),
        }],
        ..Context::default()
    };
    let compiled = |matching: &str| {
        let line = format!("id: a, match: {{ {matching} }}, required_aal: aal1");
        compile_rules_in(&[&line], &context).map(|_| ())
    };
    for matching in [
        "path: /auth",
        "path: /auth/**",
        "path: /auth/x, host: '*.example.com'",
    ] {
        let problems = compiled(matching).unwrap_err();
        assert_eq!(
            problems.iter().next().unwrap().code,
            "reserved_path",
            "{matching}"
        );
    }
    for matching in [
        "path: /**",
        "path: /authority",
        "path: /auth/**, host: app.example.com",
    ] {
        assert_eq!(compiled(matching), Ok(()), "{matching}");
    }
}

#[test]
fn a_rule_must_not_ask_for_a_session_where_its_cookie_never_comes() {
    let reach = |domain: Option<&str>| Context {
        session_reach: Some(SessionReach {
            host: Host::parse("id.example.com").unwrap(),
            domain: domain.map(|domain| Host::parse(domain).unwrap()),
        }),
        ..Context::default()
    };
    let compiled = |host: &str, aal: &str, domain| {
        let line = format!("id: a, match: {{ path: /**, host: '{host}' }}, required_aal: {aal}");
        compile_rules_in(&[&line], &reach(domain)).is_ok()
    };
    assert!(compiled("id.example.com", "aal1", None));
    assert!(!compiled("app.example.com", "aal1", None));
    assert!(!compiled("*.example.com", "aal1", None));
    assert!(compiled("app.example.com", "none", None));
    assert!(compiled("app.example.com", "aal1", Some("example.com")));
    assert!(compiled("*.example.com", "aal1", Some("example.com")));
    assert!(!compiled("badexample.com", "aal1", Some("example.com")));
    assert!(
        compile_rules_in(
            &["id: a, match: { path: /** }, required_aal: aal2"],
            &reach(None)
        )
        .is_ok()
    );
}

#[test]
fn highest_available_needs_to_know_who_has_a_second_factor() {
    let context = Context {
        second_factor_is_known: false,
        ..Context::default()
    };
    let line = "id: a, match: { path: /** }, required_aal: highest_available";
    let problems = problems_of(compile_rules_in(&[line], &context));
    assert!(problems[0].starts_with("contradiction 3:"), "{problems:?}");
    assert!(compile_rules(&[line]).is_ok());
}

#[test]
fn variables_are_filled_in() {
    let context = Context {
        variables: Arc::new(|name| (name == "APP").then(|| "http://127.0.0.1:7".to_owned())),
        ..Context::default()
    };
    let text = "upstreams: { app: { url: \"${APP}\" } }";
    let set = compile("app.yaml", text, &context).unwrap();
    assert_eq!(&*set.upstreams()[0].endpoints[0].authority, "127.0.0.1:7");
    assert!(compile("app.yaml", text, &Context::default()).is_err());
}

mod reloading {
    use std::os::unix::fs::symlink;

    use jiff::Timestamp;

    use super::*;
    use crate::clock::Clock;

    const WHOLE: &str = "upstreams: { app: { url: http://127.0.0.1:9000 } }\n\
        rules: [{ id: a, match: { path: /** }, required_aal: aal1, upstream: app }]\n";

    fn reloader(path: &Path) -> (Arc<RuleStore>, Arc<Reloader>) {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let paths = vec![path.to_owned()];
        let first = load(&paths, &Context::default()).unwrap();
        let store = Arc::new(RuleStore::new(first, clock.wall()));
        let reloader = Reloader::new(Arc::clone(&store), paths, Context::default(), clock);
        (store, Arc::new(reloader))
    }

    /// Waits until the files' change has arrived.
    fn wait_for(store: &RuleStore, what: impl Fn(&Reload, &RuleSet) -> bool) {
        for _ in 0..1000 {
            if what(&store.last_reload(), &store.current()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no such reload: {:?}", store.last_reload());
    }

    fn first_id(rules: &RuleSet) -> &str {
        rules.rules()[0].id().as_str()
    }

    #[test]
    fn a_broken_reload_keeps_the_rules_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.yaml");
        std::fs::write(&file, WHOLE).unwrap();
        let (store, reloader) = reloader(folder.path());
        let pinned = store.current();
        std::fs::write(&file, WHOLE.replace("aal1", "aal9")).unwrap();
        let ReloadOutcome::Rejected { problems } = reloader.reload().outcome else {
            panic!("it was broken");
        };
        assert_eq!(problems.len(), 1);
        assert_eq!(store.current().number(), 1);
        std::fs::write(&file, WHOLE.replace("id: a", "id: b")).unwrap();
        let outcome = reloader.reload().outcome;
        assert_eq!(outcome, ReloadOutcome::Applied { generation: 2 });
        assert_eq!(first_id(&store.current()), "b");
        // A request that began before keeps its generation.
        assert_eq!((first_id(&pinned), pinned.number()), ("a", 1));
        assert_eq!(reloader.reload_if_changed(), None);
        assert_eq!(store.current().number(), 2);
    }

    #[test]
    fn a_changed_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.yaml");
        std::fs::write(&file, WHOLE).unwrap();
        let (store, reloader) = reloader(folder.path());
        let watching = watch(reloader, Duration::from_millis(20)).unwrap();
        std::fs::write(&file, "rules: [").unwrap();
        wait_for(&store, |last, _| {
            matches!(last.outcome, ReloadOutcome::Rejected { .. })
        });
        std::fs::write(&file, WHOLE.replace("id: a", "id: b")).unwrap();
        wait_for(&store, |_, rules| first_id(rules) == "b");
        // As editors do: a new file takes the name.
        let fresh = folder.path().join("app.yaml.new");
        std::fs::write(&fresh, WHOLE.replace("id: a", "id: c")).unwrap();
        std::fs::rename(&fresh, &file).unwrap();
        wait_for(&store, |_, rules| first_id(rules) == "c");
        drop(watching);
    }

    /// Kubernetes mounts `app.yaml -> ..data/app.yaml` and turns `..data` to another directory.
    #[test]
    fn a_config_map_that_is_swapped_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let mount = folder.path().join("mount");
        for (version, text) in [
            ("..1", WHOLE.to_owned()),
            ("..2", WHOLE.replace("id: a", "id: b")),
        ] {
            std::fs::create_dir_all(mount.join(version)).unwrap();
            std::fs::write(mount.join(version).join("app.yaml"), text).unwrap();
        }
        symlink("..1", mount.join("..data")).unwrap();
        symlink("..data/app.yaml", mount.join("app.yaml")).unwrap();
        for path in [mount.clone(), mount.join("app.yaml")] {
            let (store, reloader) = reloader(&path);
            assert_eq!(first_id(&store.current()), "a");
            let watching = watch(reloader, Duration::from_millis(20)).unwrap();
            symlink("..2", mount.join("..tmp")).unwrap();
            std::fs::rename(mount.join("..tmp"), mount.join("..data")).unwrap();
            wait_for(&store, |_, rules| first_id(rules) == "b");
            drop(watching);
            symlink("..1", mount.join("..tmp")).unwrap();
            std::fs::rename(mount.join("..tmp"), mount.join("..data")).unwrap();
        }
    }

    #[test]
    fn a_directory_that_is_replaced_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("rules");
        for (version, id) in [("v1", "id: a"), ("v2", "id: b"), ("v3", "id: c")] {
            std::fs::create_dir(folder.path().join(version)).unwrap();
            let file = folder.path().join(version).join("app.yaml");
            std::fs::write(file, WHOLE.replace("id: a", id)).unwrap();
        }
        symlink("v1", &link).unwrap();
        let (store, reloader) = reloader(&link);
        let watching = watch(reloader, Duration::from_millis(20)).unwrap();
        for (version, id) in [("v2", "b"), ("v3", "c")] {
            symlink(version, folder.path().join("new")).unwrap();
            std::fs::rename(folder.path().join("new"), &link).unwrap();
            wait_for(&store, |_, rules| first_id(rules) == id);
        }
        let file = folder.path().join("v3").join("app.yaml");
        std::fs::write(file, WHOLE.replace("id: a", "id: d")).unwrap();
        wait_for(&store, |_, rules| first_id(rules) == "d");
        drop(watching);
    }
}
