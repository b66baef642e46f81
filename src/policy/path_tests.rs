use proptest::prelude::*;

use super::*;

fn parse(raw: &str) -> Result<String, AmbiguousRequest> {
    CanonicalPath::parse(raw).map(|path| path.as_str().to_owned())
}

#[test]
fn one_path_has_one_spelling() {
    for (raw, canonical) in [
        ("/", "/"),
        ("/admin/secret", "/admin/secret"),
        ("/admin/", "/admin/"),
        ("/adm%69n/secret", "/admin/secret"),
        ("/%41DMIN/secret", "/ADMIN/secret"),
        ("/%2561dmin/secret", "/%2561dmin/secret"),
        ("/public/%252e%252e/admin", "/public/%252e%252e/admin"),
        ("/public/..%255cadmin", "/public/..%255cadmin"),
        ("/%ef%bd%81dmin/secret", "/%EF%BD%81dmin/secret"),
        ("/admin./secret", "/admin./secret"),
        ("/public/.../admin", "/public/.../admin"),
        ("/a%2c%7e%2d", "/a%2C~-"),
        ("/admin;v=1/secret", "/admin;v=1/secret"),
        ("/admin;..;/secret", "/admin;..;/secret"),
        ("/admin/secret%3f/public/x", "/admin/secret%3F/public/x"),
        ("/a|b[1]^", "/a|b[1]^"),
        ("/a%7cb", "/a%7Cb"),
        ("/%20", "/%20"),
        ("/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,="),
    ] {
        assert_eq!(parse(raw).as_deref(), Ok(canonical), "{raw}");
        assert_eq!(parse(canonical).as_deref(), Ok(canonical), "{canonical}");
    }
}

#[test]
fn a_path_that_can_be_read_in_two_ways_is_refused() {
    use AmbiguousRequest as A;
    for (raw, reason) in [
        ("", A::TargetForm),
        ("admin", A::TargetForm),
        ("*", A::TargetForm),
        ("../admin", A::TargetForm),
        ("%2fadmin", A::TargetForm),
        ("//admin", A::EmptySegment),
        ("///admin", A::EmptySegment),
        ("/admin//", A::EmptySegment),
        ("/;/admin", A::EmptySegment),
        ("/;x=1/admin", A::EmptySegment),
        ("/admin/;x", A::EmptySegment),
        ("/;%2f%25/admin", A::EmptySegment),
        ("/public%2f;x/admin", A::EmptySegment),
        ("/%3bx/admin", A::EmptySegment),
        ("/./admin", A::DotSegment),
        ("/.", A::DotSegment),
        ("/..", A::DotSegment),
        ("/public/../admin", A::DotSegment),
        ("/public/%2e%2E/admin", A::DotSegment),
        ("/public/.%2e/admin", A::DotSegment),
        ("/public/%2e/admin", A::DotSegment),
        ("/public/..;/admin", A::DotSegment),
        ("/public/.;x/admin", A::DotSegment),
        ("/public/%2e%2e;/admin", A::DotSegment),
        ("/public/..%3b/admin", A::DotSegment),
        ("/public/..%2fadmin", A::DotSegment),
        ("/public%2f..%2Fadmin", A::DotSegment),
        ("/public/x;%2f..", A::DotSegment),
        ("/admin%2fsecret", A::EncodedSlash),
        ("/admin%2Fsecret", A::EncodedSlash),
        ("/public/..%5cadmin", A::Backslash),
        ("/public/..\\admin", A::Backslash),
        ("/%5Cadmin", A::Backslash),
        ("/admin%00/secret", A::Control),
        ("/admin%0a", A::Control),
        ("/admin%7f", A::Control),
        ("/admin\t", A::Control),
        ("/admin\u{7f}", A::Control),
        ("/admın", A::NotUtf8),
        ("/%c0%ae%c0%ae/admin", A::NotUtf8),
        ("/public/..%c0%afadmin", A::NotUtf8),
        ("/public/..%e0%80%afadmin", A::NotUtf8),
        ("/%ed%a0%80", A::NotUtf8),
        ("/%ff", A::NotUtf8),
        ("/%c3x%a4", A::NotUtf8),
        ("/%u0061dmin", A::Escape),
        ("/%zz", A::Escape),
        ("/%2", A::Escape),
        ("/%", A::Escape),
        ("/%%32%65", A::Escape),
        ("/a#b", A::Fragment),
        ("/a b", A::Character),
        ("/a\"b", A::Character),
        ("/<a>", A::Character),
        ("/{a}", A::Character),
    ] {
        assert_eq!(parse(raw), Err(reason), "{raw:?}");
    }
}

