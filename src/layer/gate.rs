//! One request at a gate.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, CONNECTION, EXPECT, TE, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts as Head;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Uri};

use super::builder::{GateBuilder, GateError};
use super::verified::Verified;
use crate::authz::{
    Answer, Checker, Client, ErrorId, Forward, Inquiry, Lifted, Permitted, Strip, Verdict,
    objection, read_host, read_target,
};
use crate::minting::Introduction;
use crate::pages::Pages;
use crate::policy::{AmbiguousRequest, Request, Scheme};
use crate::whoami::{Credential, CredentialKind, IdentityService, Issuers, Resolver};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names of the connection that a server in the same process still has to see.
const KEPT: [HeaderName; 5] = [CONNECTION, EXPECT, TE, TRANSFER_ENCODING, UPGRADE];

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who sent it: rules with `networks` and limits by address go by this.
    pub peer: IpAddr,
}

/// A request that may go on; its head is changed already.
#[derive(Debug)]
pub struct Passed {
    /// Who asks; `None` on a public rule without a session.
    pub verified: Option<Verified>,
    /// `Set-Cookie` values for the client, beside those of the service.
    pub set_cookies: Vec<HeaderValue>,
}

/// The answer for a request that may not.
pub type Refused = Response<Bytes>;

/// The decision, ready to be asked. Cheap to clone.
#[derive(Clone)]
pub struct Gate(Arc<Parts>);

pub(super) struct Parts {
    pub(super) checker: Checker,
    pub(super) pages: Pages,
    pub(super) strip: Strip,
    pub(super) session_cookie: Box<str>,
    pub(super) scheme: Scheme,
}

impl Gate {
    /// A gate that asks the Ory Kratos, or the Stepgate identity service, at `public_url`.
    ///
    /// # Errors
    /// It is no URL.
    pub fn behind_kratos(public_url: &str) -> Result<GateBuilder, GateError> {
        GateBuilder::behind_kratos(public_url)
    }

    /// A gate that asks `service`, whose `name` tells its sessions from those of others. People
    /// sign in at `browser_url`.
    #[must_use]
    pub fn asking(name: &str, service: Arc<dyn IdentityService>, browser_url: &str) -> GateBuilder {
        GateBuilder::asking(name, service, browser_url)
    }

    pub(super) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The session check, to have sessions forgotten as soon as they end.
    #[must_use]
    pub fn resolver(&self) -> &Resolver {
        self.0.checker.resolver()
    }

