//! The invariants that are neither a type nor a lint.

use super::source::{Source, Word, product};

/// Rooms that decide, and know neither I/O nor a framework.
const PURE: [&str; 3] = ["contract", "identity", "policy"];

/// What a pure room never names.
const IMPURE: [&str; 10] = [
    "axum",
    "hyper",
    "hyper_util",
    "moka",
    "reqwest",
    "rustls",
    "sqlx",
    "tokio",
    "tonic",
    "tower",
];

/// Types that make a `static` hold state: what is set, grown or swapped while the process runs.
const STATEFUL: [&str; 11] = [
    "ArcSwap",
    "ArcSwapOption",
    "Cache",
    "Cell",
    "DashMap",
    "Mutex",
    "OnceCell",
    "OnceLock",
    "Pool",
    "RefCell",
    "RwLock",
];

fn impure_names(source: &Source) -> Vec<String> {
    let pure = source.room().is_some_and(|room| PURE.contains(&room));
    let named = source
        .words
        .iter()
        .filter(|word| IMPURE.contains(&word.text.as_str()));
    let found = named.map(|word| format!("{}:{}: names `{}`", source.path, word.line, word.text));
    found.filter(|_| pure).collect()
}

/// Where the environment is read: `env::var` and kin, and clap's `env = ..` on an argument.
fn environment_reads(source: &Source) -> Vec<String> {
    let reads = source.words.windows(3).filter(|three| {
        let [first, second, third] = three else {
            return false;
        };
        let through_std = first.text == "env"
            && second.text == "::"
            && (third.text.starts_with("var") || third.text.starts_with('{'));
        through_std || (first.text == "," && second.text == "env" && third.text == "=")
    });
    reads
        .map(|three| format!("{}:{}: reads the environment", source.path, three[0].line))
        .collect()
}

/// Where a lint that keeps time and environment in one place is switched off.
fn lifted_bans(source: &Source) -> Vec<String> {
    let lifted = source
        .words
        .iter()
        .filter(|word| word.text == "disallowed_methods");
    lifted
        .map(|word| format!("{}:{}: lifts `disallowed_methods`", source.path, word.line))
        .collect()
}

fn process_wide_state(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (at, word) in source.words.iter().enumerate() {
        let rest = &source.words[at + 1..];
        let holds_state = match word.text.as_str() {
            "thread_local" | "lazy_static" => rest.first().is_some_and(|next| next.text == "!"),
            "static" => is_stateful(rest),
            _ => false,
        };
        if holds_state {
            found.push(format!("{}:{}: process-wide state", source.path, word.line));
        }
    }
    found
}

/// Whether the declaration `NAME: Type = …` that follows `static` has a type that holds state.
fn is_stateful(declaration: &[Word]) -> bool {
    let declared = declaration
        .iter()
        .take_while(|word| word.text != "=" && word.text != ";");
    declared
        .map(|word| word.text.as_str())
        .any(|name| name == "mut" || name.starts_with("Atomic") || STATEFUL.contains(&name))
}

fn check(find: impl Fn(&Source) -> Vec<String>, except: &[&str]) {
    let sources = product();
    let bound = sources
        .iter()
        .filter(|source| !except.iter().any(|place| source.path.starts_with(place)));
    let wrong: Vec<String> = bound.flat_map(find).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_deciding_rooms_name_no_runtime_and_no_framework() {
    check(impure_names, &[]);
}

#[test]
fn only_config_reads_the_environment() {
    check(environment_reads, &["src/config/"]);
}

#[test]
fn only_clock_and_config_lift_the_ban_on_time_and_environment() {
    check(lifted_bans, &["src/clock.rs", "src/config/"]);
}

#[test]
fn no_static_holds_configuration_pools_or_caches() {
    check(process_wide_state, &[]);
}

#[test]
fn the_invariant_scans_find_bad_samples() {
    let pure = Source::new(
        "src/policy/x.rs",
        "async fn f() { tokio::time::sleep(d).await }",
    );
    assert_eq!(impure_names(&pure).len(), 1);
    let environment = Source::new("src/cli/x.rs", "let home = std::env::var_os(\"HOME\");");
    assert_eq!(environment_reads(&environment).len(), 1);
    let argument = Source::new("src/cli/x.rs", "#[arg(long, env = \"PORT\")] port: u16,");
    assert_eq!(environment_reads(&argument).len(), 1);
    let lifted = Source::new(
        "src/web/x.rs",
        "#[allow(clippy::disallowed_methods, reason = \"\")]",
    );
    assert_eq!(lifted_bans(&lifted).len(), 1);
    for bad in [
        "static COUNT: AtomicU64 = AtomicU64::new(0);",
        "static POOL: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(Default::default);",
        "pub(crate) static mut X: u8 = 0;",
        "thread_local! { static POOL: u8 = 0; }",
    ] {
        assert!(
            !process_wide_state(&Source::new("src/web/x.rs", bad)).is_empty(),
            "{bad}"
        );
    }
    for fine in [
        "static NAME: HeaderName = HeaderName::from_static(\"\"); fn f(x: &'static Mutex<u8>) {}",
        "#[global_allocator] static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;",
    ] {
        let source = Source::new("src/web/x.rs", fine);
        assert_eq!(process_wide_state(&source), Vec::<String>::new());
    }
}