#[test]
fn two_refusals_wait_for_the_rule() {
    let merged = CanonicalPath::parse_for_rules("//a///b/").unwrap();
    assert_eq!(merged.as_str(), "/a/b/");
    assert_eq!(
        merged.refusal(false, true),
        Some(AmbiguousRequest::EmptySegment)
    );
    assert_eq!(merged.refusal(true, false), None);
    let encoded = CanonicalPath::parse_for_rules("/a%2fb").unwrap();
    assert_eq!(encoded.as_str(), "/a%2Fb");
    assert_eq!(
        encoded.refusal(true, false),
        Some(AmbiguousRequest::EncodedSlash)
    );
    assert_eq!(encoded.refusal(false, true), None);
    assert!(CanonicalPath::parse_for_rules("/api/queues/%2F/x").is_ok());
    assert!(CanonicalPath::parse_for_rules("/a%2f..%2fb").is_err());
    assert!(CanonicalPath::parse_for_rules("/a//../b").is_err());
}

#[test]
fn paths_of_the_gateway_itself_have_one_spelling_only() {
    let mount = CanonicalPath::parse("/auth").unwrap();
    let is_below = |raw| {
        CanonicalPath::parse_for_rules(raw)
            .unwrap()
            .is_below(&mount)
    };
    for (raw, expected) in [
        ("/auth", Ok(true)),
        ("/auth/login", Ok(true)),
        ("/authx", Ok(false)),
        ("/a//b", Ok(false)),
        ("//auth/login", Err(AmbiguousRequest::EmptySegment)),
        ("/auth/a%2fb", Err(AmbiguousRequest::EncodedSlash)),
    ] {
        assert_eq!(is_below(raw), expected, "{raw}");
    }
}

/// Pieces that attacks on paths are made of.
fn hostile_path() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/", "/", "/", "a", "B", "admin", ".", "..", "%2e", "%2E", "%2f", "%5c", "\\", ";", "%3b",
        ";x=1", "%25", "%252e", "%c3%a4", "%C3", "%c0%ae", "%00", "#", "%23", "?", "%3F", " ",
        "%20", "%41", "%7e", "%2C", ",", "%", "é", "*", "|", "^", "[", "]", "...", "x.y",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn canonicalising_twice_changes_nothing(raw in hostile_path()) {
        if let Ok(path) = CanonicalPath::parse_for_rules(&raw) {
            let again = CanonicalPath::parse_for_rules(path.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), path.as_str());
            prop_assert_eq!(again.has_look_alikes(), path.has_look_alikes());
        }
    }

    #[test]
    fn any_text_is_read_or_refused_but_never_panics(raw in ".{0,40}") {
        if let Ok(path) = CanonicalPath::parse(&raw) {
            prop_assert!(path.as_str().starts_with('/') && path.as_str().is_ascii());
        }
    }

    #[test]
    fn other_readers_see_the_same_path(raw in hostile_path()) {
        let Ok(path) = CanonicalPath::parse(&raw) else { return Ok(()) };
        let uri: http::Uri = path.as_str().parse().unwrap();
        prop_assert_eq!(uri.path(), path.as_str());
        prop_assert_eq!(uri.query(), None);
        let url = url::Url::parse(&format!("http://h{}", path.as_str())).unwrap();
        prop_assert_eq!(url.path().replace("%5E", "^"), path.as_str());
    }
}
