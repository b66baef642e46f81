//! Which of a client's headers never reach an application.
//!
//! Applications read header names in many spellings: CGI, WSGI and PHP fold `-`, `_` and `.` into
//! one character. So names are compared folded, and a folded twin of a name that we or the
//! connection own is dropped as well.

use http::HeaderName;

use super::client_certificates::CERTIFICATES;
use crate::policy::fold_field;

/// Removed in every spelling, from everybody.
const ALWAYS: &[&str] = &[
    // Identity, as other gateways pass it on.
    "remote-*",
    "x-remote-*",
    "x-auth-request-*",
    "x-webauth-user",
    "x-kratos-authenticated-identity-id",
    "x-session-token",
    // Where a request came from and what it asked for: ours to say.
    "x-forwarded",
    "x-forwarded-*",
    "forwarded",
    "forwarded-*",
    "x-original-*",
    "x-rewrite-url",
    "x-envoy-*",
    "x-request-id",
    "x-stepgate-*",
    // The connection's own (RFC 9110 section 7.6.1).
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    // Answered here.
    "expect",
];

/// Removed unless a trusted proxy sent them: another way to state the client's address.
const ADDRESSES: &[&str] = &[
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
];

/// Removed unless the rule allows them: they change the method that was judged.
const OVERRIDES: &[&str] = &[
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// Kept as they are, but not in another spelling, in which they could count a second time.
const SPELT_ONE_WAY: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "cookie",
    "authorization",
    "origin",
    "trailer",
];

/// Not allowed in trailers, besides what is stripped (RFC 9110 section 6.5.1).
const NO_TRAILERS: &[&str] = &["cache-control", "set-cookie", "range"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    FromStrangers,
    UnlessRuleAllows,
    Misspelt,
}

#[derive(Clone, Debug)]
struct Pattern {
    name: Box<str>,
    family: bool,
    when: When,
}

/// The compiled table. One per process.
#[derive(Debug)]
pub struct Strip {
    /// Patterns by the first byte of the names that they cover.
    by_first: Vec<Vec<Pattern>>,
    /// Of client certificates, and a trusted proxy's to send.
    believed: Vec<HeaderName>,
}

/// What lifts some of the removals.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lifted {
    /// The peer is a trusted proxy.
    pub trusted_peer: bool,
    /// The rule allows method overrides.
    pub method_override: bool,
}

impl Strip {
    /// The table for identity headers of these names, or families such as `X-User-*`.
    #[must_use]
    pub fn new<'a>(own: impl IntoIterator<Item = &'a str>) -> Self {
        let mut strip = Self {
            by_first: vec![Vec::new(); 256],
            believed: Vec::new(),
        };
        let always = ALWAYS.iter().chain(&CERTIFICATES).copied();
        for name in always.chain(own) {
            strip.add(name, When::Always);
        }
        for name in ADDRESSES {
            strip.add(name, When::FromStrangers);
        }
        for name in OVERRIDES {
            strip.add(name, When::UnlessRuleAllows);
        }
        for name in SPELT_ONE_WAY {
            strip.add(name, When::Misspelt);
        }
        strip
    }

    /// The same, where trusted proxies tell of client certificates in headers of these names.
    #[must_use]
    pub fn believing(mut self, names: &[HeaderName]) -> Self {
        self.believed = names.to_vec();
        self
    }

    fn add(&mut self, name: &str, when: When) {
        let folded = fold_field(name);
        let (name, family) = match folded.strip_suffix('*') {
            Some(start) => (start, true),
            None => (folded.as_str(), false),
        };
        let first = name.bytes().next().map_or(0, usize::from);
        if let Some(row) = self.by_first.get_mut(first) {
            row.push(Pattern {
                name: name.into(),
                family,
                when,
            });
        }
    }

    /// Whether a request header is to go.
    #[must_use]
    pub fn takes(&self, name: &HeaderName, lifted: Lifted) -> bool {
        let believed = lifted.trusted_peer && self.believed.contains(name);
        !believed && self.is_listed(name.as_str(), lifted)
    }

    /// The names of [`Strip::believing`].
    #[must_use]
    pub fn believed(&self) -> &[HeaderName] {
        &self.believed
    }

    fn is_listed(&self, name: &str, lifted: Lifted) -> bool {
        if is_folded(name) {
            self.covers(name, |when| match when {
                When::Always => true,
                When::FromStrangers => !lifted.trusted_peer,
                When::UnlessRuleAllows => !lifted.method_override,
                When::Misspelt => false,
            })
        } else {
            self.covers(&fold_field(name), |when| match when {
                When::Always | When::FromStrangers | When::Misspelt => true,
                When::UnlessRuleAllows => !lifted.method_override,
            })
        }
    }

    /// Whether a request trailer may pass.
    #[must_use]
    pub fn may_be_trailer(&self, name: &HeaderName) -> bool {
        !self.covers(&fold_field(name.as_str()), |_| true) && !NO_TRAILERS.contains(&name.as_str())
    }

    fn covers(&self, name: &str, counts: impl Fn(When) -> bool) -> bool {
        let first = name.bytes().next().map_or(0, usize::from);
        self.by_first.get(first).is_some_and(|row| {
            row.iter().any(|pattern| {
                let same = if pattern.family {
                    name.starts_with(&*pattern.name)
                } else {
                    name == &*pattern.name
                };
                same && counts(pattern.when)
            })
        })
    }
}

