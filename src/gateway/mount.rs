//! What lies outside the rules: the gateway's own small pages, and the identity service where it
//! shares the gateway's hosts.

use std::rc::Rc;
use std::task::Poll;

use http::header::{AUTHORIZATION, COOKIE, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use super::body::{RequestBody, ResponseBody};
use super::config::{Config, MountTarget};
use super::exchange::Exchange;
use super::facts::Facts;
use super::failing::failure_answer;
use super::headers::{self, Framing, X_SESSION_TOKEN};
use super::proxy::Passing;
use super::resume;
use super::upstream::{Failure, send_to_identity};
use super::worker::Shared;
use super::{LocalBody, LocalPlace};
use crate::authz::{Answer, sets_session};
use crate::policy::{self, AmbiguousRequest, CanonicalPath, Host};
use crate::whoami::{Credential, CredentialKind, Forget};

/// Where the gateway's own pages live.
pub const OWN_PATH: &str = "/.well-known/stepgate";
/// Where applications look for the keys of identity tokens, while there are any.
pub const KEYS_PATH: &str = "/.well-known/jwks.json";
/// What of Kratos' public API is handed through. Its admin API is not among it.
const PUBLIC_API: [&str; 4] = ["/self-service", "/sessions", "/schemas", "/.well-known/ory"];

/// Leave to reach the identity service past the rules; made in this module only.
pub(super) struct Passage(());

/// The mount, ready for use.
pub(super) struct Mounted {
    path: CanonicalPath,
    host: Option<Host>,
    external: Option<External>,
}

/// A Kratos behind the mount.
struct External {
    upstream: Box<policy::Upstream>,
    base_path: Box<str>,
}

/// What a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The gateway's own pages.
    WellKnown,
    /// The identity service of this process.
    Embedded,
    /// An identity service elsewhere.
    External,
}

impl Mounted {
    /// # Errors
    /// The configured path is none.
    pub(super) fn new(config: &Config) -> Result<Option<Self>, AmbiguousRequest> {
        let Some(mount) = &config.mount else {
            return Ok(None);
        };
        let external = match &mount.target {
            MountTarget::Embedded => None,
            MountTarget::External {
                upstream,
                base_path,
            } => Some(External {
                upstream: upstream.clone(),
                base_path: base_path.clone(),
            }),
        };
        Ok(Some(Self {
            path: CanonicalPath::parse(&mount.path)?,
            host: mount.host.clone(),
            external,
        }))
    }
}

/// Finds out whether a request is outside the rules.
pub(super) fn place(
    shared: &Shared,
    request: &policy::Request,
) -> Result<Option<Place>, AmbiguousRequest> {
    let own = request.path.is_below(&shared.well_known)?;
    if own || (shared.minter.is_some() && request.path.as_str() == KEYS_PATH) {
        return Ok(Some(Place::WellKnown));
    }
    let Some(mounted) = &shared.mounted else {
        return Ok(None);
    };
    let own_host = mounted
        .host
        .as_ref()
        .is_none_or(|host| *host == request.host);
    if !own_host || !request.path.is_below(&mounted.path)? {
        return Ok(None);
    }
    Ok(Some(if mounted.external.is_some() {
        Place::External
    } else {
        Place::Embedded
    }))
}

/// The path of the gateway's own pages.
pub(super) fn well_known() -> Result<CanonicalPath, AmbiguousRequest> {
    CanonicalPath::parse(OWN_PATH)
}

/// Serves a request outside the rules.
pub(super) async fn serve(
    passing: Passing<'_>,
    facts: Facts,
    body: Incoming,
    place: Place,
) -> Response<ResponseBody> {
    passing.exchange.passed();
    let shared = Rc::clone(&passing.exchange.client.worker);
    match (place, &shared.shared.mounted) {
        (Place::External, Some(mounted)) => match &mounted.external {
            Some(external) => hand_through(passing, facts, body, mounted, external).await,
            None => nothing_here(&passing),
        },
        (Place::WellKnown, _) if resume::is_page(&facts.request) => {
            resume::show(passing, facts).await
        }
        (Place::WellKnown, _) => serve_here(passing, facts, body, LocalPlace::WellKnown).await,
        (Place::Embedded, _) => serve_here(passing, facts, body, LocalPlace::Mount).await,
        (Place::External, None) => nothing_here(&passing),
    }
}

