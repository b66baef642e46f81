//! What every door reads from a head in one way: the target and the host.

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode, Uri, Version};

use crate::policy::{AmbiguousRequest, Host, Scheme};

/// The path and query of a target in origin form or absolute form; `None` stands for `/`.
///
/// # Errors
/// It has another form.
pub fn read_target(uri: &Uri, version: Version) -> Result<Option<&PathAndQuery>, AmbiguousRequest> {
    let web = uri
        .scheme_str()
        .is_none_or(|scheme| scheme == "http" || scheme == "https");
    let authority_form = uri.authority().is_some() && uri.scheme().is_none();
    if !web || (authority_form && version != Version::HTTP_2) || uri.path() == "*" {
        return Err(AmbiguousRequest::TargetForm);
    }
    Ok(uri.path_and_query())
}

/// Longest method that is worth a rule's look.
const METHOD_LIMIT: usize = 32;

/// Why a method is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodFault {
    /// It is not served: the status says why.
    Unserved(StatusCode),
    /// It begins another protocol.
    Ambiguous(AmbiguousRequest),
}

/// A method that rules may judge.
///
/// # Errors
/// It opens a tunnel, reflects the request, or is no method.
pub fn read_method(method: &Method) -> Result<Method, MethodFault> {
    match method {
        &Method::CONNECT | &Method::TRACE => {
            Err(MethodFault::Unserved(StatusCode::METHOD_NOT_ALLOWED))
        }
        method if method.as_str() == "PRI" => {
            Err(MethodFault::Ambiguous(AmbiguousRequest::TargetForm))
        }
        method if method.as_str().len() > METHOD_LIMIT => {
            Err(MethodFault::Unserved(StatusCode::NOT_IMPLEMENTED))
        }
        method => Ok(method.clone()),
    }
}

/// The one host that the request names: in its target, in `Host`, or both alike. `heard` is what a
/// trusted proxy says of it, which then counts.
///
/// # Errors
/// No host, several, or none that can be one.
pub fn read_host(
    head: &http::request::Parts,
    scheme: Scheme,
    heard: Option<&str>,
) -> Result<(Host, Option<u16>), AmbiguousRequest> {
    let header = only_host(&head.headers)?;
    let in_target = head.uri.authority().map(http::uri::Authority::as_str);
    let named = match (in_target, header) {
        (None, None) => return Err(AmbiguousRequest::Host),
        (Some(_), None) if head.version < Version::HTTP_2 => return Err(AmbiguousRequest::Host),
        (Some(only), None) | (None, Some(only)) => Host::parse_authority(only, scheme)?,
        (Some(target), Some(header)) => {
            let target = Host::parse_authority(target, scheme)?;
            if target != Host::parse_authority(header, scheme)? {
                return Err(AmbiguousRequest::HostMismatch);
            }
            target
        }
    };
    match heard {
        Some(heard) => Host::parse_authority(heard, scheme),
        None => Ok(named),
    }
}

fn only_host(headers: &HeaderMap) -> Result<Option<&str>, AmbiguousRequest> {
    let mut lines = headers.get_all(HOST).iter();
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err(AmbiguousRequest::Host);
    }
    line.to_str().map(Some).map_err(|_| AmbiguousRequest::Host)
}
