//! The identity service of this process.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use tokio::runtime::Handle;

use super::StartError;
use crate::admin::Identities;
use crate::audit::Audit;
use crate::clock::Clock;
use crate::courier::{self, Courier, Worker};
use crate::flows::{self, OwnPlaces, PasswordHasher, Worth};
use crate::identity::settings::Settings;
use crate::identity::{IdentityEvent, Listener};
use crate::keyring::Keyring;
use crate::outbound::{Outbound, Reach};
use crate::policy::SecondFactor;
use crate::selfservice;
use crate::store::{Dsn, Resealed, Store, load_or_make_secrets};
use crate::whoami::{
    Answer, Asking, Credential, CredentialKind, Forget, IdentityService, Resolver, Said, Session,
    WhoamiError,
};

/// Time between two removals of expired flows and sessions.
const SWEEP_INTERVAL: Duration = Duration::from_secs(600);
/// Between two batches of one removal.
const SWEEP_PAUSE: Duration = Duration::from_millis(50);
/// Passwords that may wait for a free hashing thread before further ones are turned away.
const HASH_QUEUE: usize = 64;

/// What of this process the service has to do with.
#[derive(Default)]
pub(super) struct Ties {
    /// Places that people may be led back to.
    pub(super) own: Option<Arc<dyn OwnPlaces>>,
    /// Where people's acts are told of.
    pub(super) audit: Audit,
}

/// The service with its storage open.
pub(super) struct Embedded {
    pub(super) service: Arc<flows::Service>,
    pub(super) store: Store,
    hasher: PasswordHasher,
    pub(super) forgetful: Arc<Forgetful>,
    /// Sends mail, once it runs.
    pub(super) worker: Worker,
}

impl Embedded {
    /// Opens the database and makes the service, which leads people back to places of `ties`
    /// besides those of its own list.
    pub(super) async fn open(
        mut settings: Settings,
        dsn: &Dsn,
        courier: courier::Config,
        ties: Ties,
        runtime: Handle,
        clock: Clock,
    ) -> Result<Self, StartError> {
        for notice in &settings.notices {
            tracing::warn!("{notice}");
        }
        if settings.secrets.default.is_empty() {
            settings.secrets = completed(&settings, load_or_make_secrets(dsn)?);
        }
        let keys = Keyring::new(&settings.secrets).ok_or(StartError::NoSecrets)?;
        let store = Store::open(dsn, keys).await?;
        let forgetful = Arc::new(Forgetful::default());
        let parallel = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let hasher = PasswordHasher::start(settings.hashers.clone(), parallel, HASH_QUEUE)?;
        let courier = Courier::new(courier, clock.clone())?;
        let reach = Reach {
            public_only: settings.clients.public_only,
            exceptions: settings.clients.exceptions.clone(),
        };
        let outbound = Outbound::new(reach);
        let worker = Worker::new(courier.clone(), store.clone(), outbound, clock.clone());
        sweep_now_and_then(&runtime, store.clone(), clock.clone());
        reseal_once(&runtime, store.clone());
        let service = flows::Service::new(
            Arc::new(settings),
            store.clone(),
            courier,
            hasher.clone(),
            clock,
            Arc::clone(&forgetful) as Arc<dyn Listener>,
        );
        let service = service.with_audit(ties.audit);
        let service = Arc::new(match ties.own {
            Some(own) => service.with_places(own),
            None => service,
        });
        Ok(Self {
            service,
            store,
            hasher,
            forgetful,
            worker,
        })
    }

    /// What the admin API works with.
    pub(super) fn identities(&self, clock: Clock) -> Arc<Identities> {
        Arc::new(Identities {
            service: Arc::clone(&self.service),
            store: self.store.clone(),
            settings: Arc::clone(self.service.settings()),
            hasher: self.hasher.clone(),
            clock,
            listener: Arc::clone(&self.forgetful) as Arc<dyn Listener>,
        })
    }

    /// Its public API and pages.
    pub(super) fn router(&self, config: selfservice::Config) -> Router {
        selfservice::router(Arc::clone(&self.service), config)
    }
}

/// Removes what has expired. The runtime owns the task: it ends with it.
fn sweep_now_and_then(runtime: &Handle, store: Store, clock: Clock) {
    let sweeping = async move {
        let mut interval = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            interval.tick().await;
            // Others write in between: each batch is a short transaction of its own.
            while sweep_once(&store, &clock).await {
                tokio::time::sleep(SWEEP_PAUSE).await;
            }
        }
    };
    drop(runtime.spawn(sweeping));
}

