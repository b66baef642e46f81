//! Putting the rooms together.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::runtime::{Builder, Runtime};

use super::decisions;
use super::form_targets::form_targets;
use super::identity;
use super::local::Bridge;
use super::metrics;
use super::own::{Mailbox, Own};
use super::resuming;
use super::rules::Rules;
use super::tasks::Tasks;
use super::tokens::Tokens;
use super::web_listener::WebListener;
use super::{Door, Running, StartError, own_pages};
use crate::admin::{Guard, Operations, Readiness, Trying};
use crate::audit::Audit;
use crate::authz::Checker;
use crate::clock::Clock;
use crate::config::{Config, Environment, Identity};
use crate::document::Setting;
use crate::gateway::{Tls, TlsConfig};
use crate::pages::Pages;
use crate::streams::Switchboard;
use crate::telemetry::{AccessLog, Traffic};
use crate::whoami::{Resolver, Watcher};
use crate::{admin, gateway, pages};

/// Threads of the service runtime. Work that takes long runs on threads of its own.
const SERVICE_THREADS: usize = 2;

/// What a gateway finds around it.
pub struct Surroundings {
    /// Variables for `${NAME}` in rule files.
    pub environment: Environment,
    /// The time.
    pub clock: Clock,
    /// Effective values, for the admin listener to show.
    pub settings: Vec<Setting>,
    /// Takes all mail in place of the configured ways, which is then shown in a mailbox: the demo.
    pub desk: Mailbox,
}

/// Starts everything that `config` names. Returns once all doors listen.
///
/// # Errors
/// Nothing was started.
pub fn start(config: &Config, around: &Surroundings) -> Result<Running, StartError> {
    let Surroundings {
        environment,
        clock,
        settings,
        desk,
    } = around;
    let clock = clock.clone();
    let rules = Rules::start(config, environment, &clock)?;
    let bound = config.proxy.clone().map(gateway::bind).transpose()?;
    let runtime = service_runtime()?;
    let pages = Arc::new(Pages::new(pages::Config {
        form_targets: form_targets(config, &rules.store.current()),
        ..pages::Config::default()
    })?);
    let (audit, audit_writer) = Audit::start(&config.audit, &clock)?;
    let known = identity::Around {
        rules: &rules.store,
        pages: &pages,
        ports: bound.as_ref().map(ports).unwrap_or_default(),
        desk: desk.clone(),
        audit: &audit,
    };
    let identity = runtime.block_on(identity::open(config, known, runtime.handle(), &clock))?;
    let (tokens, service) = Tokens::open(config, &identity.service, runtime.handle(), &clock)?;
    let resolver = Resolver::new(
        config.sessions.clone(),
        &identity.name,
        service,
        runtime.handle().clone(),
        clock.clone(),
    );
    let streams = streams(config, &resolver);
    if let Some(own) = &identity.own {
        own.inform(resolver.clone());
    }
    let (access_log, access_log_writer) = AccessLog::start(&config.telemetry.access_log)?;
    let mut running = Running {
        gateway: None,
        doors: Vec::new(),
        certificates: Vec::new(),
        certificate_watch: None,
        rules,
        resolver,
        tokens,
        streams,
        readiness: Arc::new(Readiness::default()),
        tasks: Tasks::default(),
        last_tasks: Tasks::default(),
        access_log: access_log_writer,
        audit: audit.clone(),
        metrics: None,
        audit_writer,
        runtime: Some(runtime),
    };
    running.start_courier(identity.own.as_ref());
    running.open_admin(config, identity.own.as_ref(), (settings, &clock))?;
    running.open_identity(config, identity.own.as_ref(), &pages)?;
    if let Some(bound) = bound {
        let (database, service) = (identity.own.as_ref().map(Own::shelf), &identity.service);
        let resume = running
            .handle()
            .map(|runtime| resuming::resume(config, database, service, &runtime, &clock));
        let parts = running.proxy_parts(config, identity.own, clock, pages, access_log);
        let parts = gateway::Parts { resume, ..parts };
        running.open_proxy(config, bound, parts)?;
    }
    running.watch_certificates(config)?;
    running.watch_keys(config)?;
    running.readiness.begin();
    Ok(running)
}

/// The live streams, which learn from `resolver` when a session is to be forgotten.
fn streams(config: &Config, resolver: &Resolver) -> Arc<Switchboard> {
    let streams = Arc::new(Switchboard::new(config.streams));
    resolver.watched_by(Arc::clone(&streams) as Arc<dyn Watcher>);
    streams
}

fn service_runtime() -> Result<Runtime, StartError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(SERVICE_THREADS)
        .thread_name("service")
        .enable_all()
        .build()?;
    Ok(runtime)
}

/// The ports of the proxy's listeners, which come first; 0 for a unix socket.
fn ports(bound: &gateway::BoundListeners) -> Vec<u16> {
    let addresses = bound.addresses().iter();
    let ports = addresses.map(|address| match address {
        gateway::ListenAddress::Tcp(address) => address.port(),
        gateway::ListenAddress::Unix(_) => 0,
    });
    ports.collect()
}

/// Effective values by key, for operators.
fn shown(settings: &[Setting]) -> serde_json::Value {
    settings
        .iter()
        .map(|setting| (setting.path.clone(), setting.value.clone()))
        .collect()
}

