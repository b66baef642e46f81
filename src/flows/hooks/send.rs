//! The request of a hook, and trying again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;
use uuid::Uuid;

use crate::contract::Problem;
use crate::flows::answer::Failure;
use crate::flows::service::internal;
use crate::identity::settings::{ClientSettings, WebHook};
use crate::jsonnet::Runner;
use crate::outbound::{Call, Outbound, OutboundError, Reach, Reply};

/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Calls that nobody waits for, at a time.
const MAX_FORGOTTEN: usize = 256;
/// The pauses before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(400), Duration::from_millis(1600)];
const TRIGGER_ID: HeaderName = HeaderName::from_static("ory-webhook-trigger-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("ory-webhook-request-id");

/// The request of a hook.
pub(super) fn call(hook: &WebHook, body: Option<Value>) -> Result<Call, Failure> {
    let url = Url::parse(&hook.url).map_err(internal)?;
    let method = Method::from_bytes(hook.method.as_bytes()).map_err(internal)?;
    let mut headers = HeaderMap::new();
    let has_body = body.is_some() && !matches!(method, Method::GET | Method::HEAD);
    if has_body {
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
    }
    for (name, value) in &hook.headers {
        insert(&mut headers, name, value.expose())?;
    }
    if let Some(auth) = &hook.auth {
        let (name, value) = auth.header();
        insert(&mut headers, &name, value.expose())?;
    }
    headers.insert(TRIGGER_ID, random_id()?);
    let body = match body.filter(|_| has_body) {
        Some(body) => Bytes::from(body.to_string()),
        None => Bytes::new(),
    };
    Ok(Call {
        method,
        url,
        headers,
        body,
        timeout: PATIENCE,
    })
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Failure> {
    let name: HeaderName = name.parse().map_err(internal)?;
    let mut value = HeaderValue::from_str(value).map_err(internal)?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn random_id() -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(&Uuid::new_v4().to_string()).map_err(internal)
}

/// A service that was to be told answered with an error.
pub(super) fn answered_badly(hook: &str, status: StatusCode) -> Problem {
    tracing::error!(hook, status = status.as_u16(), "a web hook was refused");
    let reason = "A third-party upstream service responded improperly. Please try again later.";
    Problem::new(StatusCode::BAD_GATEWAY, None, Some(reason))
}

fn unreached(hook: &str, error: &OutboundError) -> Problem {
    tracing::error!(hook, %error, "a web hook got no answer");
    let reason = "A third-party upstream service could not be reached. Please try again later.";
    let status = match error {
        OutboundError::TooLate => StatusCode::GATEWAY_TIMEOUT,
        OutboundError::Private | OutboundError::Unreachable(_) => StatusCode::BAD_GATEWAY,
    };
    Problem::new(status, None, Some(reason))
}

/// How other services are called, and what is run for it. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::flows) struct Calls {
    /// The client.
    pub(in crate::flows) outbound: Outbound,
    /// Operators' programs.
    pub(in crate::flows) programs: Runner,
    background: Arc<Semaphore>,
}

impl Calls {
    /// Calls within the reach that the configuration leaves.
    pub(in crate::flows) fn new(settings: &ClientSettings) -> Self {
        Self {
            outbound: Outbound::new(Reach {
                public_only: settings.public_only,
                exceptions: settings.exceptions.clone(),
            }),
            programs: Runner::default(),
            background: Arc::new(Semaphore::new(MAX_FORGOTTEN)),
        }
    }

    /// Sends the request, up to three times while the answer is a server's error or none at all.
    pub(super) async fn send_hook(&self, hook: &str, call: Call) -> Result<Reply, Failure> {
        let mut pauses = PAUSES.iter();
        loop {
            let mut call = call.clone();
            call.headers.insert(REQUEST_ID, random_id()?);
            let sent = self.outbound.send(call).await;
            let again = match &sent {
                Ok(reply) => reply.status.is_server_error(),
                Err(OutboundError::TooLate | OutboundError::Unreachable(_)) => true,
                Err(OutboundError::Private) => false,
            };
            match (again.then(|| pauses.next()).flatten(), sent) {
                (Some(pause), _) => tokio::time::sleep(*pause).await,
                (None, Ok(reply)) => return Ok(reply),
                (None, Err(error)) => return Err(unreached(hook, &error).into()),
            }
        }
    }

    /// Sends the request while nobody waits for it.
    pub(super) fn send_and_forget(&self, hook: &WebHook, call: Call) {
        let (calls, id) = (self.clone(), hook.id.clone());
        let Ok(place) = Arc::clone(&self.background).try_acquire_owned() else {
            tracing::error!(hook = id, "a web hook was left out: too many are under way");
            return;
        };
        let sending = async move {
            match calls.send_hook(&id, call).await {
                Ok(reply) if reply.status.is_client_error() || reply.status.is_server_error() => {
                    drop(answered_badly(&id, reply.status));
                }
                Ok(_) | Err(_) => {}
            }
            drop(place);
        };
        drop(tokio::runtime::Handle::current().spawn(sending));
    }
}
