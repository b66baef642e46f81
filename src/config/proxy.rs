//! `proxy`: the reverse proxy's listeners, limits and timeouts.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;
use serde_json::{Value as Json, json};

use super::client_certificates;
use super::web_url::OriginUrl;
use crate::authz::ForwardedFamily;
use crate::document::{
    Auto, Fields, FromNode, Node, OneOrMany, Place, Problem, Reading, Size, Unlimited,
};
use crate::gateway::{
    CertificateFiles, Limits, ListenAddress, ListenerConfig, SocketMode, Timeouts, TlsConfig,
    TlsVersion,
};
use crate::rules::UpstreamSettings;

/// `proxy` as written, before other sections are taken into account.
#[derive(Debug)]
pub(super) struct ProxySection {
    pub(super) place: Place,
    pub(super) listeners: Vec<ListenerConfig>,
    pub(super) public_url: Option<OriginUrl>,
    pub(super) forwarded: ForwardedFamily,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) client_certificate_headers: Vec<HeaderName>,
    pub(super) workers: Option<NonZeroUsize>,
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
    pub(super) upstream_defaults: UpstreamSettings,
}

impl FromNode for ProxySection {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let listeners = fields.required::<OneOrMany<Listener>>("listen");
        let public_url = fields.get("public_url");
        let forwarded = fields.or("forwarded", ForwardedFamily::default());
        let trusted_proxies = fields.or("trusted_proxies", Vec::new());
        let certificates = client_certificates::read(&mut fields, &trusted_proxies);
        let workers = fields.or("workers", Auto(None)).0;
        let limits = fields.within("limits", read_limits);
        let timeouts = fields.within("timeouts", read_timeouts);
        let upstream_defaults = fields.within("upstream_defaults", |defaults| {
            UpstreamSettings::read(defaults, &UpstreamSettings::default())
        });
        fields.close();
        Some(Self {
            place: node.place.clone(),
            listeners: listeners?
                .0
                .into_iter()
                .map(|listener| listener.config)
                .collect(),
            public_url,
            forwarded,
            trusted_proxies,
            client_certificate_headers: certificates,
            workers: workers.and_then(|count| NonZeroUsize::new(in_memory(count.into()))),
            limits,
            timeouts,
            upstream_defaults,
        })
    }
}

/// A listener: a section, or just its address.
#[derive(Debug)]
struct Listener {
    config: ListenerConfig,
    /// Written as an address alone: then that is what is shown.
    just_address: bool,
}

impl FromNode for Listener {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if node.as_scalar().is_some() {
            let address = Address::from_node(node, reading)?.0;
            let config = ListenerConfig::plain(address);
            let just_address = true;
            return Some(Self {
                config,
                just_address,
            });
        }
        let mut fields = Fields::open(node, reading)?;
        let address = fields.required::<Address>("address");
        let socket_mode = read_socket_mode(&mut fields, address.as_ref());
        let tls: Option<Tls> = fields.get("tls");
        let redirect_to_https = fields.or("redirect_to_https", false);
        let hsts = fields.or("hsts", Duration::ZERO);
        let proxy_protocol = fields.or("proxy_protocol", false);
        let has_tls = fields.has("tls");
        if redirect_to_https && tls.is_some() {
            let message = "a listener with `tls` is https already";
            let help = "set it on the listener without `tls`";
            fields.problem_at("redirect_to_https", "contradiction", message, Some(help));
        }
        if !hsts.is_zero() && !has_tls {
            let message = "browsers ignore `hsts` from a listener without `tls`";
            fields.problem_at("hsts", "contradiction", message, None);
        }
        fields.close();
        Some(Self {
            config: ListenerConfig {
                socket_mode,
                tls: tls.map(|tls| tls.0),
                redirect_to_https,
                hsts,
                proxy_protocol,
                ..ListenerConfig::plain(address?.0)
            },
            just_address: false,
        })
    }

    fn shown(&self) -> Option<Json> {
        let shown = self.config.address.to_string();
        self.just_address.then(|| shown.into())
    }

    fn schema() -> Json {
        let section = crate::document::schema_of::<Self>();
        json!({ "anyOf": [Address::schema(), section] })
    }
}

/// `IP:port`, `[::1]:port` or `unix:/path`.
#[derive(Debug)]
pub(super) struct Address(pub(super) ListenAddress);

impl FromNode for Address {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        if let Some(path) = text.strip_prefix("unix:") {
            return Some(Self(ListenAddress::Unix(reading.folder.join(path))));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Some(Self(ListenAddress::Tcp(address)));
        }
        let message = format!("expected an address, found {}", node.described());
        let help = match text.parse::<u16>() {
            Ok(port) => {
                format!("write the address too: 127.0.0.1:{port}, or 0.0.0.0:{port} for all")
            }
            Err(_) => {
                "write 127.0.0.1:4455, [::1]:4455 or unix:/run/stepgate/proxy.sock".to_owned()
            }
        };
        reading.problem(Problem::at(&node.place, "wrong_type", message).help(help));
        None
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.to_string().into())
    }
}