    /// Decides on a request. Where it may go on, its head is left as the decision saw it: the
    /// canonical target, no header that only the gate may set, and the identity headers.
    ///
    /// # Errors
    /// The answer to give instead.
    pub async fn check(&self, head: &mut Head, connection: Connection) -> Result<Passed, Refused> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let (answer, cookies) = match self.judge(head, connection).await {
            Ok(forward) => match canonical(&head.uri, forward.permit.request()) {
                Some(uri) => {
                    head.uri = uri;
                    return Ok(self.pass(head, forward, &id));
                }
                None => ambiguous(head, AmbiguousRequest::Character),
            },
            Err(refusing) => refusing,
        };
        Err(self.refuse(answer, cookies, &head.headers, &id))
    }

    /// The same for a request that a router has looked at already, whose address as the client
    /// sent it is `asked`. The router went by that spelling, so no other one passes.
    ///
    /// # Errors
    /// The answer to give instead.
    pub(super) async fn check_routed(
        &self,
        head: &mut Head,
        asked: Uri,
        connection: Connection,
    ) -> Result<Passed, Refused> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let routed = std::mem::replace(&mut head.uri, asked);
        let judged = self.judge(head, connection).await;
        let (answer, cookies) = match judged {
            Ok(forward) => {
                let uri = canonical(&head.uri, forward.permit.request());
                if uri.as_ref() == Some(&head.uri) {
                    head.uri = routed;
                    return Ok(self.pass(head, forward, &id));
                }
                ambiguous(head, AmbiguousRequest::Escape)
            }
            Err(refusing) => refusing,
        };
        head.uri = routed;
        Err(self.refuse(answer, cookies, &head.headers, &id))
    }

    async fn judge(&self, head: &Head, connection: Connection) -> Result<Forward, Refusing> {
        let client = Client::classify(&head.headers);
        let refuse = |answer| (answer, Vec::new());
        let request = self.read(head, connection).map_err(|why| {
            let answer = match why {
                Unread::Ambiguous(why) => Answer::ambiguous_request(client, why),
                Unread::Method => {
                    let reason = "this method is not served here";
                    Answer::refusal(ErrorId::MethodNotAllowed, client, None, reason)
                }
            };
            refuse(answer)
        })?;
        let cookie = &self.0.session_cookie;
        let credential = Credential::from_headers(&head.headers, cookie, &Issuers::default());
        let Ok(credential) = credential else {
            let reason = "send one credential: the session cookie or a session token";
            let id = ErrorId::AmbiguousCredentials;
            return Err(refuse(Answer::refusal(id, client, None, reason)));
        };
        let by_cookie = credential
            .as_ref()
            .is_some_and(|credential| credential.kind() == CredentialKind::Cookie);
        let inquiry = Inquiry {
            request,
            credential,
            headers: &head.headers,
        };
        match self.0.checker.check(inquiry).await {
            Verdict::Refuse(refusal) => Err((refusal.answer, refusal.set_cookies)),
            // A gate has no rules that answer for other origins.
            Verdict::Preflight(_) => {
                let reason = "no rule covers this request";
                Err(refuse(Answer::refusal(
                    ErrorId::NoRule,
                    client,
                    None,
                    reason,
                )))
            }
            Verdict::Forward(forward) => {
                let permitted = Permitted {
                    headers: &head.headers,
                    upgrade: head.headers.contains_key(UPGRADE),
                    by_cookie,
                    public_origin: None,
                    beside_pages: false,
                };
                match objection(&forward, permitted) {
                    Some(answer) => Err((answer, forward.set_cookies)),
                    None => Ok(forward),
                }
            }
        }
    }

    fn read(&self, head: &Head, connection: Connection) -> Result<Request, Unread> {
        if head.method == Method::CONNECT || head.method == Method::TRACE {
            return Err(Unread::Method);
        }
        let scheme = self.0.scheme;
        let target = read_target(&head.uri, head.version)?;
        let (host, port) = read_host(head, scheme, None)?;
        let (path, query) = Request::parse_target(target.map_or("/", PathAndQuery::as_str))?;
        Ok(Request {
            method: head.method.clone(),
            scheme,
            host,
            port,
            path,
            query,
            client_ip: connection.peer.to_canonical(),
        })
    }

    fn pass(&self, head: &mut Head, forward: Forward, id: &str) -> Passed {
        let rule = forward.permit.rule();
        let lifted = Lifted {
            trusted_peer: false,
            method_override: rule.switches().allow_method_override,
        };
        let strip = &self.0.strip;
        let goes = |name: &HeaderName| strip.takes(name, lifted) && !KEPT.contains(name);
        let session = forward.facts.session.as_ref();
        // Before anything is removed: expressions see the request as the client sent it.
        let now = || self.0.checker.now();
        let introduction = Introduction::of(
            &forward.permit,
            session.map(Arc::as_ref),
            &head.headers,
            now,
        );
        let doomed: Vec<HeaderName> = head
            .headers
            .keys()
            .filter(|name| goes(name))
            .cloned()
            .collect();
        for name in &doomed {
            head.headers.remove(name);
        }
        introduction.put(&mut head.headers, None);
        if let Ok(id) = HeaderValue::from_str(id) {
            head.headers.insert(X_REQUEST_ID, id);
        }
        let verified = session.map(|record| Verified::new(Arc::clone(record), rule.id().clone()));
        head.extensions.remove::<Verified>();
        if let Some(verified) = &verified {
            head.extensions.insert(verified.clone());
        }
        Passed {
            verified,
            set_cookies: forward.set_cookies,
        }
    }

    fn refuse(
        &self,
        answer: Answer,
        cookies: Vec<HeaderValue>,
        asked: &HeaderMap,
        id: &str,
    ) -> Refused {
        let status = answer.status;
        let language = asked.get(ACCEPT_LANGUAGE);
        let (mut headers, content) = answer.render(&self.0.pages, language, id);
        for cookie in cookies {
            headers.append(http::header::SET_COOKIE, cookie);
        }
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(X_REQUEST_ID, id);
        }
        let mut response = Response::new(content);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

/// An answer on its way, with cookies for the client.
type Refusing = (Answer, Vec<HeaderValue>);

fn ambiguous(head: &Head, why: AmbiguousRequest) -> Refusing {
    let client = Client::classify(&head.headers);
    (Answer::ambiguous_request(client, why), Vec::new())
}

enum Unread {
    Ambiguous(AmbiguousRequest),
    Method,
}

impl From<AmbiguousRequest> for Unread {
    fn from(why: AmbiguousRequest) -> Self {
        Self::Ambiguous(why)
    }
}

/// The address with the canonical target in place of the client's. `None`: it can't be written.
fn canonical(uri: &Uri, request: &Request) -> Option<Uri> {
    let wanted = request.target();
    let target = PathAndQuery::try_from(wanted.as_str()).ok()?;
    // The parser cuts off what it takes for a fragment.
    if target.as_str() != wanted {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).ok()
}
