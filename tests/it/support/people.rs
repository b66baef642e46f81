//! An identity service that knows two people in the time of this machine: Alice, who used a second
//! factor, and Bob, who did not.

use jiff::Timestamp;

use super::identity::{Session, unauthorized};
use super::server::{Message, Server};

pub(crate) const ALICE: &str = "VALID_AAL2_ALICE";
const BOB: &str = "VALID_AAL1_BOB";
pub(crate) const ALICE_ID: &str = "5f0c0f5a-3f0e-4d0e-9a63-0a11ce000001";
pub(crate) const BOB_ID: &str = "5f0c0f5a-3f0e-4d0e-9a63-0b0b00000001";

/// Starts the service. The session cookie is called `session`.
pub(crate) fn start() -> Server {
    Server::replying(|request| {
        let credential = credential(request);
        match credential.map(|token| token.trim_start_matches("ory_st_")) {
            Some(ALICE) => alice().reply(),
            Some(BOB) => session(BOB_ID).reply(),
            Some(_) | None => unauthorized(),
        }
    })
}

/// Alice's session.
pub(crate) fn alice() -> Session {
    session(ALICE_ID).aal2()
}

fn session(person: &str) -> Session {
    Session::new(person, Timestamp::now()).authenticated_ago(60)
}

/// The credential that Kratos would take from a whoami request: the token header, then the cookie,
/// then the bearer token. Quotes around a cookie's value are not part of it, as in Go.
pub(crate) fn credential(request: &Message) -> Option<&str> {
    if let Some(token) = request.header("x-session-token") {
        return Some(token);
    }
    let cookies = request.header("cookie").unwrap_or_default();
    let mut named = cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    if let Some((_, value)) = named.find(|(name, _)| *name == "session") {
        return Some(value.trim_matches('"'));
    }
    request.header("authorization")?.strip_prefix("Bearer ")
}