fn nothing_here(passing: &Passing<'_>) -> Response<ResponseBody> {
    let answer = Answer::unknown_host(passing.kind());
    passing.refuse(answer)
}

async fn serve_here(
    mut passing: Passing<'_>,
    facts: Facts,
    body: Incoming,
    place: LocalPlace,
) -> Response<ResponseBody> {
    let exchange = Rc::clone(passing.exchange);
    let shared = &exchange.client.worker.shared;
    let Some(service) = &shared.local else {
        return nothing_here(&passing);
    };
    let path = match (place, &shared.mounted) {
        (LocalPlace::Mount, Some(mounted)) => below(&facts.request.path, &mounted.path),
        (LocalPlace::Mount, None) | (LocalPlace::WellKnown, _) => facts.request.path.as_str(),
    };
    let uri = target(path, facts.request.query.as_deref());
    let limit = usize::try_from(shared.config.limits.body_size).unwrap_or(usize::MAX);
    let body: LocalBody = Limited::new(body, limit).boxed_unsync();
    let mut fields = passing.take_headers();
    let passage = Passage(());
    let (client, id) = (&exchange.client, &passing.request_id);
    headers::prepare_for_identity(
        &passage,
        &mut fields,
        client,
        &facts.request,
        id,
        Framing::Known,
    );
    let mut request = Request::new(body);
    *request.method_mut() = facts.request.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = fields;
    request.extensions_mut().insert(facts.request);
    exchange.await_head(shared.config.timeouts.response_idle);
    let mut answering = service.call(place, request);
    let answered = std::future::poll_fn(|cx| match answering.as_mut().poll(cx) {
        Poll::Ready(response) => Poll::Ready(Some(response)),
        Poll::Pending => exchange.alarm.poll(cx).map(|()| None),
    })
    .await;
    let Some(answered) = answered else {
        exchange.alarm.stop();
        return passing.refuse(failure_answer(Failure::TimedOut, passing.kind(), None));
    };
    let (head, body) = answered.into_parts();
    exchange.note(|entry| entry.status(head.status));
    let mut response = Response::new(ResponseBody::local(body, Rc::clone(&exchange)));
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    headers::finish_identity_response(response.headers_mut(), &exchange.client);
    response
}

async fn hand_through(
    mut passing: Passing<'_>,
    facts: Facts,
    body: Incoming,
    mounted: &Mounted,
    external: &External,
) -> Response<ResponseBody> {
    let exchange = Rc::clone(passing.exchange);
    let worker = &exchange.client.worker;
    let path = below(&facts.request.path, &mounted.path);
    if !is_public(path) {
        return nothing_here(&passing);
    }
    let upstream = worker
        .upstreams
        .apart(&external.upstream, &worker.shared.board);
    let passage = Passage(());
    let credentials = credentials(&passing.head.headers, &worker.shared.config.session_cookie);
    let outgoing = outgoing(&mut passing, &facts, body, path, external, &passage);
    exchange.sent("identity");
    let sent = send_to_identity(&passage, &upstream, &exchange, outgoing).await;
    let (answer, lease) = match sent {
        Ok(answered) => answered,
        Err(failure) => {
            // It may have done its work and failed to tell.
            forget(&exchange, &credentials);
            return passing.refuse(failure_answer(failure, passing.kind(), None));
        }
    };
    exchange.answered("identity");
    let (head, body) = answer.into_parts();
    let session_cookie = &worker.shared.config.session_cookie;
    if changes_sessions(&facts.request.method, path) || sets_session(&head.headers, session_cookie)
    {
        forget(&exchange, &credentials);
    }
    exchange.note(|entry| entry.status(head.status));
    let body = ResponseBody::upstream(body, lease, Rc::clone(&exchange));
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    headers::finish_identity_response(response.headers_mut(), &exchange.client);
    response
}

