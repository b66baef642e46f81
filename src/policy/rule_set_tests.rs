use http::HeaderMap;

use super::*;
use crate::policy::fixture::{get, method, request, rule, set};
use crate::policy::{ConflictKind, RequiredAal};
use RequiredAal::{Aal1, Aal2, None as Public};

/// The rules that judge a request, by name; or the answer where there is none.
fn ask(rules: &RuleSet, name: &str, host: &str, target: &str) -> String {
    let request = match request(name, host, target) {
        Ok(request) => request,
        Err(reason) => return format!("400 {reason:?}"),
    };
    match rules.find(&request, &HeaderMap::new()) {
        Found::Rule(found) => found
            .rules()
            .map(|index| rules.rule(index).id().as_str().to_owned())
            .collect::<Vec<_>>()
            .join("+"),
        Found::MethodNotAllowed(methods) => {
            let names: Vec<_> = methods.iter().map(Method::as_str).collect();
            format!("405 {}", names.join(","))
        }
        Found::NoRule => "403".to_owned(),
        Found::UnknownHost => "404".to_owned(),
        Found::Ambiguous(reason) => format!("400 {reason:?}"),
    }
}

fn check(rules: &RuleSet, table: &[(&str, &str, &str, &str)]) {
    for (method, host, target, expected) in table {
        assert_eq!(
            ask(rules, method, host, target),
            *expected,
            "{method} {host}{target}"
        );
    }
}

#[test]
fn the_most_specific_path_wins_segment_by_segment() {
    let rules = set(vec![
        rule("rest", "/**", Aal1),
        rule("root", "/", Aal1),
        rule("a", "/a", Aal1),
        rule("a-rest", "/a/**", Aal1),
        rule("a-one", "/a/{id}", Aal1),
        rule("one-b", "/*/b", Aal1),
        rule("a-one-c", "/a/*/c", Aal1),
    ]);
    check(
        &rules,
        &[
            ("GET", "h", "/", "root"),
            ("GET", "h", "/a", "a"),
            ("GET", "h", "/a/x", "a-one"),
            // `/a/{id}` before `/*/b`: the first segment decides.
            ("GET", "h", "/a/b", "a-one"),
            ("GET", "h", "/x/b", "one-b"),
            ("GET", "h", "/a/x/c", "a-one-c"),
            ("GET", "h", "/a/x/y", "a-rest"),
            ("GET", "h", "/ab", "rest"),
            ("GET", "h", "/x/y/z", "rest"),
            ("GET", "h", "/a?x=/b/", "a"),
        ],
    );
}

#[test]
fn the_rest_covers_its_prefix_and_whole_segments_only() {
    let rules = set(vec![rule("admin", "/admin/**", Aal2)]);
    check(
        &rules,
        &[
            ("GET", "h", "/admin", "admin"),
            ("GET", "h", "/admin/", "admin"),
            ("GET", "h", "/admin/x/y", "admin"),
            ("GET", "h", "/administrator", "403"),
            ("GET", "h", "/", "403"),
        ],
    );
}

#[test]
fn an_exact_host_comes_before_longer_and_shorter_wildcards_before_any() {
    let rules = set(vec![
        rule("any", "/x/y", Aal1),
        rule("short", "/x/**", Aal1).host("*.test"),
        rule("long", "/**", Aal1).host("*.b.test"),
        rule("exact", "/**", Aal1).host("a.b.test"),
    ]);
    check(
        &rules,
        &[
            ("GET", "a.b.test", "/x/y", "exact"),
            ("GET", "A.B.Test.:80", "/x/y", "exact"),
            ("GET", "c.b.test", "/x/y", "long"),
            ("GET", "d.c.b.test", "/x/y", "long"),
            ("GET", "b.test", "/x/y", "short"),
            ("GET", "b.test", "/z", "403"),
            ("GET", "test", "/x/y", "any"),
            ("GET", "other", "/z", "403"),
        ],
    );
    assert!(rules.names_host(&get("c.test", "/").host));
    assert!(!rules.names_host(&get("other", "/").host));
}

