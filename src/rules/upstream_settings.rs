//! The keys that `proxy.upstream_defaults` and every upstream share.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::document::{Choice, Fields, FromNode, Node, Reading};
use crate::policy::{Balance, Endpoint, Health, Upstream, UpstreamProtocol, UpstreamTls};

/// How an upstream is spoken to. The meaning of the fields is that of [`Upstream`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of `Upstream`")]
pub struct UpstreamSettings {
    pub connect_timeout: Duration,
    pub response_header_timeout: Duration,
    pub idle_per_worker: u32,
    pub idle_timeout: Duration,
    pub retries: u32,
    pub protocol: UpstreamProtocol,
    pub tls: UpstreamTls,
    pub health: Health,
    pub balance: Balance,
}

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            response_header_timeout: Duration::from_secs(60),
            idle_per_worker: 64,
            idle_timeout: Duration::from_secs(60),
            retries: 1,
            protocol: UpstreamProtocol::Auto,
            tls: UpstreamTls::default(),
            health: Health {
                path: None,
                interval: Duration::from_secs(10),
                timeout: Duration::from_secs(2),
                healthy_after: 2,
                unhealthy_after: 3,
                passive_failures: 5,
            },
            balance: Balance::LeastInFlight,
        }
    }
}

impl UpstreamSettings {
    /// Reads the shared keys of a section; what is not given is taken from `base`. The caller
    /// closes the section.
    pub fn read(fields: &mut Fields<'_, '_>, base: &Self) -> Self {
        let connect_timeout = fields.or("connect_timeout", base.connect_timeout);
        let response_header_timeout =
            fields.or("response_header_timeout", base.response_header_timeout);
        let (idle_per_worker, idle_timeout) = fields.within("pool", |pool| {
            let idle_per_worker = pool.or("idle_per_worker", base.idle_per_worker);
            (idle_per_worker, pool.or("idle_timeout", base.idle_timeout))
        });
        Self {
            connect_timeout,
            response_header_timeout,
            idle_per_worker,
            idle_timeout,
            retries: fields.or("retries", base.retries),
            protocol: fields.or("protocol", base.protocol),
            tls: fields.within("tls", |tls| read_tls(tls, &base.tls)),
            health: fields.within("health", |health| read_health(health, &base.health)),
            balance: fields.or("balance", base.balance),
        }
    }

    /// The upstream of this name with these endpoints.
    #[must_use]
    pub fn upstream(self, name: &str, endpoints: Vec<Endpoint>) -> Upstream {
        Upstream {
            name: Box::from(name),
            endpoints,
            connect_timeout: self.connect_timeout,
            response_header_timeout: self.response_header_timeout,
            idle_per_worker: usize::try_from(self.idle_per_worker).unwrap_or(usize::MAX),
            idle_timeout: self.idle_timeout,
            retries: self.retries,
            protocol: self.protocol,
            tls: self.tls,
            health: self.health,
            balance: self.balance,
        }
    }
}

/// `system`, or a PEM bundle.
struct Trust(Option<PathBuf>);

impl FromNode for Trust {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let system = node
            .as_scalar()
            .is_some_and(|scalar| &*scalar.text == "system");
        if system {
            return Some(Self(None));
        }
        PathBuf::from_node(node, reading).map(|path| Self(Some(path)))
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "string", "default": "system" })
    }

    fn shown(&self) -> Option<serde_json::Value> {
        let shown = self.0.as_ref().map(|path| path.display().to_string());
        Some(shown.unwrap_or_else(|| "system".to_owned()).into())
    }
}

fn read_tls(tls: &mut Fields<'_, '_>, base: &UpstreamTls) -> UpstreamTls {
    let ca = tls.or("ca", Trust(base.ca.clone())).0;
    let server_name = tls.get::<String>("server_name").map(String::into_boxed_str);
    let client = match (tls.get("client_cert"), tls.get("client_key")) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => base.client.clone(),
        (Some(_), None) | (None, Some(_)) => {
            let message = "client_cert and client_key need each other";
            tls.problem_at("client_cert", "contradiction", message, None);
            None
        }
    };
    UpstreamTls {
        ca,
        server_name: server_name.or_else(|| base.server_name.clone()),
        client,
    }
}

fn read_health(health: &mut Fields<'_, '_>, base: &Health) -> Health {
    let path = health.get::<String>("path").map(String::into_boxed_str);
    if path.as_ref().is_some_and(|path| !path.starts_with('/')) {
        let message = "the path of a health check begins with a slash";
        health.problem_at("path", "invalid_value", message, None);
    }
    Health {
        path: path.or_else(|| base.path.clone()),
        interval: health.or("interval", base.interval),
        timeout: health.or("timeout", base.timeout),
        healthy_after: health.or("healthy_after", base.healthy_after),
        unhealthy_after: health.or("unhealthy_after", base.unhealthy_after),
        passive_failures: health.or("passive_failures", base.passive_failures),
    }
}

impl Choice for UpstreamProtocol {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("http1", Self::Http1),
        ("h2", Self::H2),
        ("h2c", Self::H2c),
    ];
}

impl Choice for Balance {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("round_robin", Self::RoundRobin),
        ("least_in_flight", Self::LeastInFlight),
        ("consistent_hash", Self::ConsistentHash),
    ];
}
