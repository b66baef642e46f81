//! Putting the rooms together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::embedded::{Embedded, Forgetful, InProcess};
use super::local::Bridge;
use super::rules::Rules;
use super::web_listener::WebListener;
use super::{Door, Running, StartError, external, own_pages};
use crate::authz::Checker;
use crate::clock::Clock;
use crate::config::{Config, Database, Environment, Identity};
use crate::pages::Pages;
use crate::store::Dsn;
use crate::telemetry::AccessLog;
use crate::whoami::{IdentityService, Resolver};
use crate::{gateway, pages, selfservice};

/// Threads of the service runtime. Work that takes long runs on threads of its own.
const SERVICE_THREADS: usize = 2;

/// Whether new requests are welcome.
#[derive(Debug, Default)]
pub(super) struct Readiness(AtomicBool);

impl Readiness {
    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn stop(&self) {
        self.0.store(false, Ordering::Release);
    }

    pub(super) fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Starts everything that `config` names. Returns once all doors listen.
///
/// # Errors
/// Nothing was started.
pub fn start(
    config: Config,
    environment: &Environment,
    clock: Clock,
) -> Result<Running, StartError> {
    let rules = Rules::start(&config, environment, &clock)?;
    let bound = config.proxy.clone().map(gateway::bind).transpose()?;
    let runtime = service_runtime()?;
    let port = bound.as_ref().map_or(0, first_port);
    let identity = runtime.block_on(identity(&config, port, runtime.handle(), &clock))?;
    let resolver = Resolver::new(
        config.sessions.clone(),
        &identity.name,
        Arc::clone(&identity.service),
        runtime.handle().clone(),
        clock.clone(),
    );
    if let Some(forgetful) = &identity.forgetful {
        forgetful.inform(resolver.clone());
    }
    let pages = Arc::new(Pages::new(pages::Config::default())?);
    let (access_log, access_log_writer) = AccessLog::start(&config.telemetry.access_log)?;
    let checker = Arc::new(Checker::new(
        Arc::clone(&rules.store),
        resolver.clone(),
        config.answers.clone(),
        clock.clone(),
    ));
    let mut running = Running {
        gateway: None,
        doors: Vec::new(),
        rules,
        resolver,
        ready: Arc::new(Readiness::default()),
        web: TaskTracker::new(),
        stop: CancellationToken::new(),
        access_log: access_log_writer,
        runtime: Some(runtime),
    };
    if let Some(bound) = bound {
        let own = own_pages::router(Arc::clone(&pages));
        let local = running
            .handle()
            .map(|handle| Bridge::new(handle, own, identity.router.clone()));
        running.open_proxy(
            &config,
            bound,
            gateway::Parts {
                checker,
                clock,
                local: local.map(|bridge| Arc::new(bridge) as Arc<dyn gateway::LocalService>),
                pages: Arc::clone(&pages),
                access_log,
            },
        )?;
    }
    if let (Identity::Embedded(embedded), Some(router)) = (&config.identity, identity.router)
        && let Some(address) = embedded.listen
    {
        let router = router.merge(own_pages::router(Arc::clone(&pages)));
        running.open_web("identity", address, router)?;
    }
    running.ready.begin();
    Ok(running)
}

fn service_runtime() -> Result<Runtime, StartError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(SERVICE_THREADS)
        .thread_name("service")
        .enable_all()
        .build()?;
    Ok(runtime)
}

/// The identity service and its routes.
struct IdentityParts {
    /// Tells its answers from those of other services.
    name: String,
    service: Arc<dyn IdentityService>,
    /// Its routes, where it is in this process.
    router: Option<Router>,
    /// Is told whom to have forgotten.
    forgetful: Option<Arc<Forgetful>>,
}

async fn identity(
    config: &Config,
    port: u16,
    runtime: &Handle,
    clock: &Clock,
) -> Result<IdentityParts, StartError> {
    let embedded = match &config.identity {
        Identity::External(external) => {
            return Ok(IdentityParts {
                name: external.public_url.to_string(),
                service: external::service(external, clock.clone())?,
                router: None,
                forgetful: None,
            });
        }
        Identity::Embedded(embedded) => embedded,
    };
    let public_url = embedded.public_address.url(port);
    let mut settings = embedded.kratos.draft.clone().settle(&public_url);
    settings.throttle = embedded.throttle;
    settings.rotate_on_step_up = embedded.rotate_on_step_up;
    let dsn = match &embedded.database {
        Database::Memory => Dsn::Memory,
        Database::Sqlite(path) => Dsn::Sqlite(path.clone()),
    };
    let opened = Embedded::open(settings, &dsn, runtime.clone(), clock.clone()).await?;
    let mount = embedded.mount.as_deref().unwrap_or_default();
    let router = opened.router(selfservice::Config {
        mount: mount.to_owned(),
        trusted_proxies: Vec::new(),
        admin_url: None,
    });
    Ok(IdentityParts {
        name: public_url,
        service: Arc::new(InProcess(Arc::clone(&opened.service))),
        router: Some(router),
        forgetful: Some(Arc::clone(&opened.forgetful)),
    })
}

/// The port of the first listener; 0 for a unix socket.
fn first_port(bound: &gateway::BoundListeners) -> u16 {
    match bound.addresses().first() {
        Some(gateway::ListenAddress::Tcp(address)) => address.port(),
        Some(gateway::ListenAddress::Unix(_)) | None => 0,
    }
}

impl Running {
    fn open_proxy(
        &mut self,
        config: &Config,
        bound: gateway::BoundListeners,
        parts: gateway::Parts,
    ) -> Result<(), StartError> {
        let gateway = bound.start(parts)?;
        let listeners = config.proxy.iter().flat_map(|proxy| &proxy.listeners);
        for (address, listener) in gateway.addresses().iter().zip(listeners) {
            self.doors.push(Door {
                name: "proxy",
                address: address.to_string(),
                tls: listener.tls.is_some(),
            });
        }
        self.gateway = Some(gateway);
        Ok(())
    }

    /// Opens a door of the service runtime.
    fn open_web(
        &mut self,
        name: &'static str,
        address: SocketAddr,
        router: Router,
    ) -> Result<(), StartError> {
        let Some(runtime) = &self.runtime else {
            return Ok(());
        };
        let bound = runtime.block_on(WebListener::bind(address, None, router));
        let listener = bound.map_err(|source| StartError::Listen {
            door: name,
            address,
            source,
        })?;
        self.doors.push(Door {
            name,
            address: listener.address().to_string(),
            tls: false,
        });
        self.web
            .spawn_on(listener.run(self.stop.clone()), runtime.handle());
        Ok(())
    }
}
