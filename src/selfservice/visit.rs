//! Reading a request into what the flows know of a visitor.

use std::net::{Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, COOKIE, ORIGIN};
use http::{Extensions, HeaderMap, Method};

use super::{Config, Peer};
use crate::cookies;
use crate::flows::{BrowserMarks, CONTINUITY_COOKIE, DEVICE_COOKIE, Service, ToldToHooks};
use crate::flows::{Visitor, Wants};
use crate::identity::settings::Settings;
use crate::web::csrf::{self, CsrfSecret};
use crate::web::{Client, Query, cors, is_json_request};

/// What is read of a request before its path matters.
pub(super) struct Visit {
    /// For the flows.
    pub(super) visitor: Visitor,
    /// Whether the browser sent a CSRF cookie that reads as one.
    pub(super) had_csrf: bool,
}

/// Reads everything but the body.
pub(super) fn read(
    service: &Service,
    config: &Config,
    headers: &HeaderMap,
    extensions: &Extensions,
    (method, path): (&Method, &str),
    query: Option<&str>,
) -> Visit {
    let settings = service.settings();
    let name = csrf::cookie_name(&settings.public.base_url);
    let sent = cookies::named(headers, &name).find_map(CsrfSecret::parse);
    let had_csrf = sent.is_some();
    let session_cookies = cookies::named(headers, &settings.session.cookie_name);
    let one = |name: &str| cookies::named(headers, name).next().map(str::to_owned);
    let full = match query {
        Some(query) => format!("{}{path}?{query}", service.site().base()),
        None => format!("{}{path}", service.site().base()),
    };
    let wants = if is_json_request(headers) {
        Wants::Json
    } else {
        Wants::Html
    };
    let visitor = Visitor {
        header_token: header_token(headers),
        session_cookies: session_cookies.map(str::to_owned).collect(),
        bearer: bearer(headers),
        csrf: sent.unwrap_or_else(CsrfSecret::random),
        continuity: one(CONTINUITY_COOKIE),
        device: one(DEVICE_COOKIE),
        client: Client::of(headers, peer(extensions), &config.trusted_proxies),
        request_url: full,
        accept_language: accept_language(headers),
        query: Query::parse(query),
        wants,
        browser_marks: marks(service, headers),
        told: told(settings, method, headers),
    };
    Visit { visitor, had_csrf }
}

/// Headers on the list, and cookies that are neither ours nor a session's.
fn told(settings: &Settings, method: &Method, headers: &HeaderMap) -> ToldToHooks {
    let mut told = ToldToHooks {
        method: method.to_string(),
        ..ToldToHooks::default()
    };
    for name in headers.keys() {
        if !settings
            .clients
            .hook_headers
            .iter()
            .any(|known| known == name.as_str())
        {
            continue;
        }
        let values = headers.get_all(name).iter();
        let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        told.headers.insert(canonical(name.as_str()), values.into());
    }
    let ours = |name: &str| {
        name == settings.session.cookie_name
            || name.starts_with("csrf_token_")
            || [CONTINUITY_COOKIE, DEVICE_COOKIE].contains(&name)
    };
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    for (name, value) in pairs.filter(|(name, _)| !ours(name)) {
        told.cookies.insert(name.to_owned(), value.into());
    }
    told
}

/// `user-agent` as `User-Agent`, the way programs written for Kratos look it up.
fn canonical(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let mut letters = part.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    parts.collect::<Vec<_>>().join("-")
}

fn peer(extensions: &Extensions) -> SocketAddr {
    if let Some(Peer(address)) = extensions.get::<Peer>() {
        return *address;
    }
    extensions.get::<ConnectInfo<SocketAddr>>().map_or_else(
        || SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        |ConnectInfo(address)| *address,
    )
}

/// The longest `Accept-Language` that is looked at, in bytes.
const LANGUAGES_LIMIT: usize = 256;

fn accept_language(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    (value.len() <= LANGUAGES_LIMIT).then(|| value.to_owned())
}

fn header_token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-session-token")?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Exactly two words, the first of them `bearer` in any case.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let proper = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    (proper && !token.contains(' ')).then(|| token.to_owned())
}

fn marks(service: &Service, headers: &HeaderMap) -> BrowserMarks {
    let foreign = |name: &str| {
        !["__cf", "_cf", "cf_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let has_cookie = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .any(|(name, _)| foreign(name));
    let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let origin = headers.get(ORIGIN).and_then(text);
    // Browsers leave fetch metadata out on plain http, but not the origin of a form.
    let another = match headers.get("sec-fetch-site") {
        Some(site) => site.as_bytes() == b"cross-site",
        None => headers.contains_key(ORIGIN),
    };
    let rules = &service.settings().public.cors;
    let known = rules.enabled && cors::allowed_origin(rules, headers).is_some();
    let own = |origin: &String| service.site().is_own_origin(origin);
    BrowserMarks {
        has_cookie,
        cross_site: another && !known && !origin.as_ref().is_some_and(own),
        origin,
    }
}
