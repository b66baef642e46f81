use super::super::ReplacementError;
use super::*;

fn path(text: &str) -> CanonicalPath {
    CanonicalPath::parse_for_rules(text).unwrap()
}

fn rewrite(strip: Option<&str>, regex: Option<(&str, &str)>, add: Option<&str>) -> Rewrite {
    Rewrite {
        strip_prefix: strip.map(Box::from),
        replacement: regex.map(|(from, to)| PathReplacement::compile(from, to).unwrap()),
        add_prefix: add.map(Box::from),
        remove_query: Box::default(),
        host: HostRewrite::Preserve,
    }
}

#[test]
fn a_prefix_is_taken_off_and_put_on_by_whole_segments() {
    let desk = rewrite(Some("/desk"), None, Some("/v2"));
    for (from, to) in [
        ("/desk", "/v2"),
        ("/desk/", "/v2/"),
        ("/desk/a/b", "/v2/a/b"),
        ("/desk/desk", "/v2/desk"),
        ("/desk/%C3%A4;x=1/", "/v2/%C3%A4;x=1/"),
    ] {
        assert_eq!(desk.path(&path(from), false).as_deref(), Ok(to), "{from}");
    }
    assert!(desk.path(&path("/desktop/a"), false).is_err());
    let bare = rewrite(Some("/desk"), None, None);
    assert_eq!(bare.path(&path("/desk"), false).as_deref(), Ok("/"));
    assert_eq!(bare.path(&path("/desk/"), false).as_deref(), Ok("/"));
}

#[test]
fn an_expression_replaces_whole_paths_only() {
    let old = rewrite(
        None,
        Some(("^/old/(?<rest>.*)|/older$", "/new/${rest}")),
        None,
    );
    for (from, to) in [
        ("/old/a/b", "/new/a/b"),
        ("/older", "/new/"),
        ("/a/old/b", "/a/old/b"),
        ("/older/x", "/older/x"),
    ] {
        assert_eq!(old.path(&path(from), false).as_deref(), Ok(to), "{from}");
    }
    let prices = rewrite(None, Some(("/p/([0-9]+)", "/price$$/$1-$1")), None);
    assert_eq!(
        prices.path(&path("/p/7"), false).as_deref(),
        Ok("/price$/7-7")
    );
}

#[test]
fn the_parts_act_in_order() {
    let all = rewrite(Some("/desk"), Some(("/old(/.*)?", "/new$1")), Some("/v2"));
    assert_eq!(
        all.path(&path("/desk/old/x"), false).as_deref(),
        Ok("/v2/new/x")
    );
    assert_eq!(
        all.path(&path("/desk/other"), false).as_deref(),
        Ok("/v2/other")
    );
    assert_eq!(all.path(&path("/desk"), false).as_deref(), Ok("/v2"));
}

#[test]
fn what_could_be_read_in_two_ways_is_refused_and_never_repaired() {
    for (regex, from, why) in [
        (("/a/(.*)", "/$1/x"), "/a/", AmbiguousRequest::EmptySegment),
        (
            ("/a/(.)x(.)", "/b/$1$2"),
            "/a/.x.",
            AmbiguousRequest::DotSegment,
        ),
        (
            ("/a/(.)x", "/b/$1/c"),
            "/a/.x",
            AmbiguousRequest::DotSegment,
        ),
        (
            ("/a/(.*)25(.*)", "/b/$1$2"),
            "/a/%2541",
            AmbiguousRequest::Escape,
        ),
        (
            ("/a/(.*)25(.*)", "/b/$1$2"),
            "/a/%252F",
            AmbiguousRequest::EncodedSlash,
        ),
        (
            ("/a/(.*)25(.*)", "/b/$1$2"),
            "/a/%250A",
            AmbiguousRequest::Control,
        ),
        (
            ("/a/(.*)25(.*)", "/b/$1$2"),
            "/a/%255C",
            AmbiguousRequest::Backslash,
        ),
        (
            ("/a/(.*)C3(.*)", "/b/$1$2"),
            "/a/%C3%A4",
            AmbiguousRequest::Escape,
        ),
        (
            ("/a/(..)", "/b/;$1/c"),
            "/a/xy",
            AmbiguousRequest::EmptySegment,
        ),
    ] {
        let Ok(replacement) = PathReplacement::compile(regex.0, regex.1) else {
            assert_eq!(regex.1, "/b/;$1/c", "found at load already");
            continue;
        };
        let rewrite = Rewrite {
            replacement: Some(replacement),
            ..Rewrite::default()
        };
        let made = rewrite.path(&path(from), false);
        // An escape that lost its digits may be no escape at all, or one of an ASCII letter.
        assert_eq!(made, Err(why), "{from}");
    }
}

#[test]
fn an_encoded_slash_passes_where_the_rule_lets_it() {
    let files = rewrite(Some("/files"), None, Some("/store"));
    let name = path("/files/a%2Fb");
    assert_eq!(files.path(&name, true).as_deref(), Ok("/store/a%2Fb"));
    assert_eq!(
        files.path(&name, false),
        Err(AmbiguousRequest::EncodedSlash)
    );
}

#[test]
fn a_replacement_cannot_grow_without_bound() {
    let echo = rewrite(None, Some(("/(.*)", "/$1$1$1$1$1$1$1$1")), None);
    let long = path(&format!("/{}", "a".repeat(4096)));
    assert_eq!(echo.path(&long, false), Err(AmbiguousRequest::TargetForm));
}

#[test]
fn mistakes_in_expressions_are_told() {
    let compile = |from: &str, to: &str| PathReplacement::compile(from, to).map(|_| ());
    assert_eq!(compile("/a", "b"), Err(ReplacementError::NoSlash));
    assert_eq!(compile("/(.*)", "$1"), Err(ReplacementError::NoSlash));
    assert_eq!(
        compile("/a", "/$1"),
        Err(ReplacementError::Group("1".into()))
    );
    assert_eq!(
        compile("/(a)", "/${b}"),
        Err(ReplacementError::Group("b".into()))
    );
    assert_eq!(compile("/(a)", "/$-"), Err(ReplacementError::Dollar));
    assert_eq!(compile("/a", "/%61"), Err(ReplacementError::NotCanonical));
    for text in [
        "/a?b", "/a#b", "/a//b", "/a/../b", "/a b", "/a%2fb", "/a\\b", "/\u{e4}",
    ] {
        let told = compile("/a", text);
        assert!(
            matches!(
                told,
                Err(ReplacementError::Ambiguous(_) | ReplacementError::NotCanonical)
            ),
            "{text}: {told:?}"
        );
    }
    for text in [
        "/(a",
        "/a)|(b",
        "(?<n>a)(?<n>b)",
        "/(a*)*\\1",
        "(?=a)",
        "(?x)/a # (b",
    ] {
        let told = compile(text, "/b");
        assert!(
            matches!(told, Err(ReplacementError::Pattern(_))),
            "{text}: {told:?}"
        );
    }
    let bomb = compile("/((a{1,500}){1,500}){1,500}", "/b");
    assert_eq!(
        bomb,
        Err(ReplacementError::Pattern("it is too large".into()))
    );
}
