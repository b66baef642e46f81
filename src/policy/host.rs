//! The host of a request.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{AmbiguousRequest, Scheme};

/// RFC 1035 section 2.3.4, less the length bytes.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A host name or address: lower case, without port, without trailing dot; IPv6 in brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Box<str>);

impl Host {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an IP address, not a name.
    #[must_use]
    pub fn is_address(&self) -> bool {
        self.0.starts_with('[') || self.0.parse::<Ipv4Addr>().is_ok()
    }

    /// Whether it is a name below `parent`, at any depth.
    #[must_use]
    pub fn is_below(&self, parent: &Self) -> bool {
        let name = self.0.strip_suffix(&*parent.0);
        name.is_some_and(|name| name.ends_with('.')) && !self.is_address()
    }

    /// Reads `host[:port]` as found in `Host` or `:authority`. The port is `None` when it is left
    /// out, empty, or the scheme's own.
    ///
    /// # Errors
    /// Anything but one DNS name or IP address with an optional port: user information, lists,
    /// spaces, controls, non-ASCII, labels or names over the limits of RFC 1035, and numbers that
    /// some programs read as an address (`2130706433`, `127.1`).
    pub fn parse_authority(
        text: &str,
        scheme: Scheme,
    ) -> Result<(Self, Option<u16>), AmbiguousRequest> {
        let (host, port) = split_port(text)?;
        let port = match port {
            Some(digits) => parse_port(digits)?.filter(|port| *port != scheme.default_port()),
            None => None,
        };
        Ok((Self::parse(host)?, port))
    }

    /// Reads a host without a port.
    ///
    /// # Errors
    /// As [`Host::parse_authority`].
    pub fn parse(text: &str) -> Result<Self, AmbiguousRequest> {
        if let Some(address) = text.strip_prefix('[') {
            let address = address.strip_suffix(']').ok_or(AmbiguousRequest::Host)?;
            let address: Ipv6Addr = address.parse().map_err(|_| AmbiguousRequest::Host)?;
            return Ok(Self(format!("[{address}]").into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let seen = check_name(name)?;
        if seen.last_starts_with_digit {
            check_number(name)?;
        }
        Ok(Self(if seen.has_capitals {
            name.to_ascii_lowercase().into()
        } else {
            name.into()
        }))
    }
}

/// The host below which `host` lies, nearest first: `b.c`, then `c` for `a.b.c`.
pub(super) fn parents(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |host| {
        host.split_once('.').map(|(_, rest)| rest)
    })
    .skip(1)
}

fn split_port(text: &str) -> Result<(&str, Option<&str>), AmbiguousRequest> {
    if text.starts_with('[') {
        let end = text.find(']').ok_or(AmbiguousRequest::Host)? + 1;
        let (host, rest) = text.split_at_checked(end).ok_or(AmbiguousRequest::Host)?;
        if rest.is_empty() {
            return Ok((host, None));
        }
        let digits = rest.strip_prefix(':').ok_or(AmbiguousRequest::Host)?;
        return Ok((host, Some(digits)));
    }
    Ok(match text.split_once(':') {
        Some((host, digits)) => (host, Some(digits)),
        None => (text, None),
    })
}

fn parse_port(digits: &str) -> Result<Option<u16>, AmbiguousRequest> {
    if digits.is_empty() {
        return Ok(None);
    }
    // `u16::from_str` would also read a plus sign.
    let is_number = digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(port) if is_number && port != 0 => Ok(Some(port)),
        Ok(_) | Err(_) => Err(AmbiguousRequest::Host),
    }
}

/// What was seen while reading a name.
#[derive(Default)]
struct Seen {
    has_capitals: bool,
    last_starts_with_digit: bool,
}

/// Looks at every label: letters, digits, hyphens inside, and the underscore, which container
/// networks use in names.
fn check_name(name: &str) -> Result<Seen, AmbiguousRequest> {
    let mut seen = Seen::default();
    let mut length = 0;
    let mut before = b'.';
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => {}
            b'A'..=b'Z' => seen.has_capitals = true,
            b'-' if length > 0 => {}
            b'.' if before != b'-' && length > 0 => {
                (length, before) = (0, byte);
                continue;
            }
            _ => return Err(AmbiguousRequest::Host),
        }
        if length == 0 {
            seen.last_starts_with_digit = byte.is_ascii_digit();
        }
        if length == MAX_LABEL {
            return Err(AmbiguousRequest::Host);
        }
        (length, before) = (length + 1, byte);
    }
    if length == 0 || before == b'-' || name.len() > MAX_NAME {
        return Err(AmbiguousRequest::Host);
    }
    Ok(seen)
}

/// A name whose last label is a number must be an address.
fn check_number(name: &str) -> Result<(), AmbiguousRequest> {
    let last = name.rsplit('.').next().unwrap_or(name);
    if reads_as_number(last) && name.parse::<Ipv4Addr>().is_err() {
        return Err(AmbiguousRequest::Host);
    }
    Ok(())
}

/// Whether browsers take a host with this last label for an IPv4 address (URL standard, "ends in
/// a number").
fn reads_as_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"))
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || label.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(text: &str) -> Option<(String, Option<u16>)> {
        let (host, port) = Host::parse_authority(text, Scheme::Http).ok()?;
        Some((host.as_str().to_owned(), port))
    }

    #[test]
    fn one_host_has_one_spelling() {
        for (text, host, port) in [
            ("app.test", "app.test", None),
            ("APP.Test", "app.test", None),
            ("app.test.", "app.test", None),
            ("app.test.:80", "app.test", None),
            ("app.test:", "app.test", None),
            ("app.test:080", "app.test", None),
            ("app.test:8443", "app.test", Some(8443)),
            ("my_app", "my_app", None),
            ("127.0.0.1:9000", "127.0.0.1", Some(9000)),
            ("[::1]", "[::1]", None),
            ("[0:0:0:0:0:0:0:1]:443", "[::1]", Some(443)),
        ] {
            assert_eq!(http(text), Some((host.to_owned(), port)), "{text}");
            assert_eq!(http(host), Some((host.to_owned(), None)), "{host}");
        }
        let https = Host::parse_authority("app.test:443", Scheme::Https).unwrap();
        assert_eq!(https.1, None);
    }

    #[test]
    fn what_is_no_single_host_is_refused() {
        let long_label = "a".repeat(64);
        let long_name = ["a".repeat(60).as_str(); 5].join(".");
        for text in [
            "",
            ".",
            "app.test..",
            "a..b",
            ".a",
            "a@b",
            "a, b",
            "a,b",
            "a b",
            " a",
            "a/b",
            "a?x",
            "a#x",
            "a\\b",
            "a%2eb",
            "a\0b",
            "a\tb",
            "ä.test",
            "。app.test",
            "-a.test",
            "a-.test",
            "app.test:0",
            "app.test:65536",
            "app.test:99999",
            "app.test:+80",
            "app.test:8x",
            "app.test:80:80",
            "[::1",
            "::1",
            "[::1]x",
            "[::1%25lo]",
            "[::1%lo]",
            "[app.test]",
            "[]",
            "2130706433",
            "0x7f000001",
            "127.1",
            "1.2.3.4.5",
            "1.2.3.256",
            "01.2.3.4",
            "*.app.test",
            &long_label,
            &long_name,
        ] {
            assert_eq!(http(text), None, "{text:?}");
        }
    }

    #[test]
    fn parents_come_nearest_first() {
        assert_eq!(parents("a.b.c").collect::<Vec<_>>(), ["b.c", "c"]);
        assert_eq!(parents("a").count(), 0);
    }
}
