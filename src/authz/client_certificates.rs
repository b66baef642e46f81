//! Headers in which proxies in front tell of a client's certificate.
//!
//! Whoever reads them takes them for an identity, so they are removed like one, unless a trusted
//! proxy sends those that it is to send.

use http::HeaderName;

/// Removed with the identity headers. A `*` stands for any end.
pub(super) const CERTIFICATES: [&str; 11] = [
    "client-cert",
    "client-cert-*",
    "x-client-cert*",
    "x-client-dn",
    "x-client-verify",
    "x-ssl-*",
    "ssl-client-*",
    "x-tls-client-*",
    "x-amzn-mtls-*",
    "x-arr-clientcert",
    "cf-client-cert-*",
];

/// Of the forwarding family, which is removed as a whole.
const FORWARDED: [&str; 2] = ["x-forwarded-client-cert", "x-forwarded-tls-client-cert*"];

/// Whether headers of this name tell of client certificates.
#[must_use]
pub fn is_certificate_header(name: &HeaderName) -> bool {
    let mut patterns = CERTIFICATES.iter().chain(&FORWARDED);
    patterns.any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.as_str().starts_with(start),
        None => name == pattern,
    })
}
