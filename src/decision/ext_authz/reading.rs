//! From `CheckRequest` to the request that is judged.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use prost::Message as _;

use super::attributes::{CheckRequest, Field, HttpRequest, Peer};
use super::unclear::Unclear;
use crate::authz::read_method;
use crate::decision::{Asked, Limits, Unread};
use crate::policy::{AmbiguousRequest, Host, Request, Scheme};
use crate::telemetry::is_plain_request_id;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What Envoy itself says in the headers of the request: those of a client under these names, or
/// beginning like the family, it has taken out or replaced.
const OF_ENVOY: [&str; 4] = [
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-client-cert",
    "x-request-id",
];
const ENVOYS_FAMILY: &str = "x-envoy-";

/// A request as Envoy tells of it.
pub(super) struct Told {
    pub(super) request: Request,
    /// The client's own headers.
    pub(super) headers: HeaderMap,
    /// What the request is called in Envoy's logs.
    pub(super) id: Option<HeaderValue>,
    pub(super) sent: Sent,
}

impl Told {
    /// The question, and where the request goes as it came. It is called `request_id` in logs,
    /// unless Envoy has a name for it.
    pub(super) fn into_question(self, request_id: &HeaderValue) -> (Asked, Sent) {
        let id = self.id.unwrap_or_else(|| request_id.clone());
        (Asked::new(self.request, self.headers, id), self.sent)
    }
}

/// Where the request goes as it came.
pub(super) struct Sent {
    pub(super) target: Bytes,
    pub(super) host: Bytes,
}

/// What can be told of a question's headers even where the rest can't be read: refusals are put
/// in the asker's words.
pub(super) struct Misread {
    pub(super) why: Unclear,
    pub(super) headers: HeaderMap,
}

impl From<Unclear> for Box<Misread> {
    fn from(why: Unclear) -> Self {
        Self::new(Misread {
            why,
            headers: HeaderMap::new(),
        })
    }
}

/// Reads a message.
pub(super) fn read(message: Bytes, limits: Limits) -> Result<Told, Box<Misread>> {
    let question = CheckRequest::decode(message).map_err(|_| Unclear::Garbage)?;
    let attributes = question.attributes.ok_or(Unclear::NoHttp)?;
    let client_ip = client_ip(attributes.source.as_ref());
    let asked = attributes.request.and_then(|request| request.http);
    let mut asked = asked.ok_or(Unclear::NoHttp)?;
    let fields = match asked.header_map.take() {
        Some(raw) => raw.headers,
        None => std::mem::take(&mut asked.headers),
    };
    let Fields {
        mut headers,
        authority,
    } = gather(fields)?;
    let id = headers.get(&X_REQUEST_ID).cloned();
    take_out_envoys(&mut headers);
    if headers.len() > limits.header_count {
        let too_large = Unread::TooLarge(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        return Err(Box::new(Misread {
            why: too_large.into(),
            headers,
        }));
    }
    match request(&asked, &headers, authority.as_deref(), client_ip, limits) {
        Ok(request) => Ok(Told {
            request,
            headers,
            id: id.filter(is_plain_request_id),
            sent: Sent {
                target: asked.path,
                host: asked.host,
            },
        }),
        Err(why) => Err(Box::new(Misread { why, headers })),
    }
}

fn take_out_envoys(headers: &mut HeaderMap) {
    for name in OF_ENVOY {
        headers.remove(name);
    }
    let family = |name: &&HeaderName| name.as_str().starts_with(ENVOYS_FAMILY);
    let family: Vec<HeaderName> = headers.keys().filter(family).cloned().collect();
    for name in family {
        headers.remove(name);
    }
}

fn request(
    asked: &HttpRequest,
    headers: &HeaderMap,
    authority: Option<&[u8]>,
    client_ip: IpAddr,
    limits: Limits,
) -> Result<Request, Unclear> {
    if !asked.query.is_empty() || !asked.fragment.is_empty() {
        return Err(Unclear::Contradiction);
    }
    let sent = Method::from_bytes(&asked.method).map_err(|_| Unclear::Method)?;
    let method = read_method(&sent).map_err(Unread::from)?;
    let scheme = scheme(&asked.scheme)?;
    let (host, port) = host(&asked.host, scheme, headers, authority)?;
    if asked.path.len() > limits.target_size {
        return Err(Unread::TooLarge(StatusCode::URI_TOO_LONG).into());
    }
    let target = text(&asked.path).ok_or(AmbiguousRequest::NotUtf8)?;
    let (path, query) = Request::parse_target(target)?;
    Ok(Request {
        method,
        scheme,
        host,
        port,
        path,
        query,
        client_ip,
    })
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn scheme(name: &[u8]) -> Result<Scheme, AmbiguousRequest> {
    if name.eq_ignore_ascii_case(b"https") {
        Ok(Scheme::Https)
    } else if name.eq_ignore_ascii_case(b"http") {
        Ok(Scheme::Http)
    } else {
        Err(AmbiguousRequest::TargetForm)
    }
}

/// The one host that the question names, in its own place and wherever else it does.
fn host(
    named: &[u8],
    scheme: Scheme,
    headers: &HeaderMap,
    authority: Option<&[u8]>,
) -> Result<(Host, Option<u16>), AmbiguousRequest> {
    let parse = |name: &[u8]| {
        let name = text(name).ok_or(AmbiguousRequest::Host)?;
        Host::parse_authority(name, scheme)
    };
    let host = parse(named)?;
    let mut lines = headers.get_all(HOST).iter();
    let line = lines.next().map(HeaderValue::as_bytes);
    if lines.next().is_some() {
        return Err(AmbiguousRequest::Host);
    }
    for again in [line, authority].into_iter().flatten() {
        if again != named && parse(again)? != host {
            return Err(AmbiguousRequest::HostMismatch);
        }
    }
    Ok(host)
}

/// Who asks, as far as Envoy has looked through what stands before it. What is no address belongs
/// to no network but the one of all addresses.
fn client_ip(source: Option<&Peer>) -> IpAddr {
    let socket = source
        .and_then(|peer| peer.address.as_ref())
        .and_then(|address| address.socket_address.as_ref());
    socket
        .and_then(|socket| text(&socket.address)?.parse::<IpAddr>().ok())
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| {
            address.to_canonical()
        })
}

/// The headers of a request, without what stands for its first line.
struct Fields {
    headers: HeaderMap,
    /// `:authority`, which Envoy hands on among them.
    authority: Option<Bytes>,
}

fn gather(fields: Vec<Field>) -> Result<Fields, Unclear> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    let mut authority = None;
    for field in fields {
        let value = if field.raw_value.is_empty() {
            field.value
        } else {
            field.raw_value
        };
        if text(&value).is_none() {
            return Err(Unclear::NotText);
        }
        if field.key.starts_with(b":") {
            let repeated = &*field.key == b":authority" && authority.replace(value).is_some();
            if repeated {
                return Err(AmbiguousRequest::Host.into());
            }
            continue;
        }
        let name = HeaderName::from_bytes(&field.key).map_err(|_| Unclear::Header)?;
        let value = HeaderValue::from_maybe_shared(value).map_err(|_| Unclear::Header)?;
        // More names than a map holds are more than anybody means.
        headers
            .try_append(name, value)
            .map_err(|_| Unclear::Header)?;
    }
    Ok(Fields { headers, authority })
}
