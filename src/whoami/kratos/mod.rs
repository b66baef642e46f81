//! An identity service that speaks Kratos' API, over HTTP.

mod breaker;
mod client;
mod factors;
mod transport;

use std::time::Duration;

use http::uri::InvalidUri;
use http::{HeaderName, HeaderValue, Uri};

pub use client::{HttpIdentity, NotUsable};

/// `identity.external`, as far as the session check needs it.
#[derive(Clone, Debug)]
pub struct External {
    /// Where whoami is asked, without trailing slash.
    pub public_url: Uri,
    /// Where second factors are looked up, if anywhere, without trailing slash.
    pub admin_url: Option<Uri>,
    /// Sent with each admin request. Values are secrets.
    pub admin_headers: Vec<(HeaderName, HeaderValue)>,
    /// Name of the session cookie.
    pub session_cookie: Box<str>,
    /// How that service runs.
    pub whoami_required_aal: WhoamiRequiredAal,
    /// How long an answer may take: waiting, connecting, head and body together.
    pub timeout: Duration,
    /// Connections at a time.
    pub connections: usize,
    /// When it is left alone.
    pub circuit_breaker: CircuitBreaker,
}

impl External {
    /// The defaults, for the service at `public_url`.
    ///
    /// # Errors
    /// No URL.
    pub fn at(public_url: &str) -> Result<Self, InvalidUri> {
        Ok(Self {
            public_url: public_url.trim_end_matches('/').parse()?,
            admin_url: None,
            admin_headers: Vec::new(),
            session_cookie: "ory_kratos_session".into(),
            whoami_required_aal: WhoamiRequiredAal::HighestAvailable,
            timeout: Duration::from_secs(2),
            connections: 64,
            circuit_breaker: CircuitBreaker::default(),
        })
    }
}

/// `session.whoami.required_aal` of that Kratos: what its answers tell of a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WhoamiRequiredAal {
    /// A one-factor session is told only to those who have no second factor.
    #[default]
    HighestAvailable,
    /// A one-factor session is told to everyone, which says nothing.
    Aal1,
}

/// When a failing service is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// So many failures …
    pub failures: usize,
    /// … within this time …
    pub window: Duration,
    /// … and it is not asked for this long; then one question probes it.
    pub open_for: Duration,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self {
            failures: 5,
            window: Duration::from_secs(10),
            open_for: Duration::from_secs(5),
        }
    }
}
