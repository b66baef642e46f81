//! `serve`, `cookies` and `secrets` of the configuration.

use std::time::Duration;

/// One of the two APIs.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its URL as others see it, **as written**: the trailing slash counts in the name of the
    /// CSRF cookie.
    pub base_url: String,
    /// The address to listen on.
    pub host: String,
    /// The port to listen on.
    pub port: u16,
    /// Cross-origin rules.
    pub cors: Cors,
}

/// `serve.public.cors`
#[derive(Clone, Debug)]
pub struct Cors {
    /// Whether scripts of other origins may call.
    pub enabled: bool,
    /// Whether the configuration says so itself.
    pub is_written: bool,
    /// Which ones; `*` for any.
    pub allowed_origins: Vec<String>,
    /// With which methods.
    pub allowed_methods: Vec<String>,
    /// With which request headers.
    pub allowed_headers: Vec<String>,
    /// Response headers that they may read.
    pub exposed_headers: Vec<String>,
    /// Whether cookies go along.
    pub allow_credentials: bool,
    /// For how long a preflight counts.
    pub max_age: Duration,
}

impl Default for Cors {
    fn default() -> Self {
        let list = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            enabled: false,
            is_written: false,
            allowed_origins: list(&["*"]),
            allowed_methods: list(&["POST", "GET", "PUT", "PATCH", "DELETE"]),
            allowed_headers: list(&[
                "Authorization",
                "Content-Type",
                "Max-Age",
                "X-Session-Token",
                "X-XSRF-TOKEN",
                "X-CSRF-TOKEN",
            ]),
            exposed_headers: list(&["Content-Type"]),
            allow_credentials: true,
            max_age: Duration::ZERO,
        }
    }
}

/// `SameSite` of a cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Sent with navigations from elsewhere.
    #[default]
    Lax,
    /// Never sent from elsewhere.
    Strict,
    /// Always sent.
    None,
}

impl SameSite {
    /// The attribute's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::None => "None",
        }
    }

    /// Reads the word of the configuration; case counts, as in Kratos.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Lax" => Some(Self::Lax),
            "Strict" => Some(Self::Strict),
            "None" => Some(Self::None),
            _ => None,
        }
    }
}

/// Attributes of a cookie, with every fallback applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieAttributes {
    /// `Domain`; none keeps it on the host.
    pub domain: Option<String>,
    /// `Path`
    pub path: String,
    /// `SameSite`
    pub same_site: SameSite,
    /// `Secure`
    pub secure: bool,
}

impl Default for CookieAttributes {
    fn default() -> Self {
        Self {
            domain: None,
            path: "/".to_owned(),
            same_site: SameSite::Lax,
            secure: true,
        }
    }
}
