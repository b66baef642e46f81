//! An identity service that knows two people: Alice, who used a second factor, and Bob, who did
//! not.

use std::io::Write;
use std::net::TcpStream;

use serde_json::json;

use super::server::{Next, Recorded, Server};

pub(crate) const ALICE: &str = "VALID_AAL2_ALICE";
pub(crate) const BOB: &str = "VALID_AAL1_BOB";
pub(crate) const ALICE_ID: &str = "5f0c0f5a-3f0e-4d0e-9a63-0a11ce000001";
const BOB_ID: &str = "5f0c0f5a-3f0e-4d0e-9a63-0b0b00000001";

/// Starts the service. The session cookie is called `session`.
pub(crate) fn start() -> Server {
    Server::start(|request, stream| {
        match credential(request)
            .as_deref()
            .map(|token| token.trim_start_matches("ory_st_"))
        {
            Some(ALICE) => send(stream, "200 OK", &session(ALICE_ID, "aal2")),
            Some(BOB) => send(stream, "200 OK", &session(BOB_ID, "aal1")),
            Some(_) | None => send(stream, "401 Unauthorized", &no_session()),
        }
    })
}

/// The credential that Kratos would take from a whoami request: the token header, then the cookie,
/// then the bearer token. Quotes around a cookie's value are not part of it, as in Go.
pub(crate) fn credential(request: &Recorded) -> Option<String> {
    if let Some(token) = request.header("x-session-token") {
        return Some(token);
    }
    let cookies = request.header("cookie").unwrap_or_default();
    let named = cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    let session = named
        .filter(|(name, _)| *name == "session")
        .map(|(_, value)| value)
        .next();
    if let Some(value) = session {
        return Some(value.trim_matches('"').to_owned());
    }
    let bearer = request.header("authorization")?;
    bearer.strip_prefix("Bearer ").map(str::to_owned)
}

/// Writes one JSON answer.
pub(crate) fn send(stream: &mut TcpStream, status: &str, body: &str) -> Next {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    match stream.write_all([head.as_str(), body].concat().as_bytes()) {
        Ok(()) => Next::Keep,
        Err(_) => Next::Close,
    }
}

fn no_session() -> String {
    let error = json!({
        "code": 401, "status": "Unauthorized", "reason": "No valid session credentials found.",
        "message": "The request could not be authorized",
    });
    json!({ "error": error }).to_string()
}

/// A session as Kratos' whoami shows it, logged in a minute ago.
pub(crate) fn session(identity: &str, aal: &str) -> String {
    let now = jiff::Timestamp::now();
    let login = now - jiff::SignedDuration::from_secs(60);
    let mut methods = vec![json!({ "method": "password", "aal": "aal1", "completed_at": login })];
    if aal == "aal2" {
        methods.push(json!({ "method": "totp", "aal": "aal2", "completed_at": login }));
    }
    let schema = "http://127.0.0.1/schemas/default";
    json!({
        "id": format!("9d0e{}", &identity[4..]),
        "active": true,
        "expires_at": now + jiff::SignedDuration::from_hours(24),
        "authenticated_at": login,
        "authenticator_assurance_level": aal,
        "authentication_methods": methods,
        "issued_at": login,
        "identity": {
            "id": identity, "schema_id": "default", "schema_url": schema, "state": "active",
            "traits": { "name": "Somebody" }, "metadata_public": null,
            "created_at": login, "updated_at": login,
        },
        "devices": [],
    })
    .to_string()
}
