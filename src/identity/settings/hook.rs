//! Hooks: what is done before and after a flow.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::jsonnet::Snippet;
use crate::secret::SecretString;

/// Something done before or after a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Opens a session after registration.
    Session,
    /// Ends the identity's other sessions.
    RevokeActiveSessions,
    /// Lets only people with a verified address sign in.
    RequireVerifiedAddress,
    /// Sends people to the verification page.
    ShowVerificationUi,
    /// Calls another service.
    WebHook(Arc<WebHook>),
    /// A hook of the Kratos format that is accepted and does nothing yet, by its name.
    Other(String),
}

impl Hook {
    /// Reads the name of a hook that has no configuration of its own.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "session" => Self::Session,
            "revoke_active_sessions" => Self::RevokeActiveSessions,
            "require_verified_address" => Self::RequireVerifiedAddress,
            "show_verification_ui" => Self::ShowVerificationUi,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The call, if it is one.
    #[must_use]
    pub fn as_web_hook(&self) -> Option<&WebHook> {
        match self {
            Self::WebHook(hook) => Some(hook),
            Self::Session
            | Self::RevokeActiveSessions
            | Self::RequireVerifiedAddress
            | Self::ShowVerificationUi
            | Self::Other(_) => None,
        }
    }
}

/// `web_hook`
#[derive(Debug)]
pub struct WebHook {
    /// What the log calls it.
    pub id: String,
    /// Where to.
    pub url: String,
    /// The HTTP method, in capitals.
    pub method: String,
    /// Makes the body from `ctx`; none sends none.
    pub body: Option<Snippet>,
    /// Headers of the request. They may hold credentials.
    pub headers: Vec<(String, SecretString)>,
    /// How the request shows who it is from.
    pub auth: Option<HookAuth>,
    /// What its answer means.
    pub answer: HookAnswer,
}

/// Two hooks are the same when they are one.
impl PartialEq for WebHook {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for WebHook {}

/// What the answer of a hook means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HookAnswer {
    /// It must be a success; what it says does not matter.
    #[default]
    Succeeds,
    /// Nobody waits for it (`response.ignore`).
    Ignored,
    /// It may stop the flow and change the identity (`response.parse`, `can_interrupt`).
    Read,
}

/// `auth` of a hook.
#[derive(Clone, Debug)]
pub enum HookAuth {
    /// `basic_auth`
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// `api_key` in a header.
    Header {
        /// The header's name.
        name: String,
        /// Its value.
        value: SecretString,
    },
    /// `api_key` in a cookie.
    Cookie {
        /// The cookie's name.
        name: String,
        /// Its value.
        value: SecretString,
    },
}

impl HookAuth {
    /// The header that shows it, and its value.
    #[must_use]
    pub fn header(&self) -> (String, SecretString) {
        match self {
            Self::Basic { user, password } => {
                let pair = format!("{user}:{}", password.expose());
                let value = format!("Basic {}", STANDARD.encode(pair));
                ("authorization".to_owned(), SecretString::new(value))
            }
            Self::Header { name, value } => (name.clone(), value.clone()),
            Self::Cookie { name, value } => {
                let pair = format!("{name}={}", value.expose());
                ("cookie".to_owned(), SecretString::new(pair))
            }
        }
    }
}

/// `clients` of the configuration: how other services are called.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Whether private addresses are out of reach.
    pub public_only: bool,
    /// URLs that are within reach all the same.
    pub exceptions: Vec<String>,
    /// Request headers that hooks get to see, in lower case.
    pub hook_headers: Vec<String>,
}

/// Headers that hooks get to see unless configured otherwise, as in Kratos.
const HOOK_HEADERS: [&str; 17] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "content-length",
    "content-type",
    "origin",
    "priority",
    "referer",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "true-client-ip",
    "user-agent",
];

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            public_only: false,
            exceptions: Vec::new(),
            hook_headers: HOOK_HEADERS.iter().map(|&name| name.to_owned()).collect(),
        }
    }
}
