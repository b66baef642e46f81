use super::*;

fn address(url: &str) -> Address {
    translate(url, Strategy::Regexp).unwrap_or_else(|why| panic!("{url}: {why}"))
}

fn globbed(url: &str) -> Address {
    translate(url, Strategy::Glob).unwrap_or_else(|why| panic!("{url}: {why}"))
}

#[test]
fn plain_addresses_become_patterns() {
    for (url, host, path) in [
        ("<https?>://app.test/<.*>", "app.test", "/**"),
        ("<http|https>://app.test:4455/a/b", "app.test", "/a/b"),
        ("<(http|https)>://App.test<.*>", "app.test", "/**"),
        ("<https?>://app.test/", "app.test", "/"),
        (
            "<https?>://app.test/users/<[^/]+>/mail",
            "app.test",
            "/users/*/mail",
        ),
        ("<https?>://<.*>.app.test/x", "*.app.test", "/x"),
    ] {
        let found = address(url);
        assert_eq!(found.hosts, [host], "{url}");
        assert_eq!(found.paths, [path], "{url}");
        assert_eq!(found.conditions, [""; 0], "{url}");
        assert_eq!(found.path_regex, None, "{url}");
    }
}

#[test]
fn what_lies_below_a_path_is_not_the_path_itself() {
    assert_eq!(address("<https?>://a.test/api/<.*>").paths, ["/api/*/**"]);
    let near = address("<https?>://a.test/api<.*>");
    assert_eq!(near.path_regex.as_deref(), Some("^/api.*$"));
    assert_eq!(near.paths, [""; 0]);
}

#[test]
fn lists_of_words_become_several_patterns() {
    let found = address("<https?>://<(www|api)>.app.test/<(a|b\\.c)>/<x|y>");
    assert_eq!(found.hosts, ["www.app.test", "api.app.test"]);
    assert_eq!(found.paths, ["/a/x", "/a/y", "/b.c/x", "/b.c/y"]);
}

#[test]
fn what_a_pattern_cannot_say_becomes_a_condition() {
    let found = address("https://<[a-z]+>.app.test/users/<[0-9]+>");
    assert_eq!(found.hosts, ["*.app.test"]);
    assert_eq!(found.path_regex.as_deref(), Some("^/users/(?:[0-9]+)$"));
    assert_eq!(
        found.conditions,
        [
            "request.scheme == \"https\"",
            "request.host.matches(\"^(?:[a-z]+)\\\\.app\\\\.test$\")",
        ]
    );
}

#[test]
fn an_address_beyond_us_says_so() {
    for url in [
        "app.test/x",
        "http://app.test",
        "http://a.test/<(?!x).*>/y",
        "http://a.test/<a",
        "<https?>://a.test/a b",
    ] {
        assert!(translate(url, Strategy::Regexp).is_err(), "{url}");
    }
}

#[test]
fn globs_stop_at_dots_and_slashes() {
    let found = globbed("<{http,https}>://app.test/<**>");
    assert_eq!(
        (&*found.hosts, &*found.paths),
        (&["app.test".to_owned()][..], &["/**".to_owned()][..])
    );
    assert_eq!(found.conditions, [""; 0]);
    let found = globbed("<{http,https}>://app.test/<*>/<{a,b}>");
    assert_eq!(
        found.path_regex.as_deref(),
        Some("^/(?:[^./]*)/(?:(?:a|b))$")
    );
}
