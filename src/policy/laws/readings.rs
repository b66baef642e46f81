//! However an application reads the path it is sent, it finds nothing that was protected.

use http::HeaderMap;
use proptest::prelude::*;

use super::plain::{Plain, by_set};
use crate::policy::fixture::{at, get, request, rule, set};
use crate::policy::{Decision, Found, Host, RequiredAal, Standing, decide};

/// What applications do to a path before they look at it.
const READERS: [fn(&str) -> String; 6] = [
    |path| {
        percent_encoding::percent_decode_str(path)
            .decode_utf8_lossy()
            .into_owned()
    },
    |path| path.replace('\\', "/"),
    |path| {
        let names = path
            .split('/')
            .map(|piece| piece.split(';').next().unwrap_or_default());
        names.collect::<Vec<_>>().join("/")
    },
    |path| {
        path.split(['#', '?', '\0'])
            .next()
            .unwrap_or_default()
            .to_owned()
    },
    str::to_lowercase,
    |path| {
        let mut merged = path.to_owned();
        while merged.contains("//") {
            merged = merged.replace("//", "/");
        }
        merged
    },
];

/// RFC 3986 section 5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for piece in path.split('/').skip(1) {
        match piece {
            "." => {}
            ".." => {
                kept.pop();
            }
            piece => kept.push(piece),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Every path that some chain of readers sees, each reader used at most once.
fn readings(path: String, unused: &[fn(&str) -> String], seen: &mut Vec<String>) {
    seen.push(without_dots(&path));
    for (place, reader) in unused.iter().enumerate() {
        let mut rest = unused.to_vec();
        rest.remove(place);
        let read = reader(&path);
        // A reader that changes nothing opens no new chain.
        if read != path {
            readings(read, &rest, seen);
        }
    }
    seen.push(path);
}

fn hostile_target() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/", "/", "/", "admin", "admin", "ADMIN", "Adm%69n", "public", "secret", ".", "..", "%2e",
        "%2E%2e", "%2f", "%2F", "%5c", "\\", ";", "%3b", ";x=1", "%25", "%252e", "%23", "#", "?",
        "%3F", "%00", "%20", "%c0%ae", "a",
    ]);
    prop::collection::vec(piece, 1..10).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// However an application reads the target that it is sent, nobody without a session reaches
    /// what `/admin/**` protects, although everything else is public.
    #[test]
    fn no_reading_of_a_forwarded_path_lies_below_what_is_protected(
        target in hostile_target(), lenient in any::<bool>(),
    ) {
        let rules = set(vec![
            rule("admin", "/admin/**", RequiredAal::Aal2),
            rule("public", "/public/**", RequiredAal::None),
            rule("all", "/**", RequiredAal::None).switched(|switches| {
                switches.allow_encoded_slash = lenient;
                switches.merge_slashes = lenient;
            }),
        ]);
        let Ok(request) = request("GET", "h", &target) else { return Ok(()) };
        let Found::Rule(found) = rules.find(&request, &HeaderMap::new()) else { return Ok(()) };
        let decision = decide(&rules, &found, request, &HeaderMap::new(), Standing::Anonymous, at(0));
        let Decision::Allow(permit) = decision else { return Ok(()) };
        let mut seen = Vec::new();
        readings(permit.request().path.as_str().to_owned(), &READERS, &mut seen);
        for reading in seen {
            prop_assert!(
                reading != "/admin" && !reading.starts_with("/admin/"),
                "{} is forwarded and can be read as {}", target, reading
            );
        }
    }

    #[test]
    fn hosts_that_differ_in_spelling_reach_the_same_rule(
        host in prop::sample::select(vec!["a.h", "A.h", "a.H.", "a.h:80", "A.H.:80", "a.h:8080"]),
    ) {
        let rules = set(vec![
            rule("below", "/**", RequiredAal::Aal2).host("*.h"),
            rule("any", "/**", RequiredAal::None),
        ]);
        let request = get(host, "/x");
        let found = by_set(&rules, &request, &HeaderMap::new());
        prop_assert_eq!(found, Plain::Rule(vec!["below".to_owned()]));
        prop_assert_eq!(get(host, "/").host, Host::parse("a.h").unwrap());
    }
}
