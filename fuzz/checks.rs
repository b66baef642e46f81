//! What must hold for any bytes. Used by the fuzz targets and by a test that replays the corpora.
#![allow(dead_code, reason = "each fuzz target uses one of them")]

use http::{HeaderMap, HeaderName, HeaderValue};
use stepgate::bearer::Jws;
use stepgate::decision::{Config, Limits, original_request};
use stepgate::expression::{Facts, Kind, Program, Session as Kept};
use stepgate::policy::{CanonicalPath, Host, Request, Scheme};
use stepgate::rules::{Context, compile};
use stepgate::whoami::{Credential, CredentialKind, Issuers, Session};

/// A request target and, behind a line feed, a `Host`.
pub(crate) fn request(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (target, host) = text.split_once('\n').unwrap_or((&text, "app.test"));
    if let Ok((path, _)) = Request::parse_target(target) {
        canonical(path.as_str());
    }
    if let Ok(path) = CanonicalPath::parse(target) {
        canonical(path.as_str());
        assert!(!path.as_str().contains("//"));
        assert!(!path.as_str().contains("%2F"));
        assert_eq!(CanonicalPath::parse(path.as_str()), Ok(path));
    }
    if let Ok((host, _)) = Host::parse_authority(host, Scheme::Https) {
        let text = host.as_str().to_owned();
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
        );
        assert!(!text.contains(['@', '/', '?', '#', '\\', ',']));
        assert_eq!(
            Host::parse_authority(&text, Scheme::Https),
            Ok((host, None))
        );
    }
}

/// What holds of every request that a door has read.
pub(crate) fn one_reading(request: &Request) {
    canonical(request.path.as_str());
    assert!(!matches!(
        request.method.as_str(),
        "CONNECT" | "TRACE" | "PRI"
    ));
    let parsed = Host::parse_authority(&request.authority(), request.scheme);
    assert_eq!(parsed, Ok((request.host.clone(), request.port)));
}

/// What no canonical path has, whoever reads it.
fn canonical(path: &str) {
    assert!(path.starts_with('/'));
    assert!(path.is_ascii());
    assert!(!path.contains(['\\', '#', '?', ' ']));
    assert!(!path.bytes().any(|byte| byte.is_ascii_control()));
    for escape in ["%00", "%0A", "%0D", "%2E", "%5C", "%7F"] {
        assert!(!path.contains(escape), "{path}");
    }
    for segment in path.split('/') {
        let name = segment.split(';').next().unwrap_or_default();
        assert!(!matches!(name, "." | ".."), "{path}");
    }
}