/// `socket_mode` of a listener at `address`.
pub(super) fn read_socket_mode(
    fields: &mut Fields<'_, '_>,
    address: Option<&Address>,
) -> SocketMode {
    let mode = fields.or("socket_mode", Mode(SocketMode::OWN_GROUP)).0;
    let is_socket = |address: &Address| matches!(address.0, ListenAddress::Unix(_));
    if fields.has("socket_mode") && !address.is_none_or(is_socket) {
        let message = "`socket_mode` is for addresses that begin with `unix:`";
        fields.problem_at("socket_mode", "contradiction", message, None);
    }
    mode
}

/// Permissions of a unix socket: `"0660"`.
struct Mode(SocketMode);

impl FromNode for Mode {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let mode = SocketMode::parse(&text);
        if mode.is_none() {
            let message = format!("expected permissions, found {}", node.described());
            let help = "write them as `chmod` takes them, in quotes: \"0660\"";
            reading.problem(Problem::at(&node.place, "invalid_value", message).help(help));
        }
        mode.map(Self)
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^0?[0-7]{3}$" })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.to_string().into())
    }
}

/// `tls` of a listener.
pub(super) struct Tls(pub(super) TlsConfig);

impl FromNode for Tls {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let certificates = fields.required::<Vec<Certificate>>("certificates");
        if certificates.as_ref().is_some_and(Vec::is_empty) {
            let message = "TLS needs at least one certificate";
            let help = "`stepgate certs dev` makes one for development";
            fields.problem_at("certificates", "invalid_value", message, Some(help));
        }
        let client_ca = fields.get("client_ca");
        let min_version = fields.or("min_version", TlsVersion::default());
        fields.close();
        Some(Self(TlsConfig {
            certificates: certificates?.into_iter().map(|files| files.0).collect(),
            client_ca,
            min_version,
        }))
    }
}

struct Certificate(CertificateFiles);

impl FromNode for Certificate {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let cert = fields.required::<PathBuf>("cert");
        let key = fields.required::<PathBuf>("key");
        fields.close();
        Some(Self(CertificateFiles {
            cert: cert?,
            key: key?,
        }))
    }
}

fn read_limits(limits: &mut Fields<'_, '_>) -> Limits {
    let default = Limits::default();
    Limits {
        connections: count(limits, "connections", default.connections),
        header_size: size(limits, "header_size", default.header_size),
        header_count: count(limits, "header_count", default.header_count),
        target_size: size(limits, "target_size", default.target_size),
        body_size: limits.or("body_size", Size(default.body_size)).0,
        requests_per_connection: {
            let default = Unlimited(None);
            limits
                .or("requests_per_connection", default)
                .0
                .map(Into::into)
        },
        h2_concurrent_streams: positive(
            limits,
            "h2_concurrent_streams",
            default.h2_concurrent_streams,
        ),
        h2_resets_per_minute: positive(
            limits,
            "h2_resets_per_minute",
            default.h2_resets_per_minute,
        ),
    }
}

fn read_timeouts(timeouts: &mut Fields<'_, '_>) -> Timeouts {
    let default = Timeouts::default();
    Timeouts {
        tls_handshake: lasting(timeouts, "tls_handshake", default.tls_handshake),
        request_header: lasting(timeouts, "request_header", default.request_header),
        request_body_idle: lasting(timeouts, "request_body_idle", default.request_body_idle),
        response_idle: lasting(timeouts, "response_idle", default.response_idle),
        keep_alive: lasting(timeouts, "keep_alive", default.keep_alive),
        upgrade_idle: lasting(timeouts, "upgrade_idle", default.upgrade_idle),
        before_drain: timeouts.or("before_drain", default.before_drain),
        drain: timeouts.or("drain", default.drain),
    }
}

/// A duration that must be longer than nothing.
pub(super) fn lasting(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    default: Duration,
) -> Duration {
    let duration = fields.or(name, default);
    if duration.is_zero() {
        let message = format!("`{name}` must be longer than nothing");
        fields.problem_at(name, "invalid_value", message, None);
    }
    duration
}

/// A count that must be at least one.
pub(super) fn positive(fields: &mut Fields<'_, '_>, name: &'static str, default: u32) -> u32 {
    let count = fields.or(name, default);
    if count == 0 {
        let message = format!("`{name}` must be at least 1");
        fields.problem_at(name, "invalid_value", message, None);
    }
    count
}

fn count(fields: &mut Fields<'_, '_>, name: &'static str, default: usize) -> usize {
    let default = u32::try_from(default).unwrap_or(u32::MAX);
    in_memory(positive(fields, name, default).into())
}

fn size(fields: &mut Fields<'_, '_>, name: &'static str, default: usize) -> usize {
    let size = fields.or(name, Size(default as u64)).0;
    if size == 0 {
        let message = format!("`{name}` must be larger than nothing");
        fields.problem_at(name, "invalid_value", message, None);
    }
    in_memory(size)
}

/// As a number of things in memory; more than fit there means no limit.
fn in_memory(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
