//! However a proxy in front tells of a request, it is the request that Stepgate's own proxy would
//! have read, or both refuse it.

use std::net::{IpAddr, Ipv4Addr};

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use proptest::prelude::*;

use super::world::config;
use crate::authz::{read_host, read_target};
use crate::decision::original_request;
use crate::policy::{Request, Scheme};

/// A request line and a `Host`, as the proxy reads them; the parser of heads cuts off fragments,
/// which the proxy refuses by the bytes.
fn by_proxy(method: &str, host: &str, target: &str) -> Option<Request> {
    if target.contains('#') || !target.starts_with('/') {
        return None;
    }
    let head = head(target.parse().ok()?, &[(HOST.as_str(), host)])?;
    let scheme = Scheme::Https;
    let target = read_target(&head.uri, head.version).ok()?;
    let (host, port) = read_host(&head, scheme, None).ok()?;
    let (path, query) = Request::parse_target(target.map_or("/", PathAndQuery::as_str)).ok()?;
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    let served = ![Method::CONNECT, Method::TRACE].contains(&method) && method.as_str() != "PRI";
    served.then_some(Request {
        method,
        scheme,
        host,
        port,
        path,
        query,
        client_ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    })
}

fn head(uri: Uri, headers: &[(&str, &str)]) -> Option<http::request::Parts> {
    let (mut head, ()) = http::Request::new(()).into_parts();
    head.uri = uri;
    head.headers = lines(headers)?;
    Some(head)
}

fn lines(headers: &[(&str, &str)]) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        map.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(map)
}

fn asked(question: &str, headers: &[(&str, &str)]) -> Option<Request> {
    let head = head(question.parse().ok()?, headers)?;
    original_request(&head, &config())?.ok()
}

fn pieces(of: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    let piece = prop::sample::select(of).prop_map(str::to_owned);
    prop::collection::vec(piece, 0..most).prop_map(|pieces| pieces.concat())
}

const PATH: &[&str] = &[
    "/", "a", "admin", "B", ".", "..", "%2e", "%2F", "%5c", "\\", ";", "?", "#", "%", "%00", "%41",
    "\u{e9}", "%C3%A9", "//", " ", "\t", "\"", "<", ">", "{", "|", "^", "`", "&", "=", "@", ":",
    "*", "http://", ",", "+", "'", "[", "]",
];
const AUTHORITY: &[&str] = &[
    "app.test",
    "APP.test",
    ".",
    ":443",
    ":8443",
    ":",
    "@",
    "public.test",
    ",",
    " ",
    "[::1]",
    "127.0.0.1",
    "127.1",
    "\u{e9}",
    "xn--e1a",
    "/",
    "\\",
    "%61",
    "_",
];
const METHODS: &[&str] = &[
    "GET", "get", "POST", "DELETE", "CONNECT", "TRACE", "PRI", "PROPFIND", "G T", "", "GET,POST",
    "M-SEARCH",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_way_to_tell_of_a_request_is_read_as_the_proxy_reads_it(
        method in prop::sample::select(METHODS),
        host in pieces(AUTHORITY, 3),
        target in pieces(PATH, 8).prop_map(|rest| format!("/{rest}")),
    ) {
        let own = by_proxy(method, &host, &target);
        let forwarded = asked("/check", &[
            ("x-forwarded-method", method),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", &host),
            ("x-forwarded-uri", &target),
        ]);
        prop_assert_eq!(&forwarded, &own, "/check");
        let url = format!("https://{host}{target}");
        let original = asked("/nginx/check", &[
            ("x-original-method", method),
            ("x-original-url", &url),
        ]);
        // A slash in the host is one in the target there: another request, told alike.
        if !host.contains('/') {
            prop_assert_eq!(&original, &own, "/nginx/check");
        }
    }

    #[test]
    fn what_envoy_asks_below_its_prefix_is_read_as_the_proxy_reads_it(
        host in pieces(AUTHORITY, 3),
        target in pieces(PATH, 8).prop_map(|rest| format!("/{rest}")),
    ) {
        prop_assume!(!target.contains('#'));
        let own = by_proxy("GET", &host, &target);
        let question = format!("/ext_authz{target}");
        let asked = asked(&question, &[("x-forwarded-proto", "https"), ("host", &host)]);
        prop_assert_eq!(asked, own);
    }
}
