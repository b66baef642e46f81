//! From what a proxy in front says of a request to the canonical request: every part exactly once,
//! none guessed.

use std::net::{IpAddr, Ipv4Addr};

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use ipnet::IpNet;

use super::original_url;
use super::{Config, Unread};
use crate::authz::{
    X_FORWARDED_HOST, X_FORWARDED_PROTO, forwarded_for, forwarded_scheme, read_host, read_method,
};
use crate::policy::{AmbiguousRequest, Host, Request, Scheme};

const X_FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const X_FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const X_ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const X_ORIGINAL_URL: HeaderName = HeaderName::from_static("x-original-url");

/// What is said in `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`.
pub(super) fn forwarded(headers: &HeaderMap, config: &Config) -> Result<Request, Unread> {
    let method = told_method(&X_FORWARDED_METHOD, only(headers, &X_FORWARDED_METHOD)?)?;
    let scheme = scheme(headers)?;
    let host = only(headers, &X_FORWARDED_HOST)?;
    let authority = Host::parse_authority(host, scheme)?;
    let target = only(headers, &X_FORWARDED_URI)?;
    request(method, scheme, authority, target, headers, config)
}

/// What is said in `X-Original-Method` and `X-Original-URL`.
pub(super) fn original(headers: &HeaderMap, config: &Config) -> Result<Request, Unread> {
    let method = told_method(&X_ORIGINAL_METHOD, only(headers, &X_ORIGINAL_METHOD)?)?;
    let url = only(headers, &X_ORIGINAL_URL)?;
    let url = original_url::split(url)?;
    let authority = (url.host, url.port);
    request(method, url.scheme, authority, url.target, headers, config)
}

/// What the question is itself, with `target` in place of its own.
pub(super) fn itself(
    head: &http::request::Parts,
    target: &str,
    config: &Config,
) -> Result<Request, Unread> {
    let scheme = scheme(&head.headers)?;
    let authority = read_host(head, scheme, None)?;
    let method = read_method(&head.method)?;
    request(method, scheme, authority, target, &head.headers, config)
}

fn request(
    method: Method,
    scheme: Scheme,
    (host, port): (Host, Option<u16>),
    target: &str,
    headers: &HeaderMap,
    config: &Config,
) -> Result<Request, Unread> {
    if target.len() > config.limits.target_size {
        return Err(Unread::TooLarge(StatusCode::URI_TOO_LONG));
    }
    if !target.starts_with('/') {
        return Err(AmbiguousRequest::TargetForm.into());
    }
    if target.contains('#') {
        return Err(AmbiguousRequest::Fragment.into());
    }
    // What no request line can hold came over none.
    if PathAndQuery::try_from(target).is_err() {
        return Err(AmbiguousRequest::Character.into());
    }
    let (path, query) = Request::parse_target(target)?;
    Ok(Request {
        method,
        scheme,
        host,
        port,
        path,
        query,
        client_ip: client_address(headers, &config.trusted_proxies)?,
    })
}

fn scheme(headers: &HeaderMap) -> Result<Scheme, Unread> {
    Ok(forwarded_scheme(only(headers, &X_FORWARDED_PROTO)?)?)
}

/// The client's address by `X-Forwarded-For`: the first from the right that is no trusted proxy.
/// Where nothing is said, an address that no network but the whole has in it: nobody's neighbour.
///
/// # Errors
/// An address that can't be read.
pub fn client_address(headers: &HeaderMap, trusted: &[IpNet]) -> Result<IpAddr, AmbiguousRequest> {
    let said = forwarded_for(headers, trusted)?;
    Ok(said.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

/// The value of a header that is there once, or several times alike.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Unread> {
    let mut lines = headers.get_all(name).iter();
    let Some(first) = lines.next().filter(|line| !line.is_empty()) else {
        return Err(Unread::Missing(name.clone()));
    };
    if lines.any(|line| line != first) {
        return Err(Unread::Contradicting(name.clone()));
    }
    first.to_str().map_err(|_| Unread::Unreadable(name.clone()))
}

fn told_method(name: &HeaderName, text: &str) -> Result<Method, Unread> {
    let read = Method::from_bytes(text.as_bytes());
    let read = read.map_err(|_| Unread::Unreadable(name.clone()))?;
    Ok(read_method(&read)?)
}

/// The target of a question below `prefix`: what follows it.
pub(super) fn target_below<'a>(target: Option<&'a PathAndQuery>, prefix: &str) -> Option<&'a str> {
    let rest = target?.as_str().strip_prefix(prefix)?;
    rest.starts_with('/').then_some(rest)
}
