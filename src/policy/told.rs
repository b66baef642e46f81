//! What an application gets to know of who is asking, where a rule says otherwise than the
//! configuration.

/// `upstream_identity` of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Identity headers are set.
    pub headers: bool,
    /// A signed token goes along, where the configuration has one.
    pub jwt: bool,
    /// The audience of that token.
    pub audience: Option<Box<str>>,
    /// Whether our cookies are left in `Cookie`; `None`: as configured.
    pub keep_cookies: Option<bool>,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            headers: true,
            jwt: true,
            audience: None,
            keep_cookies: None,
        }
    }
}
