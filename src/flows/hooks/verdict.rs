//! What the answer of a hook says.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::contract::Message;
use crate::contract::Problem;
use crate::outbound::Reply;

/// What a hook decided.
#[derive(Debug)]
pub(super) enum Verdict {
    /// On with the flow, perhaps with a changed identity.
    GoOn(Option<Box<IdentityPatch>>),
    /// Stop: what to say, by field; without a field about the form as a whole.
    Stop(Vec<(Option<String>, Message)>),
}

/// What a hook wants of an identity.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(in crate::flows) struct IdentityPatch {
    /// Traits in place of those there were.
    pub(in crate::flows) traits: Option<Value>,
    /// Metadata that the person may read.
    pub(in crate::flows) metadata_public: Option<Value>,
    /// Metadata for administrators.
    pub(in crate::flows) metadata_admin: Option<Value>,
    /// `active` or `inactive`.
    pub(in crate::flows) state: Option<String>,
    /// What is known of addresses.
    #[serde(default)]
    pub(in crate::flows) verifiable_addresses: Vec<PatchedAddress>,
}

/// What a hook knows of an address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(in crate::flows) struct PatchedAddress {
    /// The address.
    pub(in crate::flows) value: String,
    /// Whether it is verified.
    #[serde(default)]
    pub(in crate::flows) verified: bool,
}

#[derive(Deserialize)]
struct Stopped {
    #[serde(default)]
    messages: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    instance_ptr: String,
    #[serde(default)]
    messages: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    id: u32,
    text: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    context: Option<Value>,
}

#[derive(Deserialize)]
struct Patched {
    #[serde(default)]
    identity: Option<IdentityPatch>,
}

/// Reads the answer of a hook that may stop the flow.
pub(super) fn read(hook: &str, reply: &Reply) -> Result<Verdict, Box<Problem>> {
    if reply.status == StatusCode::NO_CONTENT {
        return Ok(Verdict::GoOn(None));
    }
    if reply.status.is_success() {
        let read: Result<Patched, _> = serde_json::from_slice(&reply.body);
        return match read {
            Ok(patched) => Ok(Verdict::GoOn(patched.identity.map(Box::new))),
            Err(_) => Err(unreadable(hook, "its body is not what a hook may say")),
        };
    }
    if !reply.status.is_client_error() {
        return Err(unreadable(hook, "its status is no answer to a hook"));
    }
    let read: Result<Stopped, _> = serde_json::from_slice(&reply.body);
    let places = read.map(|stopped| stopped.messages).unwrap_or_default();
    let said: Vec<_> = places.into_iter().flat_map(spread).collect();
    if said.is_empty() {
        return Err(unreadable(hook, "it stops the flow without a message"));
    }
    Ok(Verdict::Stop(said))
}

fn spread(place: Place) -> impl Iterator<Item = (Option<String>, Message)> {
    let pointer = place.instance_ptr.trim_start_matches('#');
    let field = pointer.trim_matches('/').replace('/', ".");
    let field = (!field.is_empty()).then_some(field);
    place.messages.into_iter().map(move |said| {
        let message = match said.kind.as_str() {
            "info" => Message::info(said.id, said.text),
            "success" => Message::success(said.id, said.text),
            _ => Message::error(said.id, said.text),
        };
        let message = match said.context {
            Some(context) if !context.is_null() => message.with(context),
            Some(_) | None => message,
        };
        (field.clone(), message)
    })
}

/// As Kratos: HTTP 400, and in the body the error of a service that failed.
fn unreadable(hook: &str, why: &str) -> Box<Problem> {
    tracing::error!(hook, why, "the answer of a web hook can't be used");
    let mut problem = Problem::internal();
    problem.status = StatusCode::BAD_REQUEST;
    Box::new(problem)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    #[test]
    fn a_hook_stops_a_flow_with_messages_on_its_fields() {
        let body = r##"{"messages":[
            {"instance_ptr":"#/traits/email","messages":[{"id":1,"text":"no","type":"error"}]},
            {"instance_ptr":"#/","messages":[{"id":2,"text":"not now","type":"info"}]}]}"##;
        let verdict = read("h", &reply(400, body)).unwrap();
        let Verdict::Stop(said) = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!(
            said[0],
            (Some("traits.email".to_owned()), Message::error(1, "no"))
        );
        assert_eq!(said[1], (None, Message::info(2, "not now")));
    }

    #[test]
    fn an_answer_that_says_nothing_usable_is_a_failure_and_not_a_yes() {
        for (status, body) in [
            (200, ""),
            (200, "fine"),
            (400, ""),
            (403, "{}"),
            (400, r#"{"messages":[]}"#),
            (302, "{}"),
            (500, "{}"),
        ] {
            assert!(read("h", &reply(status, body)).is_err(), "{status} {body}");
        }
        assert!(matches!(
            read("h", &reply(204, "")),
            Ok(Verdict::GoOn(None))
        ));
        assert!(matches!(
            read("h", &reply(200, "{}")),
            Ok(Verdict::GoOn(None))
        ));
    }
}
