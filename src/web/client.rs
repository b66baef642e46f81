//! Where a request comes from, as far as sessions and limits on guessing care.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::USER_AGENT;
use ipnet::IpNet;

/// The client behind a request.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its address, as far as it can be believed.
    pub address: IpAddr,
    /// Its `User-Agent`, cut to a sensible length.
    pub user_agent: Option<String>,
    /// City and country as a trusted proxy in front tells them; empty otherwise.
    pub location: String,
}

/// The longest `User-Agent` that is kept, in characters.
const USER_AGENT_LIMIT: usize = 512;

impl Client {
    /// Works out the client of a request that came from `peer`. Headers that name another address
    /// are believed from `trusted` networks only.
    #[must_use]
    pub fn of(headers: &HeaderMap, peer: SocketAddr, trusted: &[IpNet]) -> Self {
        let peer = peer.ip().to_canonical();
        let believed = trusted.iter().any(|network| network.contains(&peer));
        let address = believed
            .then(|| told_address(headers, trusted))
            .flatten()
            .unwrap_or(peer);
        let user_agent = headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(|text| text.chars().take(USER_AGENT_LIMIT).collect());
        let location = if believed {
            told_location(headers)
        } else {
            String::new()
        };
        Self {
            address,
            user_agent,
            location,
        }
    }
}

fn told_address(headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let single = ["true-client-ip", "cf-connecting-ip", "x-real-ip"]
        .iter()
        .find_map(|name| parse(headers.get(*name)?.to_str().ok()?));
    single.or_else(|| {
        let lines: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|line| line.to_str().ok())
            .collect();
        let hops: Vec<IpAddr> = lines
            .iter()
            .flat_map(|line| line.split(','))
            .filter_map(parse)
            .collect();
        let own = |hop: &&IpAddr| !trusted.iter().any(|network| network.contains(*hop));
        hops.iter().rev().find(own).copied()
    })
}

fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain: Option<IpAddr> = text.parse().ok();
    let address = plain.or_else(|| {
        text.parse::<SocketAddr>()
            .ok()
            .map(|with_port| with_port.ip())
    });
    address.map(|address| address.to_canonical())
}

fn told_location(headers: &HeaderMap) -> String {
    let parts: Vec<&str> = ["cf-ipcity", "cf-ipcountry"]
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok())
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn only_a_trusted_peer_may_name_another_address() {
        let mut headers = HeaderMap::new();
        let hops = HeaderValue::from_static("198.51.100.7, 203.0.113.9, 127.0.0.1");
        headers.insert("x-forwarded-for", hops);
        let peer: SocketAddr = "127.0.0.1:5000".parse().unwrap();
        let trusted = ["127.0.0.0/8".parse().unwrap()];
        let believed = Client::of(&headers, peer, &trusted);
        assert_eq!(believed.address.to_string(), "203.0.113.9");
        let ignored = Client::of(&headers, peer, &[]);
        assert_eq!(ignored.address.to_string(), "127.0.0.1");
    }
}
