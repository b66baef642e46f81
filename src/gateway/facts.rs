//! From a parsed head to what rules see: one canonical request, one credential, or a refusal.

use http::header::{CONTENT_LENGTH, EXPECT};
use http::uri::PathAndQuery;
use http::{Method, StatusCode};
use hyper::ext::Protocol;

use super::client::ClientConnection;
use super::head_scan::HeadFault;
use super::upgrade::Wanted;
use crate::authz::{
    Answer, Client, ErrorId, Hearsay, MethodFault, hearsay, read_host, read_method, read_target,
};
use crate::policy::{AmbiguousRequest, Request};
use crate::whoami::{AmbiguousCredentials, Credential};

/// What a request is about.
pub(super) struct Facts {
    pub(super) request: Request,
    /// Its one credential. Two at once are an error for the rules, not for the identity service,
    /// which has an order of its own.
    pub(super) credential: Result<Option<Credential>, AmbiguousCredentials>,
    /// The upgrade it asks for.
    pub(super) upgrade: Option<Wanted>,
}

/// Why a request is refused before any rule is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It can be read in more than one way.
    Ambiguous(AmbiguousRequest),
    /// It carries two credentials.
    Credentials,
    /// Its line ends, or the bytes around it, leave doubt where it begins.
    Framing,
    /// The method is none of ours: CONNECT, TRACE.
    Method(StatusCode),
    /// The target, the head or the announced body is over the limit.
    TooLarge(StatusCode),
}

impl From<AmbiguousRequest> for Fault {
    fn from(why: AmbiguousRequest) -> Self {
        Self::Ambiguous(why)
    }
}

impl From<MethodFault> for Fault {
    fn from(fault: MethodFault) -> Self {
        match fault {
            MethodFault::Unserved(status) => Self::Method(status),
            MethodFault::Ambiguous(why) => Self::Ambiguous(why),
        }
    }
}

impl From<AmbiguousCredentials> for Fault {
    fn from(AmbiguousCredentials: AmbiguousCredentials) -> Self {
        Self::Credentials
    }
}

impl From<HeadFault> for Fault {
    fn from(fault: HeadFault) -> Self {
        match fault {
            HeadFault::Fragment => Self::Ambiguous(AmbiguousRequest::Fragment),
            HeadFault::BareLineFeed | HeadFault::Unverified => Self::Framing,
        }
    }
}

impl Fault {
    /// The refusal for it.
    pub(super) fn answer(self, client: Client) -> Answer {
        match self {
            Self::Ambiguous(why) => Answer::ambiguous_request(client, why),
            Self::Credentials => Answer::refusal(
                ErrorId::AmbiguousCredentials,
                client,
                None,
                "send one credential: the session cookie, a session token or a token of an issuer",
            ),
            Self::Framing => Answer::refusal(
                ErrorId::AmbiguousRequest,
                client,
                None,
                "the request is not delimited in one way only",
            ),
            Self::Method(status) => Answer::refusal(
                ErrorId::MethodNotAllowed,
                client,
                None,
                "this method is not served here",
            )
            .with_status(status),
            Self::TooLarge(status) => {
                let reason = match status {
                    StatusCode::URI_TOO_LONG => "the request target is too long",
                    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the request head is too large",
                    _ => "the request body is too large",
                };
                Answer::refusal(ErrorId::TooLarge, client, None, reason).with_status(status)
            }
        }
    }
}

/// Reads a request head.
pub(super) fn read(head: &http::request::Parts, client: &ClientConnection) -> Result<Facts, Fault> {
    let config = &client.worker.shared.config;
    read_sizes(head, client)?;
    let upgrade = Wanted::find(head);
    let method = method_of(head, upgrade.as_ref())?;
    let target = read_target(&head.uri, head.version)?;
    let heard = if client.peer_trusted {
        hearsay(&head.headers, config.forwarded, &config.trusted_proxies)?
    } else {
        Hearsay::default()
    };
    let scheme = heard.scheme.unwrap_or(client.door.scheme);
    let (host, port) = read_host(head, scheme, heard.host.as_deref())?;
    let (path, query) = Request::parse_target(target.map_or("/", PathAndQuery::as_str))?;
    let credential =
        Credential::from_headers(&head.headers, &config.session_cookie, &config.issuers);
    Ok(Facts {
        request: Request {
            method,
            scheme,
            host,
            port,
            path,
            query,
            client_ip: heard.client.unwrap_or(client.peer),
        },
        credential,
        upgrade,
    })
}

/// Refuses what is over a limit.
pub(super) fn read_sizes(
    head: &http::request::Parts,
    client: &ClientConnection,
) -> Result<(), Fault> {
    let limits = &client.worker.shared.config.limits;
    let too_large = |status| Err(Fault::TooLarge(status));
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > limits.target_size {
        return too_large(StatusCode::URI_TOO_LONG);
    }
    let size = client.head_size();
    if head.headers.len() > limits.header_count || size > limits.header_size {
        return too_large(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    let announced = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    if announced.is_some_and(|announced| announced > limits.body_size) {
        return too_large(StatusCode::PAYLOAD_TOO_LARGE);
    }
    // The only expectation there is; whoever expects something else must be told.
    let expectation = head.headers.get(EXPECT).map(http::HeaderValue::as_bytes);
    if expectation.is_some_and(|value| !value.eq_ignore_ascii_case(b"100-continue")) {
        return too_large(StatusCode::EXPECTATION_FAILED);
    }
    Ok(())
}

fn method_of(head: &http::request::Parts, upgrade: Option<&Wanted>) -> Result<Method, Fault> {
    match &head.method {
        // An extended CONNECT is judged as the upgrade that it is.
        &Method::CONNECT if upgrade.is_some() => Ok(Method::GET),
        &Method::CONNECT if head.extensions.get::<Protocol>().is_some() => {
            Err(Fault::Method(StatusCode::NOT_IMPLEMENTED))
        }
        method => Ok(read_method(method)?),
    }
}