/// Whether there is more to remove.
async fn sweep_once(store: &Store, clock: &Clock) -> bool {
    match store.sweep(clock.wall()).await {
        Ok(swept) => {
            tracing::debug!(?swept, "removed what had expired");
            swept.more
        }
        Err(error) => {
            tracing::warn!(%error, "expired rows could not be removed");
            false
        }
    }
}

/// Brings a rotation of secrets to its end, beside everything else.
fn reseal_once(runtime: &Handle, store: Store) {
    let resealing = async move {
        match store.reseal().await {
            Ok(resealed) if resealed == Resealed::default() => {}
            Ok(Resealed { done, lost }) => {
                tracing::info!(
                    done,
                    lost,
                    "credentials are sealed with the first secret now"
                );
            }
            Err(error) => tracing::warn!(%error, "credentials could not be sealed anew"),
        }
    };
    drop(runtime.spawn(resealing));
}

/// What is configured counts; what is not comes from the file beside the database.
fn completed(
    settings: &Settings,
    made: crate::identity::settings::Secrets,
) -> crate::identity::settings::Secrets {
    crate::identity::settings::Secrets {
        default: made.default,
        ..settings.secrets.clone()
    }
}

/// Makes the gateway forget sessions as soon as they change.
#[derive(Default)]
pub(super) struct Forgetful(OnceLock<Resolver>);

impl Forgetful {
    /// From now on `resolver` forgets.
    pub(super) fn inform(&self, resolver: Resolver) {
        if self.0.set(resolver).is_err() {
            tracing::error!("a second session check asked to be told of changes");
        }
    }
}

impl Listener for Forgetful {
    fn on_event(&self, event: &IdentityEvent) {
        let Some(resolver) = self.0.get() else {
            return;
        };
        match event {
            IdentityEvent::SessionEnded { session, .. } => {
                resolver.forget(Forget::Ended(&session.to_string()));
            }
            IdentityEvent::SessionChanged { session, .. } => {
                resolver.forget(Forget::Session(&session.to_string()));
            }
            IdentityEvent::FactorsChanged { identity }
            | IdentityEvent::IdentityChanged { identity } => {
                resolver.forget(Forget::Identity(&identity.to_string()));
            }
        }
    }
}

/// Asks the service by a function call.
pub(super) struct InProcess(pub(super) Arc<flows::Service>);

impl IdentityService for InProcess {
    fn ask<'a>(&'a self, credential: &'a Credential) -> Asking<'a> {
        Box::pin(self.answer(credential))
    }

    fn answers_by_session_id(&self, credential: &Credential) -> bool {
        match credential.kind() {
            CredentialKind::Cookie
            | CredentialKind::SessionToken
            | CredentialKind::Bearer
            | CredentialKind::SessionId => true,
            CredentialKind::Jwt => false,
        }
    }
}

impl InProcess {
    async fn answer(&self, credential: &Credential) -> Result<Answer, WhoamiError> {
        let value = credential.expose();
        let found = match credential.kind() {
            CredentialKind::Cookie => self.0.resolve_cookie(value).await,
            CredentialKind::SessionToken | CredentialKind::Bearer | CredentialKind::Jwt => {
                self.0.resolve_token(value).await
            }
            CredentialKind::SessionId => self.0.resolve_session(value).await,
        };
        let found = found.map_err(|failure| unreachable(&failure))?;
        let said = match found {
            Worth::Nothing => Said::NoSession,
            Worth::Superseded => Said::Superseded,
            Worth::Session(resolved) => Said::Session(Box::new(described(&resolved)?)),
        };
        Ok(Answer {
            said,
            set_cookies: Vec::new(),
            cache_for: None,
        })
    }
}

fn described(resolved: &flows::Resolved) -> Result<Session, WhoamiError> {
    let document = serde_json::to_value(&resolved.session).map_err(|error| unreachable(&error))?;
    let mut session = Session::from_document(document).map_err(|error| unreachable(&error))?;
    let second_factors = resolved.second_factors.iter().copied().collect();
    session.subject.second_factor = SecondFactor::exactly(second_factors);
    Ok(session)
}

fn unreachable(error: &impl std::fmt::Display) -> WhoamiError {
    WhoamiError::Unreachable(error.to_string().into())
}
