//! What proxies in front say of a client. Asked only when the peer is one of ours.

use std::net::{IpAddr, SocketAddr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::policy::{AmbiguousRequest, Scheme};

/// The addresses on the way here.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The scheme that the client used.
pub const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The host that the client asked for.
pub const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The family of forwarding headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedFamily {
    /// `X-Forwarded-For`, `-Proto`, `-Host`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Rfc7239,
}

/// What trusted proxies say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hearsay {
    /// The client's address: the first one from the right that is no trusted proxy.
    pub client: Option<IpAddr>,
    /// How the client reached the first proxy.
    pub scheme: Option<Scheme>,
    /// The host the client asked for, not parsed yet.
    pub host: Option<String>,
}

/// Reads the believed family; the other is not looked at.
///
/// # Errors
/// A value that can't be read: guessing could take a stranger for a neighbour.
pub fn hearsay(
    headers: &HeaderMap,
    family: ForwardedFamily,
    trusted: &[IpNet],
) -> Result<Hearsay, AmbiguousRequest> {
    match family {
        ForwardedFamily::XForwarded => x_forwarded(headers, trusted),
        ForwardedFamily::Rfc7239 => rfc7239(headers, trusted),
    }
}

fn x_forwarded(headers: &HeaderMap, trusted: &[IpNet]) -> Result<Hearsay, AmbiguousRequest> {
    let scheme = match last_entry(headers, &X_FORWARDED_PROTO)? {
        Some(name) => Some(forwarded_scheme(name)?),
        None => None,
    };
    let host = last_entry(headers, &X_FORWARDED_HOST)?.map(str::to_owned);
    Ok(Hearsay {
        client: forwarded_for(headers, trusted)?,
        scheme,
        host,
    })
}

/// The client by `X-Forwarded-For`: the first from the right that is no trusted proxy, else the
/// outermost; `None` where nothing is said.
///
/// # Errors
/// An address on the way that can't be read.
pub fn forwarded_for(
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Result<Option<IpAddr>, AmbiguousRequest> {
    let hops = entries(headers, &X_FORWARDED_FOR)?;
    first_stranger(hops.iter().rev().copied(), trusted)
}

fn rfc7239(headers: &HeaderMap, trusted: &[IpNet]) -> Result<Hearsay, AmbiguousRequest> {
    let elements = entries(headers, &FORWARDED)?;
    let mut hops = Vec::new();
    let mut said = Hearsay::default();
    for element in elements.iter().rev() {
        let mut node = None;
        for pair in element.split(';') {
            let (name, value) = pair.split_once('=').ok_or(AmbiguousRequest::Host)?;
            let value = unquote(value.trim());
            let name = name.trim();
            if name.eq_ignore_ascii_case("for") {
                node = Some(value);
            } else if name.eq_ignore_ascii_case("proto") && said.scheme.is_none() {
                said.scheme = Some(forwarded_scheme(value)?);
            } else if name.eq_ignore_ascii_case("host") && said.host.is_none() {
                said.host = Some(value.to_owned());
            }
        }
        hops.extend(node);
    }
    said.client = first_stranger(hops.into_iter(), trusted)?;
    Ok(said)
}

/// A scheme as proxies write it, in any case; those of WebSockets mean those beneath.
///
/// # Errors
/// Another scheme.
pub fn forwarded_scheme(name: &str) -> Result<Scheme, AmbiguousRequest> {
    if name.eq_ignore_ascii_case("https") || name.eq_ignore_ascii_case("wss") {
        Ok(Scheme::Https)
    } else if name.eq_ignore_ascii_case("http") || name.eq_ignore_ascii_case("ws") {
        Ok(Scheme::Http)
    } else {
        Err(AmbiguousRequest::TargetForm)
    }
}

/// From the nearest hop outwards: the first that is no proxy of ours, else the outermost.
fn first_stranger<'a>(
    hops: impl Iterator<Item = &'a str>,
    trusted: &[IpNet],
) -> Result<Option<IpAddr>, AmbiguousRequest> {
    let mut outermost = None;
    for hop in hops {
        let address = parse_address(hop).ok_or(AmbiguousRequest::Host)?;
        outermost = Some(address);
        if !trusted.iter().any(|network| network.contains(&address)) {
            break;
        }
    }
    Ok(outermost)
}

/// An address as proxies write it: bare, bracketed, with a port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .map(|address| address.to_canonical())
}

fn unquote(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value)
}

/// The comma-separated entries of all lines of a header, in order.
fn entries<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Vec<&'a str>, AmbiguousRequest> {
    let mut all = Vec::new();
    for line in headers.get_all(name) {
        let line = line.to_str().map_err(|_| AmbiguousRequest::Host)?;
        all.extend(
            line.split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty()),
        );
    }
    Ok(all)
}

/// What the nearest proxy said.
fn last_entry<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, AmbiguousRequest> {
    Ok(entries(headers, name)?.last().copied())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn trusted() -> Vec<IpNet> {
        vec!["10.0.0.0/8".parse().unwrap()]
    }

    fn client(value: &'static str) -> Result<Option<IpAddr>, AmbiguousRequest> {
        let headers = headers(&[("x-forwarded-for", value)]);
        hearsay(&headers, ForwardedFamily::XForwarded, &trusted()).map(|said| said.client)
    }

    #[test]
    fn the_client_is_the_first_stranger_from_the_right() {
        let stranger: IpAddr = "192.0.2.7".parse().unwrap();
        assert_eq!(client("192.0.2.7"), Ok(Some(stranger)));
        assert_eq!(client("6.6.6.6, 192.0.2.7, 10.0.0.2"), Ok(Some(stranger)));
        assert_eq!(client("192.0.2.7:1234, 10.0.0.2"), Ok(Some(stranger)));
        assert_eq!(client("::ffff:192.0.2.7"), Ok(Some(stranger)));
        assert_eq!(client("10.0.0.9"), Ok(Some("10.0.0.9".parse().unwrap())));
    }

    #[test]
    fn an_address_that_cannot_be_read_is_refused() {
        for value in ["unknown", "192.0.2.7 evil", "1.2.3.4.5", "_hidden"] {
            assert!(client(value).is_err(), "{value}");
        }
    }

    #[test]
    fn forwarded_is_read_by_its_own_grammar() {
        let headers = headers(&[(
            "forwarded",
            "for=6.6.6.6;proto=http, for=\"[2001:db8::1]:4711\";proto=https;host=app.test",
        )]);
        let said = hearsay(&headers, ForwardedFamily::Rfc7239, &trusted()).unwrap();
        assert_eq!(said.client, Some("2001:db8::1".parse().unwrap()));
        assert_eq!(said.scheme, Some(Scheme::Https));
        assert_eq!(said.host.as_deref(), Some("app.test"));
    }

    #[test]
    fn the_family_that_is_not_configured_is_not_read() {
        let headers = headers(&[("forwarded", "for=6.6.6.6"), ("x-forwarded-proto", "https")]);
        let said = hearsay(&headers, ForwardedFamily::Rfc7239, &trusted()).unwrap();
        assert_eq!(said.scheme, None);
        let said = hearsay(&headers, ForwardedFamily::XForwarded, &trusted()).unwrap();
        assert_eq!(said.client, None);
    }
}