/// An expression and, behind the last line feed, the traits that it is asked about.
pub(crate) fn expression(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (text, traits) = text.rsplit_once('\n').unwrap_or((&text, ""));
    let traits: serde_json::Value = serde_json::from_str(traits).unwrap_or_default();
    let session = Kept::of_document(&serde_json::json!({
        "id": "s", "active": true, "methods": ["password"], "identity": {"id": "i", "traits": traits},
    }));
    let facts = Facts {
        session: Some(&session),
        request: None,
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    for kind in [Kind::Condition, Kind::Text, Kind::Value] {
        match Program::compile(text, kind) {
            Ok(program) => {
                // What was taken is taken again, and answers alike.
                let again = Program::compile(program.source(), kind).unwrap();
                assert_eq!(program.holds(&facts), again.holds(&facts));
                assert_eq!(program.value(&facts), again.value(&facts));
                let _ = program.text(&facts);
            }
            Err(error) => {
                assert!(!error.message.is_empty());
                assert!(error.position.line >= 1 && error.position.column >= 1);
            }
        }
    }
}

/// A rule file.
pub(crate) fn rules(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match compile("rules/fuzz.yaml", &text, &Context::default()) {
        Ok(set) => {
            // What was taken can be found again by every rule's own words.
            assert!(
                set.rules()
                    .iter()
                    .all(|rule| !rule.id().as_str().is_empty())
            );
        }
        Err(problems) => assert!(problems.iter().count() > 0, "refused without a reason"),
    }
}

/// Header lines, `Name: value`, one a line.
fn header_lines(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let colon = line.iter().position(|byte| *byte == b':');
        let Some((name, value)) = colon.map(|at| line.split_at(at)) else {
            continue;
        };
        let name = HeaderName::from_bytes(name);
        let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

/// The target of a question and, behind a line feed, its header lines.
pub(crate) fn forwarded(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (target, lines) = data.split_at(end.unwrap_or(data.len()));
    let Ok(uri) = http::Uri::try_from(target) else {
        return;
    };
    let (mut head, ()) = http::Request::new(()).into_parts();
    head.uri = uri;
    head.headers = header_lines(lines);
    let config = Config {
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        client_certificate_headers: Vec::new(),
        public_origin: None,
        session_cookie: "session".into(),
        issuers: Issuers::default(),
        identity_headers: Vec::new(),
        strip: Vec::new(),
        keep_session_cookie: false,
        own_places: Vec::new(),
        mounted: false,
        limits: Limits::default(),
    };
    let Some(Ok(request)) = original_request(&head, &config) else {
        return;
    };
    one_reading(&request);
    let authority = request.authority();
    // What was read is read again from its own words.
    let mut told = HeaderMap::new();
    for (name, value) in [
        ("x-forwarded-method", request.method.as_str()),
        ("x-forwarded-proto", request.scheme.as_str()),
        ("x-forwarded-host", &authority),
        ("x-forwarded-uri", &request.target()),
        ("x-forwarded-for", &request.client_ip.to_string()),
    ] {
        told.insert(name, HeaderValue::from_str(value).unwrap());
    }
    head.uri = http::Uri::from_static("/check");
    head.headers = told;
    let again = original_request(&head, &config).unwrap().unwrap();
    // Two slashes were read as one already.
    assert_eq!(again.path.as_str(), request.path.as_str());
    assert_eq!((again.host, again.query), (request.host, request.query));
    assert_eq!(
        (again.method, again.client_ip),
        (request.method, request.client_ip)
    );
}

/// Header lines with credentials in them.
pub(crate) fn credential(data: &[u8]) {
    let mut headers = header_lines(data);
    let issuers = Issuers::new(["https://id.test".into()]);
    let Ok(Some(found)) = Credential::from_headers(&headers, "session", &issuers) else {
        return;
    };
    let value = found.expose();
    assert!(!value.is_empty());
    let shown = format!("{found:?}");
    assert!(
        value.len() < 12 || !shown.contains(value),
        "a credential shows in Debug"
    );
    // Another header line never makes another person of the same request.
    headers.append("x-unrelated", HeaderValue::from_static("1"));
    let again = Credential::from_headers(&headers, "session", &issuers);
    assert!(again.is_ok_and(|again| again.is_some_and(|it| it.expose() == value)));
}

/// The body of a whoami answer.
pub(crate) fn whoami(data: &[u8]) {
    let Ok(session) = Session::parse(data) else {
        return;
    };
    // What is taken for a session is one document, and stays one when it is written again.
    let text = serde_json::to_vec(&session.document).unwrap_or_default();
    assert!(Session::parse(&text).is_ok());
}

/// A signed token in the compact form.
pub(crate) fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(token) = Jws::parse(text) else {
        return;
    };
    // Three parts, and nothing around them that another reader would skip.
    assert_eq!(text.matches('.').count(), 2);
    assert!(!text.contains(|c: char| c.is_whitespace() || c == '='));
    let issuer = token.unverified_claims().get("iss");
    let Some(issuer) = issuer.and_then(serde_json::Value::as_str) else {
        return;
    };
    // Whoever tells our tokens from the application's reads the same issuer.
    let issuers = Issuers::new([issuer.into()]);
    let mut headers = HeaderMap::new();
    let Ok(value) = HeaderValue::from_str(&format!("Bearer {text}")) else {
        return;
    };
    headers.insert("authorization", value);
    let found = Credential::from_headers(&headers, "session", &issuers);
    let kind = found.ok().flatten().map(|found| found.kind());
    assert!(text.len() > 16 * 1024 || kind == Some(CredentialKind::Jwt));
}
