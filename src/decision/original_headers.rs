//! The headers of the original request, told apart from those that the proxy in front adds when
//! it asks.

use http::{HeaderMap, HeaderName};

/// Which proxy asks, as far as it adds headers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// One that tells of the original request in `X-Forwarded-*`.
    Forwarding,
    /// nginx, or one that is configured as it: `X-Original-URL` and `X-Original-Method`.
    Nginx,
    /// Envoy.
    Envoy,
}

/// Whether a header is said by whatever forwards a request, about the way that it came: the proxy
/// in front answers for it. Other names that begin alike (`X-Forwarded-User`) are a client's
/// attempt.
fn is_of_the_way(name: &str) -> bool {
    if let Some(what) = name.strip_prefix("x-forwarded-") {
        return matches!(
            what,
            "by" | "for"
                | "host"
                | "method"
                | "path"
                | "port"
                | "prefix"
                | "proto"
                | "protocol"
                | "scheme"
                | "server"
                | "ssl"
                | "uri"
        );
    }
    matches!(
        name,
        "forwarded"
            | "x-real-ip"
            | "x-client-ip"
            | "x-cluster-client-ip"
            | "true-client-ip"
            | "cf-connecting-ip"
            | "fastly-client-ip"
            | "x-request-id"
    )
}

const OF_NGINX: &[&str] = &["x-original-url", "x-original-method"];

/// What Envoy keeps for itself: it takes it out of requests from outside, or says it anew.
const OF_ENVOY: &str = "x-forwarded-client-cert";
/// How more such names begin.
const OF_ENVOYS_FAMILY: &str = "x-envoy-";

/// Takes out of `headers` what the proxy in front added. What is left is the client's.
pub fn original_headers(headers: &mut HeaderMap, front: Front) {
    let added = |name: &HeaderName| {
        let name = name.as_str();
        is_of_the_way(name)
            || match front {
                Front::Forwarding => false,
                Front::Nginx => OF_NGINX.contains(&name),
                Front::Envoy => name == OF_ENVOY || name.starts_with(OF_ENVOYS_FAMILY),
            }
    };
    let added: Vec<HeaderName> = headers.keys().filter(|name| added(name)).cloned().collect();
    for name in added {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_a_proxy_says_of_the_way_goes_and_what_a_client_says_stays() {
        let mut headers = HeaderMap::new();
        for name in ["forwarded", "x-forwarded-for", "x-real-ip", "x-request-id"] {
            headers.insert(name, HeaderValue::from_static("x"));
        }
        let own = [
            "x-forwarded-user",
            "x-forwarded",
            "x-original-url",
            "accept",
        ];
        for name in own {
            headers.insert(name, HeaderValue::from_static("x"));
        }
        original_headers(&mut headers, Front::Forwarding);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(
            left,
            [
                "accept",
                "x-forwarded",
                "x-forwarded-user",
                "x-original-url"
            ]
        );
    }
}
