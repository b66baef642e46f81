//! Addresses of upstreams.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::document::{FromNode, Node, Problem, Reading};
use crate::policy::{Endpoint, EndpointAddress, Host, Scheme};

const HELP: &str = "write http://HOST:PORT, https://HOST:PORT or unix:/path/to/socket";

impl FromNode for Endpoint {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let written = String::from_node(node, reading)?;
        match parse(&written) {
            Ok(endpoint) => Some(endpoint),
            Err(message) => {
                reading.problem(Problem::at(&node.place, "invalid_value", message).help(HELP));
                None
            }
        }
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^(https?://|unix:/)" })
    }
}

fn parse(text: &str) -> Result<Endpoint, &'static str> {
    if let Some(path) = text.strip_prefix("unix:") {
        return parse_unix(path);
    }
    let (scheme, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
        (Some(rest), _) => (Scheme::Http, rest),
        (None, Some(rest)) => (Scheme::Https, rest),
        (None, None) => return Err("an upstream's address begins with http://, https:// or unix:"),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?']) {
        return Err("an upstream's address has no path: requests keep their own");
    }
    let (host, port) = Host::parse_authority(authority, scheme)
        .map_err(|_| "this is not one host name or address with an optional port")?;
    let authority = match port {
        Some(port) => format!("{}:{port}", host.as_str()).into(),
        None => host.as_str().into(),
    };
    let bare = host.as_str().trim_start_matches('[').trim_end_matches(']');
    Ok(Endpoint {
        tls: scheme == Scheme::Https,
        address: EndpointAddress::Tcp {
            host: bare.into(),
            port: port.unwrap_or_else(|| scheme.default_port()),
        },
        authority,
    })
}

fn parse_unix(path: &str) -> Result<Endpoint, &'static str> {
    if !path.starts_with('/') {
        return Err("the path of a unix socket is absolute");
    }
    Ok(Endpoint {
        tls: false,
        address: EndpointAddress::Unix(PathBuf::from(path)),
        authority: "localhost".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_host_or_a_socket() {
        for (text, tls, host, port, authority) in [
            (
                "http://127.0.0.1:9000",
                false,
                "127.0.0.1",
                9000,
                "127.0.0.1:9000",
            ),
            ("http://app", false, "app", 80, "app"),
            ("https://App.Test/", true, "app.test", 443, "app.test"),
            ("https://[::1]:8443", true, "::1", 8443, "[::1]:8443"),
        ] {
            let endpoint = parse(text).unwrap();
            let address = EndpointAddress::Tcp {
                host: host.into(),
                port,
            };
            assert_eq!(
                endpoint,
                Endpoint {
                    tls,
                    address,
                    authority: authority.into()
                }
            );
        }
        let socket = parse("unix:/run/app.sock").unwrap();
        assert_eq!(
            socket.address,
            EndpointAddress::Unix(PathBuf::from("/run/app.sock"))
        );
        for text in [
            "",
            "127.0.0.1:9000",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a?b",
            "http://u@a",
            "http://a:0",
            "unix:run/app.sock",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
