//! What the gateway tells about the person, by headers.

use http::HeaderMap;

/// The headers of `upstream_identity.headers`, as they are set by default.
const TOLD: [&str; 6] = [
    "X-User-Id",
    "X-User-Email",
    "X-Session-Id",
    "X-Session-Aal",
    "X-Session-Methods",
    "X-Authenticated-At",
];

/// The person in front of the bank. The bank believes the gateway: nobody else reaches it.
#[derive(Clone, Debug, Default)]
pub(super) struct Visitor {
    /// The headers that came, in the order of [`TOLD`].
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Visitor {
    pub(super) fn from_headers(headers: &HeaderMap) -> Self {
        let told = TOLD.into_iter().filter_map(|name| {
            let value = headers.get(name)?.to_str().ok()?;
            (!value.is_empty()).then(|| (name, value.to_owned()))
        });
        Self {
            headers: told.collect(),
        }
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value.as_str())
    }

    /// The identity's id.
    pub(super) fn user(&self) -> Option<&str> {
        self.header("X-User-Id")
    }

    /// What the bank calls the person.
    pub(super) fn name(&self) -> Option<&str> {
        self.header("X-User-Email").or_else(|| self.user())
    }

    /// How the last line about assurance reads.
    pub(super) fn has_two_factors(&self) -> bool {
        self.header("X-Session-Aal") == Some("aal2")
    }
}
