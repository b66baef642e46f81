//! What the sections mean together.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::external::ExternalSection;
use super::identity::IdentitySection;
use super::proxy::ProxySection;
use super::sections::File;
use super::step_up::StepUp;
use super::{Config, Identity, embedded};
use crate::authz::IdentityBase;
use crate::document::{Place, Problem, Reading};
use crate::expression::Reads;
use crate::gateway::{IdentityHeaders, ListenAddress, ListenerConfig, Mount, MountTarget};
use crate::rules::UpstreamSettings;
use crate::telemetry::AccessLogOutput;
use crate::{admin, authz, gateway, resume, rules, whoami};

/// The configuration that a file stands for; `None`, with problems, when its sections contradict
/// each other.
pub(super) fn compose(mut file: File, reading: &mut Reading) -> Option<Config> {
    refuse_silence(&file, reading);
    let listening = |proxy: &&ProxySection| !proxy.listeners.is_empty();
    let proxy = file.proxy.as_ref().filter(listening);
    let identity = match file.identity.take()? {
        IdentitySection::External(section) => external(*section, proxy, reading),
        IdentitySection::Embedded(section) => embedded::compose(*section, proxy, reading),
    };
    if let Some(Composed { identity, .. }) = &identity {
        refuse_shared_addresses(&file, identity, reading);
    }
    let composed = identity?;
    let upstream_defaults = match &file.proxy {
        Some(proxy) => proxy.upstream_defaults.clone(),
        None => UpstreamSettings::default(),
    };
    refuse_missing_database(&file.step_up, &composed.identity, reading);
    let answers = answers(&mut file, &composed);
    let headers = application_headers(&mut file);
    let sessions = sessions(&mut file, &composed.identity);
    let access_log = file.telemetry.access_log.output != AccessLogOutput::Off;
    let names = file.bearer.iter().map(|issuer| issuer.issuer.clone());
    let lent = file.decision.map(|decision| decision.listeners);
    let proxy = workers(file.proxy, lent).map(|workers| gateway::Config {
        identity: headers,
        session_cookie: composed.session_cookie,
        issuers: whoami::Issuers::new(names),
        mount: composed.mount,
        access_log,
        ..workers
    });
    let admin_tls = file.admin.as_mut().and_then(|admin| admin.tls.take());
    let admin = file.admin.map(|admin| admin::Config {
        listen: admin.listen,
        token: admin.token,
        asks_client_certificates: admin_tls
            .as_ref()
            .is_some_and(|tls| tls.client_ca.is_some()),
        trusted_proxies: admin.trusted_proxies,
        dashboard: admin.dashboard,
    });
    Some(Config {
        proxy,
        rules: rules::Config {
            paths: file.rules,
            watch: file.watch,
            debounce: file.debounce,
            upstream_defaults,
            networks: file.networks,
        },
        identity: composed.identity,
        sessions,
        upstream_jwt: file.upstream_identity.jwt,
        bearer: file.bearer,
        streams: file.streams,
        answers,
        keep_body: file.step_up.keep_body,
        admin,
        admin_tls,
        telemetry: file.telemetry,
        audit: file.audit,
    })
}

/// A proxy that listens nowhere says only how the decision listeners are run.
fn refuse_silence(file: &File, reading: &mut Reading) {
    let Some(proxy) = &file.proxy else { return };
    if proxy.listeners.is_empty() && file.decision.is_none() {
        let message = "the proxy must listen somewhere";
        let help = "add an address, or leave the section `proxy` out";
        reading.problem(Problem::at(&proxy.place, "invalid_value", message).help(help));
    }
}

/// What the workers listen on: the proxy's addresses, then those that are lent to others.
fn workers(
    proxy: Option<ProxySection>,
    lent: Option<Vec<ListenerConfig>>,
) -> Option<gateway::Config> {
    let mut config = match (proxy, &lent) {
        (None, None) => return None,
        (None, Some(_)) => gateway::Config::default(),
        (Some(proxy), _) => gateway::Config {
            listeners: proxy.listeners,
            public_url: proxy.public_url.map(|url| url.public),
            forwarded: proxy.forwarded,
            trusted_proxies: proxy.trusted_proxies,
            client_certificate_headers: proxy.client_certificate_headers,
            workers: proxy.workers,
            limits: proxy.limits,
            timeouts: proxy.timeouts,
            ..gateway::Config::default()
        },
    };
    config.listeners.extend(lent.into_iter().flatten());
    Some(config)
}

fn sessions(file: &mut File, identity: &Identity) -> whoami::Config {
    let told = &mut file.upstream_identity;
    whoami::Config {
        cache: file.cache.clone(),
        limits: file.limits.clone(),
        timeout: match identity {
            Identity::External(external) => external.service.timeout,
            Identity::Embedded(_) => whoami::Config::default().timeout,
        },
        serve_stale_when_down: file.serve_stale_when_down,
        identity_headers: std::mem::take(&mut told.headers),
        reads: Reads::nothing(),
        claims: told
            .jwt
            .as_ref()
            .map(|jwt| jwt.claims.clone())
            .unwrap_or_default(),
    }
}