impl Running {
    fn proxy_parts(
        &self,
        config: &Config,
        own: Option<Own>,
        clock: Clock,
        pages: Arc<Pages>,
        access_log: AccessLog,
    ) -> gateway::Parts {
        let checker = Arc::new(Checker::new(
            Arc::clone(&self.rules.store),
            self.resolver.clone(),
            config.answers.clone(),
            clock.clone(),
        ));
        let minter = self.tokens.minter().cloned();
        let own_pages = match &minter {
            Some(minter) => own_pages::router_with_keys(Arc::clone(&pages), minter.clone()),
            None => own_pages::router(Arc::clone(&pages)),
        };
        let mount = own.map(|own| own.router());
        let local = self.handle().map(|runtime| {
            Arc::new(Bridge::new(runtime, own_pages, mount)) as Arc<dyn gateway::LocalService>
        });
        gateway::Parts {
            checker,
            clock,
            local,
            pages,
            minter,
            access_log,
            traffic: self.traffic(),
            audit: self.audit.clone(),
            streams: Arc::clone(&self.streams),
            resume: None,
            guests: Vec::new(),
        }
    }

    /// Where requests are counted.
    fn traffic(&self) -> Traffic {
        let metrics = self.metrics.as_ref();
        metrics.map_or_else(Traffic::off, |metrics| metrics.traffic().clone())
    }

    /// Lets mail go out, from the service runtime.
    fn start_courier(&self, own: Option<&Own>) {
        if let (Some(own), Some(runtime)) = (own, self.handle()) {
            let work = own.send_mail(self.tasks.stop.clone());
            self.tasks.tracker.spawn_on(work, &runtime);
        }
    }

    fn open_admin(
        &mut self,
        config: &Config,
        own: Option<&Own>,
        (settings, clock): (&[Setting], &Clock),
    ) -> Result<(), StartError> {
        let Some(admin) = &config.admin else {
            return Ok(());
        };
        self.metrics = config.telemetry.metrics.then(|| metrics::of(self));
        let operations = Operations {
            rules: Some(Arc::clone(&self.rules.store)),
            reloader: Some(Arc::clone(&self.rules.reloader)),
            resolver: Some(self.resolver.clone()),
            identities: own.map(Own::identities),
            trying: Some(Trying {
                answers: config.answers.clone(),
                hides_lower_sessions: config.hides_lower_sessions(),
                dashboard: admin.dashboard,
                clock: clock.clone(),
            }),
            config: shown(settings),
            readiness: Arc::clone(&self.readiness),
            metrics: self.metrics.clone(),
            audit: self.audit.clone(),
        };
        let guard = Guard::new(admin.listen.ip(), admin.token.clone());
        let router = admin::router(guard, operations);
        let tasks = self.last_tasks.clone();
        let tls = config.admin_tls.as_ref();
        self.open_web("admin", (admin.listen, tls), router, &tasks)
    }

    /// The identity service's own listener, where it is not below the mount.
    fn open_identity(
        &mut self,
        config: &Config,
        own: Option<&Own>,
        pages: &Arc<Pages>,
    ) -> Result<(), StartError> {
        let listener = match &config.identity {
            Identity::Embedded(embedded) => embedded.own_listener(),
            Identity::External(_) => None,
        };
        let (Some(own), Some((address, tls))) = (own, listener) else {
            return Ok(());
        };
        let router = own_pages::router(Arc::clone(pages)).fallback_service(own.router());
        let tasks = self.tasks.clone();
        self.open_web("identity", (address, tls), router, &tasks)
    }

    fn open_proxy(
        &mut self,
        config: &Config,
        bound: gateway::BoundListeners,
        parts: gateway::Parts,
    ) -> Result<(), StartError> {
        let guests = decisions::guests(config, &parts, &self.readiness)?;
        let gateway = bound.start(gateway::Parts { guests, ..parts })?;
        let listeners = config.proxy.iter().flat_map(|proxy| &proxy.listeners);
        for (address, listener) in gateway.addresses().iter().zip(listeners) {
            self.doors.push(Door {
                name: listener.door.name(),
                address: address.to_string(),
                tls: listener.tls.is_some(),
            });
        }
        if let Some(metrics) = &self.metrics {
            metrics::of_connections(metrics, gateway.open_connections());
        }
        self.certificates.extend_from_slice(gateway.certificates());
        self.gateway = Some(gateway);
        Ok(())
    }

    /// Opens a door of the service runtime, which ends with `tasks`.
    fn open_web(
        &mut self,
        name: &'static str,
        (address, tls): (SocketAddr, Option<&TlsConfig>),
        router: Router,
        tasks: &Tasks,
    ) -> Result<(), StartError> {
        let Some(runtime) = &self.runtime else {
            return Ok(());
        };
        let tls = tls.map(Tls::load).transpose();
        let tls = tls.map_err(|source| StartError::Certificates {
            door: name,
            source: Box::new(source),
        })?;
        self.certificates.extend(tls.clone());
        let with_tls = tls.is_some();
        let bound = runtime.block_on(WebListener::bind(address, tls, router));
        let listener = bound.map_err(|source| StartError::Listen {
            door: name,
            address,
            source,
        })?;
        self.doors.push(Door {
            name,
            address: listener.address().to_string(),
            tls: with_tls,
        });
        let serving = listener.run(tasks.stop.clone());
        tasks.tracker.spawn_on(serving, runtime.handle());
        Ok(())
    }
}
