//! The host of a request.

use super::{AmbiguousRequest, Scheme};

/// A host name or address: lower case, without port, without trailing dot; IPv6 in brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Box<str>);

impl Host {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads `host[:port]` as found in `Host` or `:authority`. The port is `None` when it is left
    /// out, empty, or the scheme's own.
    ///
    /// # Errors
    /// Anything but one DNS name or IP address with an optional port: user information, lists,
    /// spaces, controls, non-ASCII, labels or names over the limits of RFC 1035.
    pub fn parse_authority(
        text: &str,
        scheme: Scheme,
    ) -> Result<(Self, Option<u16>), AmbiguousRequest> {
        let _ = (text, scheme);
        Err(AmbiguousRequest::Host)
    }
}