fn is_folded(name: &str) -> bool {
    memchr::memchr2(b'_', b'.', name.as_bytes()).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip() -> Strip {
        Strip::new(["X-Auth-Aal", "Member", "X-User-*"])
    }

    fn taken(name: &str) -> bool {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        strip().takes(&name, Lifted::default())
    }

    #[test]
    fn identity_names_go_in_every_spelling() {
        for name in [
            "X-User-Id",
            "x-user-id",
            "X_User_Id",
            "X-User_Id",
            "X.User.Id",
            "x-user-anything",
            "X-Auth-Aal",
            "x_auth_aal",
            "MEMBER",
            "Remote-User",
            "REMOTE_USER",
            "X-Forwarded-User",
            "X-Auth-Request-Email",
            "X-WebAuth-User",
            "X-Original-URL",
            "X-Session-Token",
        ] {
            assert!(taken(name), "{name}");
        }
    }

    #[test]
    fn names_that_are_nobodys_stay() {
        for name in [
            "Host",
            "Cookie",
            "Authorization",
            "Content-Length",
            "Content-Type",
            "Accept",
            "X-Username",
            "X-Users",
            "Members",
            "Accept_Language",
            "X-Api-Key",
            "Sec-WebSocket-Key",
        ] {
            assert!(!taken(name), "{name}");
        }
    }

    #[test]
    fn framing_and_credentials_count_in_one_spelling_only() {
        for name in [
            "Transfer_Encoding",
            "Content_Length",
            "Authorization.",
            "Cookie_",
        ] {
            let whole = name.trim_end_matches(['.', '_']) == name;
            assert_eq!(taken(name), whole, "{name}");
        }
    }

    #[test]
    fn certificates_are_told_of_by_trusted_proxies_that_are_to() {
        let names = ["x-ssl-client-verify", "x-forwarded-client-cert"];
        let strip = strip().believing(&names.map(HeaderName::from_static));
        let trusted = Lifted {
            trusted_peer: true,
            ..Lifted::default()
        };
        for name in [
            "X-SSL-Client-Verify",
            "x-forwarded-client-cert",
            "X-SSL-Client-S-DN",
            "X_SSL_Client_Verify",
            "SSL_CLIENT_VERIFY",
            "Client-Cert",
            "Client-Cert-Chain",
            "X-Client-Cert",
            "X-Client-Certificate",
            "X-Forwarded-Tls-Client-Cert-Info",
            "X-Amzn-Mtls-Clientcert",
        ] {
            assert!(taken(name), "{name}");
            let parsed = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let believed = names.contains(&parsed.as_str());
            assert!(strip.takes(&parsed, Lifted::default()), "{name}");
            assert_eq!(strip.takes(&parsed, trusted), !believed, "{name}");
        }
        assert!(!taken("X-Client"));
        assert!(!taken("Client-Certainly"));
    }

    #[test]
    fn an_override_passes_where_the_rule_allows_it() {
        let name = HeaderName::from_static("x-http-method-override");
        let lifted = Lifted {
            method_override: true,
            ..Lifted::default()
        };
        assert!(strip().takes(&name, Lifted::default()));
        assert!(!strip().takes(&name, lifted));
    }

    #[test]
    fn trailers_say_no_more_than_headers_may() {
        let strip = strip();
        assert!(!strip.may_be_trailer(&HeaderName::from_static("x-user-id")));
        assert!(!strip.may_be_trailer(&HeaderName::from_static("content-length")));
        assert!(!strip.may_be_trailer(&HeaderName::from_static("x-request-id")));
        assert!(strip.may_be_trailer(&HeaderName::from_static("grpc-status")));
    }
}