fn outgoing(
    passing: &mut Passing<'_>,
    facts: &Facts,
    body: Incoming,
    path: &str,
    external: &External,
    passage: &Passage,
) -> Request<RequestBody> {
    let exchange = passing.exchange;
    let body = RequestBody::new(body, exchange);
    let framing = if body.is_empty() || body.size_hint().exact().is_some() {
        Framing::Known
    } else {
        Framing::Chunked
    };
    let mut fields = passing.head.headers.clone();
    let (client, id) = (&exchange.client, &passing.request_id);
    headers::prepare_for_identity(passage, &mut fields, client, &facts.request, id, framing);
    // A hosted identity service is found by its own name; the browser's goes beside it.
    let authority = external
        .upstream
        .endpoints
        .first()
        .map(|one| &one.authority);
    if let Some(Ok(host)) = authority.map(|authority| HeaderValue::from_str(authority)) {
        fields.insert(HOST, host);
    }
    let full = [&external.base_path, path].concat();
    let mut request = Request::new(body);
    *request.method_mut() = facts.request.method.clone();
    *request.uri_mut() = target(&full, facts.request.query.as_deref());
    *request.headers_mut() = fields;
    request
}

/// Whether a request may change what a credential is worth.
fn changes_sessions(method: &Method, path: &str) -> bool {
    !method.is_safe() || path.starts_with("/self-service/logout")
}

fn forget(exchange: &Exchange, credentials: &[Credential]) {
    let resolver = exchange.client.worker.shared.checker.resolver();
    for credential in credentials {
        resolver.forget(Forget::Holder(credential));
    }
}

/// Every credential of a request, whichever of them the identity service goes by.
fn credentials(fields: &HeaderMap, session_cookie: &str) -> Vec<Credential> {
    let mut found = Vec::new();
    let texts = |name: HeaderName| {
        let lines = fields.get_all(name).iter();
        lines.filter_map(|line| line.to_str().ok())
    };
    for pair in texts(COOKIE).flat_map(|line| line.split(';')) {
        if let Some((name, value)) = pair.split_once('=')
            && name.trim() == session_cookie
        {
            found.push(Credential::new(CredentialKind::Cookie, value.trim()));
        }
    }
    for token in texts(X_SESSION_TOKEN) {
        found.push(Credential::new(CredentialKind::SessionToken, token.trim()));
    }
    for line in texts(AUTHORIZATION) {
        if let Some((_, token)) = line.split_once(' ') {
            found.push(Credential::new(CredentialKind::Bearer, token.trim()));
        }
    }
    found
}

fn is_public(path: &str) -> bool {
    PUBLIC_API.iter().any(|area| {
        path.strip_prefix(area)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// `path` without the mount in front.
fn below<'a>(path: &'a CanonicalPath, mount: &CanonicalPath) -> &'a str {
    let prefix = mount.as_str().trim_end_matches('/');
    let rest = path.as_str().strip_prefix(prefix).unwrap_or_default();
    if rest.is_empty() { "/" } else { rest }
}

fn target(path: &str, query: Option<&str>) -> Uri {
    let target = match query {
        Some(query) => [path, "?", query].concat(),
        None => path.to_owned(),
    };
    PathAndQuery::try_from(target)
        .map_or_else(|_| Uri::from(PathAndQuery::from_static("/")), Uri::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_api_is_handed_through() {
        for path in [
            "/self-service/login/browser",
            "/sessions/whoami",
            "/sessions",
            "/schemas/abc",
            "/.well-known/ory/webauthn.js",
        ] {
            assert!(is_public(path), "{path}");
        }
        for path in [
            "/",
            "/admin/identities",
            "/identities",
            "/sessionsx",
            "/health/alive",
        ] {
            assert!(!is_public(path), "{path}");
        }
    }

    #[test]
    fn the_mount_is_taken_off_the_path() {
        let mount = CanonicalPath::parse("/auth").unwrap();
        let path = CanonicalPath::parse("/auth/sessions").unwrap();
        assert_eq!(below(&path, &mount), "/sessions");
        assert_eq!(below(&mount, &mount), "/");
    }
}