#[test]
fn a_host_that_no_rule_knows_is_told_from_a_path_that_none_covers() {
    let rules = set(vec![rule("app", "/app/**", Aal1).host("app.test")]);
    check(
        &rules,
        &[
            ("GET", "app.test", "/x", "403"),
            ("GET", "public.test", "/app", "404"),
            ("GET", "[::1]", "/app", "404"),
        ],
    );
    check(&RuleSet::default(), &[("GET", "h", "/", "404")]);
}

#[test]
fn priority_comes_before_specificity() {
    let rules = set(vec![
        rule("exact", "/a/b", Aal1).host("h"),
        rule("high", "/a/*", Aal2).priority(5).methods(&["GET"]),
        rule("low", "/**", Aal1).priority(-1),
    ]);
    check(
        &rules,
        &[
            ("GET", "h", "/a/b", "high"),
            ("POST", "h", "/a/b", "exact"),
            ("POST", "h", "/a/c", "low"),
            ("GET", "h", "/x", "low"),
        ],
    );
}

#[test]
fn a_rule_that_names_methods_comes_before_one_that_does_not() {
    let rules = set(vec![
        rule("all", "/a", Aal1),
        rule("get", "/a", Aal2).methods(&["GET"]),
        rule("post", "/a", Aal2).methods(&["POST"]),
    ]);
    check(
        &rules,
        &[
            ("GET", "h", "/a", "get"),
            ("HEAD", "h", "/a", "get"),
            ("POST", "h", "/a", "post"),
            ("DELETE", "h", "/a", "all"),
            ("get", "h", "/a", "all"),
        ],
    );
}

#[test]
fn narrowing_never_opens() {
    let rules = set(vec![
        rule("all", "/**", Public),
        rule("api", "/api/**", Aal1).methods(&["GET", "POST"]),
        rule("open", "/open/**", Aal1)
            .methods(&["GET"])
            .switched(|switches| switches.fall_through = true),
        rule("same-public", "/same", Public),
        rule("same", "/same", Aal1).methods(&["PUT"]),
        rule("wide", "/w/**", Aal1),
        rule("narrow", "/w/transfer/**", Aal2).methods(&["POST"]),
        rule("nested", "/api/x/**", Aal2).methods(&["PUT"]),
    ]);
    check(
        &rules,
        &[
            ("GET", "h", "/api/a", "api"),
            ("DELETE", "h", "/api/a", "405 GET,POST,HEAD"),
            ("OPTIONS", "h", "/api", "405 GET,POST,HEAD"),
            // A wider rule that asks for a session may take it.
            ("GET", "h", "/api/x/y", "api"),
            ("DELETE", "h", "/api/x/y", "405 PUT,GET,POST,HEAD"),
            ("GET", "h", "/w/transfer/1", "wide"),
            ("POST", "h", "/w/transfer/1", "narrow"),
            // So may a public rule with the same pattern, because it was written for this path.
            ("GET", "h", "/same", "same-public"),
            ("PUT", "h", "/same", "same"),
            ("DELETE", "h", "/open/a", "all"),
            ("DELETE", "h", "/other", "all"),
        ],
    );
}

#[test]
fn a_shield_on_a_named_host_holds_against_public_rules_of_any_host() {
    let rules = set(vec![
        rule("any", "/**", Public),
        rule("named", "/**", Aal1).host("h").methods(&["GET"]),
        rule("same-path", "/**", Public)
            .host("*.x")
            .methods(&["POST"]),
    ]);
    check(
        &rules,
        &[
            ("POST", "h", "/", "405 GET,HEAD"),
            ("POST", "other", "/", "any"),
            ("POST", "a.x", "/", "same-path"),
            ("GET", "a.x", "/", "405 POST"),
        ],
    );
}

