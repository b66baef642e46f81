//! The identity service in this process, and what the gateway has to do with it.

use std::sync::Arc;

use axum::Router;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::embedded::{Embedded, Forgetful, InProcess, Ties};
use super::identity::{Around, IdentityParts};
use super::places::Places;
use crate::admin::Identities;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::courier::{Desk, Way, Worker};
use crate::flows::OwnPlaces;
use crate::identity::settings::Ui;
use crate::keyring::Keyring;
use crate::resume::Shelf;
use crate::selfservice;
use crate::store::Store;
use crate::whoami::Resolver;

/// Takes all mail in place of the configured ways: the demo's.
pub type Mailbox = Option<Arc<dyn Desk>>;

/// The parts of the service in this process.
pub(super) struct Own {
    /// Its public API and pages.
    router: Router,
    /// Is told whom to have forgotten.
    forgetful: Arc<Forgetful>,
    /// For the admin API.
    identities: Arc<Identities>,
    /// Sends mail, once it runs.
    worker: Worker,
    /// Its database.
    store: Store,
}

impl Own {
    /// Its public API and pages.
    pub(super) fn router(&self) -> Router {
        self.router.clone()
    }

    /// From now on `resolver` is told whom to forget.
    pub(super) fn inform(&self, resolver: Resolver) {
        self.forgetful.inform(resolver);
    }

    /// For the admin API.
    pub(super) fn identities(&self) -> Arc<Identities> {
        Arc::clone(&self.identities)
    }

    /// Sends mail until told to stop.
    pub(super) fn send_mail(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        self.worker.clone().run(stop)
    }

    /// Its database, where requests can wait, and the keys of its secrets.
    pub(super) fn shelf(&self) -> (Arc<dyn Shelf>, Keyring) {
        let store = self.store.clone();
        let keys = store.keys().clone();
        (Arc::new(store), keys)
    }
}

/// Opens the service.
pub(super) async fn open(
    config: &Config,
    embedded: &config::Embedded,
    around: Around<'_>,
    runtime: &Handle,
    clock: &Clock,
) -> Result<IdentityParts, StartError> {
    let port = around.ports.first().copied().unwrap_or_default();
    let public_url = embedded.public_address.url(port);
    let mut settings = embedded.kratos.draft.clone().settle(&public_url);
    settings.throttle = embedded.throttle;
    settings.rotate_on_step_up = embedded.rotate_on_step_up;
    if embedded.ui == Ui::External {
        settings.use_external_ui();
        let page = settings.self_service.login.ui_url.as_str();
        tracing::info!(page, "people see the pages of another user interface");
    }
    let places = Arc::new(Places::new(
        Arc::clone(around.rules),
        config.answers.return_to_hosts.clone(),
        &public_url,
        around.ports,
    ));
    let own = Arc::clone(&places) as Arc<dyn OwnPlaces>;
    let mut mail = embedded.kratos.draft.courier(&public_url);
    let mailbox = around.desk.is_some();
    if let Some(desk) = around.desk {
        mail.email = Way::Desk(Arc::clone(&desk));
        mail.sms = Way::Desk(desk);
    }
    // Who writes it down says that clients may know it.
    let admin_url = Some(settings.admin.base_url.clone()).filter(|url| !url.is_empty());
    let opened = Embedded::open(
        settings,
        &embedded.database,
        mail,
        Ties {
            own: Some(own),
            audit: around.audit.clone(),
        },
        runtime.clone(),
        clock.clone(),
    )
    .await?;
    // Below the mount it is the gateway that says where a client is.
    let trusted_proxies = match embedded.listen {
        Some(_) => embedded.trusted_proxies.clone(),
        None => Vec::new(),
    };
    let router = opened.router(selfservice::Config {
        // The gateway takes the mount off before it hands a request over.
        mount: String::new(),
        trusted_proxies,
        admin_url,
        pages: Some(Arc::clone(around.pages)),
        purposes: Some(places),
        mailbox,
    });
    Ok(IdentityParts {
        name: public_url,
        service: Arc::new(InProcess(Arc::clone(&opened.service))),
        own: Some(Own {
            router,
            forgetful: Arc::clone(&opened.forgetful),
            identities: opened.identities(clock.clone()),
            worker: opened.worker.clone(),
            store: opened.store.clone(),
        }),
    })
}
