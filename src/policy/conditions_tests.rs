use http::HeaderMap;

use super::*;
use Holds::{Maybe, No, Yes};

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers
}

fn exactly(text: &str) -> Expected {
    Expected::Exactly(text.into())
}

#[test]
fn a_header_counts_as_applications_read_it() {
    let name = HeaderName::from_static("x-client");
    for (lines, present, exact) in [
        (&[][..], No, No),
        (&[("x-client", "app")][..], Yes, Yes),
        (&[("x-client", "")][..], Yes, No),
        (&[("x-client", "App")][..], Yes, No),
        (&[("x-client", "app"), ("x-client", "app")][..], Yes, Yes),
        (&[("x-client", "app"), ("x-client", "web")][..], Yes, Maybe),
        (&[("x-client", "web"), ("x-client", "tv")][..], Yes, No),
        // CGI and its heirs read this name as the same.
        (&[("x_client", "app")][..], Maybe, Maybe),
        (&[("x.client", "web")][..], Maybe, No),
        (&[("x-client", "app"), ("x_client", "web")][..], Yes, Maybe),
        (&[("x-clients", "app"), ("xclient", "app")][..], No, No),
    ] {
        let headers = headers(lines);
        let holds = |expected: &Expected| expected.hold_in_header(&name, &headers);
        assert_eq!(holds(&Expected::Present), present, "{lines:?}");
        assert_eq!(holds(&Expected::Absent), present.not(), "{lines:?}");
        assert_eq!(holds(&exactly("app")), exact, "{lines:?}");
    }
    let two = headers(&[("x-client", "a"), ("x-client", "b")]);
    assert_eq!(exactly("a, b").hold_in_header(&name, &two), Maybe);
}

fn with(name: &str, expected: Expected) -> Conditions {
    Conditions {
        query: vec![(name.into(), expected)],
        ..Conditions::default()
    }
}

#[test]
fn conditions_know_what_they_cover_and_exclude() {
    use Expected::{Absent, Present};
    let none = Conditions::default();
    let (a, b) = (exactly("a"), exactly("b"));
    for (one, two, covers, excludes) in [
        (Present, Present, true, false),
        (Present, a.clone(), true, false),
        (a.clone(), Present, false, false),
        (a.clone(), a.clone(), true, false),
        (a.clone(), b, false, true),
        (Absent, Absent, true, false),
        (Absent, Present, false, true),
        (a, Absent, false, true),
    ] {
        let (one, two) = (with("p", one), with("p", two));
        assert_eq!(one.cover(&two), covers, "{one:?} {two:?}");
        assert_eq!(one.exclude(&two), excludes, "{one:?} {two:?}");
        assert_eq!(two.exclude(&one), excludes, "{one:?} {two:?}");
        assert!(none.cover(&one) && !one.cover(&none) && !one.exclude(&none));
    }
    assert!(!with("p", Present).cover(&with("q", Present)));
    assert!(!with("p", Present).exclude(&with("q", Absent)));
}

#[test]
fn the_first_condition_that_fails_is_named() {
    let conditions = Conditions {
        headers: vec![(HeaderName::from_static("x-client"), Expected::Present)],
        networks: Some(Networks::of(["10.0.0.0/8".parse().unwrap()])),
        ..with("p", Expected::Absent)
    };
    let with_header = headers(&[("x-client", "app")]);
    let without = HeaderMap::new();
    let unmet = |query, headers, ip: &str| {
        let asked = Asked {
            query,
            headers,
            client_ip: ip.parse().unwrap(),
        };
        conditions.unmet(asked).map(|name| name.to_string())
    };
    assert_eq!(conditions.count(), 3);
    assert_eq!(unmet(None, &with_header, "10.0.0.1"), None);
    assert_eq!(
        unmet(None, &with_header, "11.0.0.1").as_deref(),
        Some("the client's network")
    );
    assert_eq!(
        unmet(None, &without, "10.0.0.1").as_deref(),
        Some("header `x-client`")
    );
    assert_eq!(
        unmet(Some("p"), &with_header, "::ffff:10.0.0.1").as_deref(),
        Some("query parameter `p`")
    );
}