#[test]
fn a_path_that_looks_like_another_must_be_allowed_there_too() {
    let rules = set(vec![
        rule("all", "/**", Public),
        rule("admin", "/admin/**", Aal2),
        rule("upper", "/Reports/{year}/", Aal1),
        rule("lax", "/lax/**", Public).switched(|switches| switches.strict_paths = false),
        rule("lax-secret", "/lax/secret", Aal2),
    ]);
    check(
        &rules,
        &[
            ("GET", "h", "/ADMIN/secret", "all+admin"),
            ("GET", "h", "/%41dmin/secret", "all+admin"),
            ("GET", "h", "/admin;/secret", "all+admin"),
            ("GET", "h", "/admin;v=1", "all+admin"),
            ("GET", "h", "/ad%6Din%3Bx/secret", "all+admin"),
            ("GET", "h", "/admin%23/x", "all+admin"),
            ("GET", "h", "/admin%3Fx", "all+admin"),
            ("GET", "h", "/admin/Secret;x/", "admin"),
            ("GET", "h", "/reports/2026", "all+upper"),
            ("GET", "h", "/Reports/2026/", "upper"),
            ("GET", "h", "/Reports/2026", "all+upper"),
            ("GET", "h", "/lax/SECRET", "lax"),
            ("GET", "h", "/Other/Path;x/", "all"),
            ("GET", "h", "/administrator", "all"),
        ],
    );
}

#[test]
fn rules_that_differ_only_for_a_strict_reader_must_all_allow() {
    let rules = set(vec![
        rule("lower", "/a", Aal1),
        rule("upper", "/A", Aal2),
        rule("slash", "/a/", Public),
    ]);
    check(
        &rules,
        &[
            ("GET", "h", "/a", "lower+upper+slash"),
            ("GET", "h", "/A", "upper+lower+slash"),
            ("GET", "h", "/a/", "slash+lower+upper"),
        ],
    );
}

#[test]
fn a_look_alike_that_is_shielded_is_refused() {
    let rules = set(vec![
        rule("all", "/**", Public),
        rule("api", "/api/**", Aal1).methods(&["GET"]),
    ]);
    check(
        &rules,
        &[
            ("POST", "h", "/API/x", "405 GET,HEAD"),
            ("GET", "h", "/API/x", "all+api"),
        ],
    );
}

#[test]
fn slashes_are_merged_only_where_the_rule_says_so() {
    let rules = set(vec![
        rule("all", "/**", Public),
        rule("merging", "/m/**", Aal1).switched(|switches| switches.merge_slashes = true),
        rule("get", "/get", Aal1).methods(&["GET"]),
    ]);
    check(
        &rules,
        &[
            ("GET", "h", "/m//a", "merging"),
            ("GET", "h", "//m/a", "merging"),
            ("GET", "h", "//x", "400 EmptySegment"),
            ("POST", "h", "//get", "400 EmptySegment"),
            ("GET", "h", "/m/%2F", "400 EncodedSlash"),
        ],
    );
    let other_host = set(vec![rule("h", "/**", Public).host("h")]);
    check(&other_host, &[("GET", "x", "//a", "400 EmptySegment")]);
}

#[test]
fn encoded_slashes_pass_only_where_the_rule_says_so() {
    let allow = |switches: &mut crate::policy::Switches| switches.allow_encoded_slash = true;
    let rules = set(vec![
        rule("all", "/**", Public).switched(allow),
        rule("admin", "/admin/**", Aal2),
        rule("queue", "/queues/{host}/{name}", Aal1).switched(allow),
    ]);
    check(
        &rules,
        &[
            ("GET", "h", "/a%2fb", "all"),
            ("GET", "h", "/queues/%2F/jobs", "queue+all"),
            // An application that decodes first sees `/admin/secret`.
            ("GET", "h", "/admin%2fsecret", "all+admin"),
            ("GET", "h", "/%2Fadmin", "all+admin"),
            ("GET", "h", "/admin/x%2fy", "400 EncodedSlash"),
            ("GET", "h", "/x%2f../admin", "400 DotSegment"),
            ("GET", "h", "/x%2f%2e%2e%2fadmin", "400 DotSegment"),
        ],
    );
}

fn conflicts(rules: Vec<RuleParts>) -> Vec<(ConflictKind, String, String)> {
    let names: Vec<String> = rules.iter().map(|rule| rule.id.to_string()).collect();
    match RuleSet::build(rules, Vec::new()) {
        Ok(_) => Vec::new(),
        Err(found) => found
            .into_iter()
            .map(|conflict| {
                let (rule, other) = (&names[conflict.rule.0], &names[conflict.other.0]);
                (conflict.kind, rule.clone(), other.clone())
            })
            .collect(),
    }
}

