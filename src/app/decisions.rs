//! Door 2, the decision for proxies of others, on listeners that the gateway lends it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};

use super::StartError;
use crate::admin::Readiness;
use crate::config::Config;
use crate::decision::{self, Decider, ForwardAuth, OwnPlace};
#[cfg(feature = "ext-authz")]
use crate::decision::{AnswerBody, ExtAuthz};
use crate::gateway::{self, Caller, Guest, GuestAnswer, ListenerDoor, LocalBody, NamedGuest};
use crate::policy::{CanonicalPath, RuleSet};

const FORWARD_AUTH: &str = "forward_auth";
#[cfg(feature = "ext-authz")]
const EXT_AUTHZ: &str = "ext_authz";

/// Everybody whom listeners of `config` are lent to.
pub(super) fn guests(
    config: &Config,
    parts: &gateway::Parts,
    readiness: &Readiness,
) -> Result<Vec<NamedGuest>, StartError> {
    let Some(workers) = &config.proxy else {
        return Ok(Vec::new());
    };
    let mut guests = Vec::new();
    for listener in &workers.listeners {
        let ListenerDoor::Guest(name) = listener.door else {
            continue;
        };
        if name == FORWARD_AUTH {
            warn_of_changes(&parts.checker.rules());
        }
        let trusted = listener.trusted_proxies.clone().unwrap_or_default();
        let settings = decision::Config {
            trusted_proxies: trusted,
            client_certificate_headers: listener.client_certificate_headers.clone(),
            ..settings(config, workers, parts)?
        };
        let decider = Arc::new(Decider::new(decision::Parts {
            checker: Arc::clone(&parts.checker),
            clock: parts.clock.clone(),
            pages: Arc::clone(&parts.pages),
            minter: parts.minter.clone(),
            access_log: parts.access_log.clone(),
            traffic: parts.traffic.clone(),
            audit: parts.audit.clone(),
            config: settings,
        }));
        if let Some(guest) = guest(name, decider, readiness) {
            guests.push((name, guest));
        }
    }
    Ok(guests)
}

/// A decision over HTTP says yes or no: requests that a rule wants changed pass unchanged.
fn warn_of_changes(rules: &RuleSet) {
    let changing = rules.rules().iter().filter(|rule| !rule.only_judges());
    let names: Vec<&str> = changing.map(|rule| rule.id().as_str()).collect();
    if !names.is_empty() {
        tracing::warn!(
            rules = names.join(", "),
            "these rules change requests or answers on the way, or keep bodies, which the proxy \
             does; proxies that only ask for a decision do not"
        );
    }
}

/// Whoever answers at the door of this name; `None`: this build has no such door.
#[cfg_attr(
    not(feature = "ext-authz"),
    allow(unused_variables, reason = "only ext_authz tells of readiness")
)]
fn guest(
    name: &'static str,
    decider: Arc<Decider>,
    readiness: &Readiness,
) -> Option<Arc<dyn Guest>> {
    match name {
        FORWARD_AUTH => Some(Arc::new(Http(ForwardAuth::new(decider)))),
        #[cfg(feature = "ext-authz")]
        EXT_AUTHZ => Some(Arc::new(Grpc(ExtAuthz::new(
            decider,
            readiness.subscribe(),
        )))),
        _ => None,
    }
}

fn settings(
    config: &Config,
    workers: &gateway::Config,
    parts: &gateway::Parts,
) -> Result<decision::Config, StartError> {
    let path = |text: &str| CanonicalPath::parse(text).map_err(gateway::StartError::Mount);
    let everywhere = |path| OwnPlace { path, host: None };
    let mut own_places = vec![everywhere(path(gateway::OWN_PATH)?)];
    if parts.minter.is_some() {
        own_places.push(everywhere(path(gateway::KEYS_PATH)?));
    }
    if let Some(mount) = &workers.mount {
        own_places.push(OwnPlace {
            path: path(&mount.path)?,
            host: mount.host.clone(),
        });
    }
    let headers = config.sessions.identity_headers.iter();
    let public_url = workers.public_url.as_ref();
    Ok(decision::Config {
        trusted_proxies: Vec::new(),
        client_certificate_headers: Vec::new(),
        public_origin: public_url.map(|url| url.origin().into_boxed_str()),
        session_cookie: workers.session_cookie.clone(),
        issuers: workers.issuers.clone(),
        identity_headers: headers.map(|(name, _)| name.clone()).collect(),
        strip: workers.identity.strip.clone(),
        keep_session_cookie: workers.identity.keep_session_cookie,
        own_places,
        mounted: workers.mount.is_some(),
        limits: decision::Limits {
            target_size: workers.limits.target_size,
            header_count: workers.limits.header_count,
        },
    })
}

/// Forward-auth over HTTP.
struct Http(ForwardAuth);

impl Guest for Http {
    fn call(&self, request: Request<LocalBody>, caller: Caller) -> GuestAnswer {
        let door = self.0.clone();
        Box::pin(async move {
            // Whatever came along is not the question.
            let (head, _body) = request.into_parts();
            let answer = door.answer(head, caller.peer, caller.request_id).await;
            answer.map(whole)
        })
    }

    fn late(&self, uri: &Uri, caller: Caller) -> Response<LocalBody> {
        let answer = self.0.late(uri, caller.peer, &caller.request_id);
        answer.map(whole)
    }
}

/// Envoy's ext_authz over gRPC.
#[cfg(feature = "ext-authz")]
struct Grpc(ExtAuthz);

#[cfg(feature = "ext-authz")]
impl Guest for Grpc {
    fn call(&self, request: Request<LocalBody>, caller: Caller) -> GuestAnswer {
        let door = self.0.clone();
        Box::pin(async move {
            let answer = door.answer(request, caller.peer, caller.request_id).await;
            answer.map(streamed)
        })
    }

    fn late(&self, uri: &Uri, caller: Caller) -> Response<LocalBody> {
        let answer = self.0.late(uri, caller.peer, &caller.request_id);
        answer.map(streamed)
    }
}

#[cfg(feature = "ext-authz")]
fn streamed(body: AnswerBody) -> LocalBody {
    body.map_err(|never| match never {}).boxed_unsync()
}

fn whole(content: Bytes) -> LocalBody {
    Full::new(content)
        .map_err(|never| match never {})
        .boxed_unsync()
}
