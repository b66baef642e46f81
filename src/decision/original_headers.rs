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

/// Said by whatever forwards a request, about the way that it came: the proxy in front answers
/// for them. Other names that begin alike (`X-Forwarded-User`) are a client's attempt.
const OF_THE_WAY: &[&str] = &[
    "forwarded",
    "x-forwarded-by",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-forwarded-uri",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
    "x-request-id",
];

const OF_NGINX: &[&str] = &["x-original-url", "x-original-method"];

/// How the names begin that Envoy keeps for itself: it takes them out of requests from outside.
const OF_ENVOY: &str = "x-envoy-";

/// Takes out of `headers` what the proxy in front added. What is left is the client's.
pub fn original_headers(headers: &mut HeaderMap, front: Front) {
    let added = |name: &HeaderName| {
        let name = name.as_str();
        OF_THE_WAY.contains(&name)
            || match front {
                Front::Forwarding => false,
                Front::Nginx => OF_NGINX.contains(&name),
                Front::Envoy => name.starts_with(OF_ENVOY),
            }
    };
    let added: Vec<HeaderName> = headers.keys().filter(|name| added(name)).cloned().collect();
    for name in added {
        headers.remove(name);
    }
}