#[test]
fn rules_without_an_order_are_told_by_name() {
    let ambiguous =
        |rule: &str, other: &str| (ConflictKind::Ambiguous, rule.to_owned(), other.to_owned());
    let found = conflicts(vec![
        rule("a", "/x/{id}", Aal1),
        rule("b", "/x/*", Aal2),
        rule("c", "/x/*", Aal2).methods(&["GET", "POST"]),
        rule("d", "/x/*", Aal2).methods(&["HEAD"]),
        rule("e", "/x/*", Aal2).methods(&["DELETE"]),
        rule("f", "/x/*", Aal2).priority(1),
        rule("g", "/x/*", Aal2).host("h"),
    ]);
    let dead = |rule: &str| (ConflictKind::Dead, rule.to_owned(), "f".to_owned());
    let expected = vec![
        dead("a"),
        ambiguous("b", "a"),
        dead("b"),
        dead("c"),
        ambiguous("d", "c"),
        dead("d"),
        dead("e"),
        dead("g"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_rule_that_can_never_win_is_told_by_name() {
    let dead =
        |rule: &str, other: &str| vec![(ConflictKind::Dead, rule.to_owned(), other.to_owned())];
    let wide = || rule("wide", "/a/**", Aal1).priority(1);
    assert_eq!(
        conflicts(vec![wide(), rule("x", "/a/b", Aal2)]),
        dead("x", "wide")
    );
    assert_eq!(
        conflicts(vec![wide(), rule("x", "/a/*/c/**", Aal2)]),
        dead("x", "wide")
    );
    assert_eq!(
        conflicts(vec![wide(), rule("x", "/a", Aal2).host("h")]),
        dead("x", "wide")
    );
    assert_eq!(conflicts(vec![wide(), rule("x", "/**", Aal2)]), []);
    assert_eq!(conflicts(vec![wide(), rule("x", "/*/b", Aal2)]), []);
    assert_eq!(
        conflicts(vec![wide().host("h"), rule("x", "/a/b", Aal2)]),
        []
    );
    assert_eq!(
        conflicts(vec![wide().methods(&["GET"]), rule("x", "/a/b", Aal2)]),
        []
    );
    let head = rule("x", "/a/b", Aal2).methods(&["HEAD"]);
    assert_eq!(
        conflicts(vec![wide().methods(&["GET"]), head]),
        dead("x", "wide")
    );
    let suffix = rule("x", "/a/b", Aal2).host("*.b.test");
    assert_eq!(
        conflicts(vec![wide().host("*.test"), suffix]),
        dead("x", "wide")
    );
    // One of its paths is alive.
    let mut two = rule("x", "/a/b", Aal2);
    two.matcher.paths.extend(rule("", "/b", Aal1).matcher.paths);
    assert_eq!(conflicts(vec![wide(), two]), []);
}

#[test]
fn a_public_rule_that_is_always_shielded_is_told() {
    let narrow = || rule("narrow", "/a/**", Aal1).methods(&["GET"]).priority(1);
    let shielded = vec![(ConflictKind::Shielded, "x".to_owned(), "narrow".to_owned())];
    assert_eq!(
        conflicts(vec![narrow(), rule("x", "/a/b", Public)]),
        shielded
    );
    assert_eq!(conflicts(vec![narrow(), rule("x", "/a/**", Public)]), []);
    let open = narrow().switched(|switches| switches.fall_through = true);
    assert_eq!(conflicts(vec![open, rule("x", "/a/b", Public)]), []);
}

#[test]
fn a_hundred_equal_rules_are_told_once_each() {
    let rules = (0..100)
        .map(|n| rule(&format!("r{n}"), "/a", Aal1))
        .collect();
    assert_eq!(conflicts(rules).len(), 99);
}

#[test]
fn the_answer_to_a_wrong_method_names_only_methods_that_work() {
    let rules = set(vec![
        rule("put", "/**", Public).methods(&["PUT"]),
        rule("get", "/a", Aal1).methods(&["GET"]),
        rule("own", "/a", Aal1).methods(&["PROPFIND"]),
    ]);
    check(&rules, &[("DELETE", "h", "/a", "405 GET,HEAD,PROPFIND")]);
    assert_eq!(method("PROPFIND").as_str(), "PROPFIND");
}
