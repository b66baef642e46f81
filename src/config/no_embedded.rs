//! `identity.embedded` in a build without the identity service: refused, with its place.
//!
//! Nothing of these types can be made, so whatever asks about the service compiles to nothing.

use std::net::SocketAddr;

use serde_json::Value as Json;

use super::compose::Composed;
use super::proxy::ProxySection;
use crate::document::{FromNode, Node, Problem, Reading};
use crate::gateway::TlsConfig;
use crate::rules::SessionReach;

/// Stepgate's own identity service, which this build does not have.
#[derive(Clone, Debug)]
pub enum Embedded {}

impl Embedded {
    /// Its own listener.
    #[must_use]
    pub const fn own_listener(&self) -> Option<(SocketAddr, Option<&TlsConfig>)> {
        match *self {}
    }

    /// Whether people reach it at `localhost`.
    #[must_use]
    pub const fn is_on_loopback(&self) -> bool {
        match *self {}
    }

    /// Where its own configuration lets people be led back to.
    pub const fn return_urls(&self) -> std::iter::Empty<&str> {
        match *self {}
    }

    /// The hosts that get its cookie.
    pub(super) const fn session_reach(&self) -> Option<SessionReach> {
        match *self {}
    }
}

/// `identity.embedded` as written.
#[derive(Clone, Copy, Debug)]
pub(super) enum EmbeddedSection {}

impl FromNode for EmbeddedSection {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let message = "this build of Stepgate has no identity service of its own";
        let help = "name a running Kratos under `identity.external`, or use a build with the \
                    feature `identity`";
        reading.problem(Problem::at(&node.place, "left_out", message).help(help));
        None
    }

    /// Nothing is accepted.
    fn schema() -> Json {
        Json::Bool(false)
    }
}

/// What the section means with the rest of the file.
pub(super) const fn compose(
    section: EmbeddedSection,
    _proxy: Option<&ProxySection>,
    _reading: &mut Reading,
) -> Option<Composed> {
    match section {}
}

#[cfg(test)]
mod tests {
    use crate::config::tests::problem_of;

    #[test]
    fn an_embedded_service_is_refused_where_it_is_written() {
        for section in ["embedded:", "embedded: { mount: /auth }"] {
            let text = format!("proxy: {{ listen: 127.0.0.1:4455 }}\nidentity:\n  {section}\n");
            let (line, message) = problem_of(&text);
            assert_eq!(line, 3, "{section}");
            assert_eq!(
                message,
                "this build of Stepgate has no identity service of its own"
            );
        }
    }
}
