//! The gate for a Pingora proxy (feature `pingora`): call it from `request_filter`.
//!
//! ```no_run
//! # use stepgate::layer::{Gate, pingora::{Admission, admit}};
//! # async fn request_filter(
//! #     gate: &Gate,
//! #     request: &mut pingora_http::RequestHeader,
//! #     peer: std::net::IpAddr,
//! # ) -> Result<bool, Box<dyn std::error::Error>> {
//! match admit(gate, request, peer).await? {
//!     Admission::Pass(passed) => { /* keep `passed.set_cookies` for `response_filter` */ }
//!     Admission::Answer(head, body) => { /* write both, and give `Ok(true)` */ }
//! }
//! # Ok(false)
//! # }
//! ```

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderName};
use pingora_http::{RequestHeader, ResponseHeader};

use super::gate::{Connection, Gate, Passed};

/// What a Pingora proxy does with a request.
#[derive(Debug)]
pub enum Admission {
    /// Lets it go on; its head is changed already.
    Pass(Passed),
    /// Sends this instead.
    Answer(Box<ResponseHeader>, Bytes),
}

/// Decides on a request of a client at `peer`. Where it may go on, its head is left as
/// [`Gate::check`] leaves it.
///
/// # Errors
/// A head could not be written; nothing may be forwarded then.
pub async fn admit(
    gate: &Gate,
    request: &mut RequestHeader,
    peer: IpAddr,
) -> Result<Admission, pingora_error::BError> {
    let mut head = request.as_owned_parts();
    // Pingora keeps bytes apart that its address can't hold: what would be forwarded is not what
    // would be judged.
    let told = head.uri.path_and_query().map(|target| target.as_str());
    if told.map(str::as_bytes) != Some(request.raw_path()) && head.uri.authority().is_none() {
        head.uri = http::Uri::from_static("/%");
    }
    match gate.check(&mut head, Connection { peer }).await {
        Ok(passed) => {
            take_over(request, &head)?;
            Ok(Admission::Pass(passed))
        }
        Err(refused) => {
            let (head, body) = refused.into_parts();
            let mut answer = ResponseHeader::build(head.status, Some(head.headers.len() + 1))?;
            for (name, value) in &head.headers {
                answer.append_header(name.clone(), value.clone())?;
            }
            answer.insert_header(CONTENT_LENGTH, body.len())?;
            Ok(Admission::Answer(Box::new(answer), body))
        }
    }
}

/// Makes the head what the gate left of it.
fn take_over(
    request: &mut RequestHeader,
    head: &http::request::Parts,
) -> Result<(), pingora_error::BError> {
    let gone: Vec<HeaderName> = request.headers.keys().cloned().collect();
    for name in gone.iter().filter(|name| !head.headers.contains_key(*name)) {
        request.remove_header(name);
    }
    for name in head.headers.keys() {
        let same = request
            .headers
            .get_all(name)
            .iter()
            .eq(head.headers.get_all(name));
        if same {
            continue;
        }
        request.remove_header(name);
        for value in head.headers.get_all(name) {
            request.append_header(name.clone(), value.clone())?;
        }
    }
    if request.uri != head.uri {
        request.set_uri(head.uri.clone());
    }
    Ok(())
}
