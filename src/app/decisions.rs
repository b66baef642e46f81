//! Door 2, the decision for proxies of others, on listeners that the gateway lends it.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};

use super::StartError;
use crate::config::Config;
use crate::decision::{self, Decider, ForwardAuth, OwnPlace};
use crate::gateway::{self, Caller, Guest, GuestAnswer, ListenerDoor, LocalBody, NamedGuest};
use crate::policy::{CanonicalPath, RuleSet};

/// Everybody whom listeners of `config` are lent to.
pub(super) fn guests(
    config: &Config,
    parts: &gateway::Parts,
) -> Result<Vec<NamedGuest>, StartError> {
    let Some(workers) = &config.proxy else {
        return Ok(Vec::new());
    };
    let mut guests = Vec::new();
    warn_of_changes(&parts.checker.rules());
    for listener in &workers.listeners {
        let ListenerDoor::Guest(name) = listener.door else {
            continue;
        };
        let trusted = listener.trusted_proxies.clone().unwrap_or_default();
        let settings = decision::Config {
            trusted_proxies: trusted,
            ..settings(config, workers, parts)?
        };
        let decider = Arc::new(Decider::new(decision::Parts {
            checker: Arc::clone(&parts.checker),
            clock: parts.clock.clone(),
            pages: Arc::clone(&parts.pages),
            minter: parts.minter.clone(),
            access_log: parts.access_log.clone(),
            audit: parts.audit.clone(),
            config: settings,
        }));
        if let Some(guest) = guest(name, decider) {
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
fn guest(name: &'static str, decider: Arc<Decider>) -> Option<Arc<dyn Guest>> {
    match name {
        "forward_auth" => Some(Arc::new(Http(ForwardAuth::new(decider)))),
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
}

fn whole(content: Bytes) -> LocalBody {
    Full::new(content)
        .map_err(|never| match never {})
        .boxed_unsync()
}