fn application_headers(file: &mut File) -> IdentityHeaders {
    let identity = &mut file.upstream_identity;
    let token = identity.jwt.as_ref().map(|jwt| &jwt.minting.header);
    let headers = identity.headers.iter().map(|(name, _)| name);
    IdentityHeaders {
        names: headers
            .chain(token)
            .map(|name| Box::from(name.as_str()))
            .collect(),
        strip: std::mem::take(&mut identity.strip),
        keep_session_cookie: identity.keep_session_cookie,
    }
}

fn answers(file: &mut File, composed: &Composed) -> authz::Config {
    authz::Config {
        identity: composed.base.clone(),
        settings_url: match &composed.identity {
            Identity::External(external) => external.settings_url.clone(),
            Identity::Embedded(_) => None,
        },
        public_url: file.proxy.as_ref().and_then(|proxy| {
            let public_url = proxy.public_url.as_ref()?;
            Some(public_url.url.origin().into_boxed_str())
        }),
        localhost: match &composed.identity {
            Identity::External(_) => false,
            Identity::Embedded(embedded) => embedded.is_on_loopback(),
        },
        return_to_hosts: std::mem::take(&mut file.step_up.return_to_hosts),
        loop_guard: file.step_up.loop_guard,
    }
}

/// An identity service and what others need to know of it.
pub(super) struct Composed {
    pub(super) identity: Identity,
    pub(super) session_cookie: Box<str>,
    pub(super) mount: Option<Mount>,
    pub(super) base: IdentityBase,
}

fn external(
    section: ExternalSection,
    proxy: Option<&ProxySection>,
    reading: &mut Reading,
) -> Option<Composed> {
    let ExternalSection {
        place,
        public_url,
        external,
    } = section;
    if external.mount.is_some() && proxy.is_none() {
        let message = "`mount` needs a proxy to be mounted on";
        let help = "add the section `proxy`, or leave `mount` out";
        reading.problem(Problem::at(&place, "contradiction", message).help(help));
        return None;
    }
    let mount = match &external.mount {
        None => None,
        Some(path) => {
            let defaults = match proxy {
                Some(proxy) => proxy.upstream_defaults.clone(),
                None => UpstreamSettings::default(),
            };
            let endpoint = public_url.endpoint()?;
            Some(Mount {
                path: path.clone(),
                host: None,
                target: MountTarget::External {
                    upstream: Box::new(defaults.upstream("identity", vec![endpoint])),
                    base_path: Box::from(public_url.path()),
                },
            })
        }
    };
    let base = match (&external.browser_url, &external.mount) {
        (Some(url), _) => IdentityBase::Url(url.clone()),
        (None, Some(mount)) => IdentityBase::Mount(mount.clone()),
        (None, None) => IdentityBase::Url(Box::from(public_url.base())),
    };
    Some(Composed {
        session_cookie: external.service.session_cookie.clone(),
        mount,
        base,
        identity: Identity::External(Box::new(external)),
    })
}

/// Requests can wait in the identity service's database only where that is ours.
fn refuse_missing_database(step_up: &StepUp, identity: &Identity, reading: &mut Reading) {
    let is_external = match identity {
        Identity::External(_) => true,
        Identity::Embedded(_) => false,
    };
    if is_external && step_up.keep_body.place == resume::Place::Database {
        let message = "`store: database` needs the database of `identity.embedded`";
        let help = "write `store: memory`, or use `identity.embedded`";
        reading.problem(Problem::at(&step_up.place, "contradiction", message).help(help));
    }
}

/// Two listeners on one address would share it silently or fail late.
fn refuse_shared_addresses(file: &File, identity: &Identity, reading: &mut Reading) {
    let mut taken: HashMap<SocketAddr, &str> = HashMap::new();
    let mut take = |address: SocketAddr, door: &'static str, place: &Place| {
        if address.port() == 0 {
            return;
        }
        if let Some(other) = taken.insert(address, door) {
            let message = format!("{address} is given twice: for {other} and for {door}");
            reading.problem(Problem::at(place, "contradiction", message));
        }
    };
    let proxy = file.proxy.iter().flat_map(|proxy| {
        let listeners = proxy.listeners.iter();
        listeners.map(|listener| (listener, &proxy.place))
    });
    let decision = file.decision.iter().flat_map(|decision| {
        let listeners = decision.listeners.iter();
        listeners.map(|listener| (listener, &decision.place))
    });
    for (listener, place) in proxy.chain(decision) {
        match &listener.address {
            ListenAddress::Tcp(address) => take(*address, listener.door.name(), place),
            ListenAddress::Unix(_) => {}
        }
    }
    if let Identity::Embedded(embedded) = identity
        && let Some((address, _)) = embedded.own_listener()
    {
        take(address, "identity", &file.place);
    }
    if let Some(admin) = &file.admin {
        take(admin.listen, "admin", &admin.place);
    }
}
