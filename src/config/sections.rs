//! The whole file as written, section by section.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::bearer_jwt;
use super::choices::{Output, SecretText};
use super::decision::{self, DecisionSection};
use super::identity::IdentitySection;
use super::networks;
use super::proxy::{ProxySection, Tls, positive};
use super::step_up::{self, StepUp};
use super::upstream_identity::{self, UpstreamIdentity};
use crate::bearer::Issuer;
use crate::document::{Fields, FromNode, Node, OneOrMany, Place, Problem, Reading};
use crate::gateway::TlsConfig;
use crate::rules::{NetworkSets, variable_of};
use crate::secret::SecretString;
use crate::telemetry::{AccessLogConfig, LogConfig, LogFormat, LogLevel};
use crate::{audit, streams, telemetry, whoami};

/// The format that this program reads.
const VERSION: u32 = 1;
/// Looking at streams more often would cost more than it brings.
const SHORTEST_REVALIDATION: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct File {
    pub(super) place: Place,
    pub(super) proxy: Option<ProxySection>,
    pub(super) decision: Option<DecisionSection>,
    pub(super) rules: Vec<PathBuf>,
    pub(super) watch: bool,
    pub(super) debounce: Duration,
    pub(super) networks: NetworkSets,
    pub(super) identity: Option<IdentitySection>,
    pub(super) cache: whoami::Cache,
    pub(super) limits: whoami::Limits,
    pub(super) serve_stale_when_down: Duration,
    pub(super) streams: streams::Config,
    pub(super) upstream_identity: UpstreamIdentity,
    pub(super) bearer: Vec<Issuer>,
    pub(super) step_up: StepUp,
    pub(super) admin: Option<AdminSection>,
    pub(super) telemetry: telemetry::Config,
    pub(super) audit: audit::Config,
}

#[derive(Debug)]
pub(super) struct AdminSection {
    pub(super) place: Place,
    pub(super) listen: SocketAddr,
    pub(super) token: Option<SecretString>,
    pub(super) tls: Option<TlsConfig>,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) dashboard: bool,
}

impl FromNode for File {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let version = fields.or("version", VERSION);
        if version != VERSION {
            let message = format!("version {version} is not known");
            fields.problem_at(
                "version",
                "invalid_value",
                message,
                Some("write `version: 1`"),
            );
        }
        let proxy_wrong = fields.has("proxy");
        let proxy: Option<ProxySection> = fields.get("proxy");
        let proxy_wrong = proxy_wrong && proxy.is_none();
        let default = RulePlace(fields.reading().folder.join("rules/"));
        let rules = fields.or("rules", OneOrMany(vec![default])).0;
        let rules = rules.into_iter().map(|place| place.0).collect();
        let (watch, debounce) = fields.within("reload", |reload| {
            let watch = reload.or("watch", true);
            (watch, reload.or("debounce", Duration::from_millis(250)))
        });
        let networks = networks::read(&mut fields);
        let identity = read_identity(&mut fields);
        let (cache, limits, serve_stale_when_down, streams) =
            fields.within("sessions", read_sessions);
        let upstream_identity = fields.within("upstream_identity", upstream_identity::read);
        let bearer = bearer_jwt::read(&mut fields);
        let step_up = fields.within("step_up", step_up::read);
        let decision = decision::read(&mut fields);
        let admin = read_admin(&mut fields);
        let (telemetry, audit) = fields.within("telemetry", read_telemetry);
        fields.close();
        // With a proxy that can't be read, what depends on it can't be judged.
        (!proxy_wrong).then(|| Self {
            place: node.place.clone(),
            proxy,
            decision,
            rules,
            watch,
            debounce,
            networks,
            identity,
            cache,
            limits,
            serve_stale_when_down,
            streams,
            upstream_identity,
            bearer,
            step_up,
            admin,
            telemetry,
            audit,
        })
    }
}

fn read_identity(fields: &mut Fields<'_, '_>) -> Option<IdentitySection> {
    // Required, but a missing section reads like an empty one: it says what to give.
    fields.section_or_empty("identity")
}

fn read_sessions(
    sessions: &mut Fields<'_, '_>,
) -> (whoami::Cache, whoami::Limits, Duration, streams::Config) {
    let cache = whoami::Cache::default();
    let limits = whoami::Limits::default();
    let cache = sessions.within("cache", |fields| whoami::Cache {
        max_entries: fields.or("max_entries", cache.max_entries),
        ttl: fields.or("ttl", cache.ttl),
        negative_ttl: fields.or("negative_ttl", cache.negative_ttl),
    });
    let limits = whoami::Limits {
        rechecks_per_second_per_credential: sessions.within("refusal_recheck", |fields| {
            let default = limits.rechecks_per_second_per_credential;
            positive(fields, "per_second_per_credential", default)
        }),
        misses_per_second_per_address: sessions.within("misses", |fields| {
            let default = limits.misses_per_second_per_address;
            positive(fields, "per_second_per_address", default)
        }),
    };
    let grace = sessions.or("serve_stale_when_down", Duration::ZERO);
    (cache, limits, grace, read_streams(sessions))
}

fn read_streams(sessions: &mut Fields<'_, '_>) -> streams::Config {
    let default = streams::Config::default();
    let revalidate = sessions.or("revalidate_streams", default.revalidate);
    if revalidate < SHORTEST_REVALIDATION {
        let message = "`revalidate_streams` is at least 100ms";
        let help = "ended sessions are cut at once anyway where the gateway learns of it";
        sessions.problem_at("revalidate_streams", "invalid_value", message, Some(help));
    }
    streams::Config { revalidate }
}

fn read_admin(fields: &mut Fields<'_, '_>) -> Option<AdminSection> {
    fields.within("admin", |admin| {
        let default = SocketAddr::from(([127, 0, 0, 1], 4434));
        // `listen: null` switches the listener off.
        let listen: Option<SocketAddr> = admin.or("listen", Some(default));
        let token: Option<SecretText> = admin.get("token");
        let tls: Option<Tls> = admin.get("tls");
        let tls = tls.map(|tls| tls.0);
        let trusted_proxies = admin.or("trusted_proxies", Vec::new());
        let listen = listen?;
        let token = token.map(|token| token.0);
        if token
            .as_ref()
            .is_some_and(|token| token.expose().len() < 16)
        {
            let message = "the token is shorter than 16 characters";
            let help = "`openssl rand -hex 32` makes a good one";
            admin.problem_at("token", "invalid_value", message, Some(help));
        }
        let certificates = tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
        if token.is_none() && !certificates && !listen.ip().is_loopback() {
            let message = "an admin listener beyond loopback needs a token or client certificates";
            let help = "give `admin.token` or `admin.tls.client_ca`, or listen on 127.0.0.1";
            admin.problem_at("listen", "contradiction", message, Some(help));
        }
        let dashboard = admin.or("dashboard", true);
        let place = admin.section().place.clone();
        Some(AdminSection {
            place,
            listen,
            token,
            tls,
            trusted_proxies,
            dashboard,
        })
    })
}

fn read_telemetry(telemetry: &mut Fields<'_, '_>) -> (telemetry::Config, audit::Config) {
    let log = telemetry.within("log", |log| LogConfig {
        format: log.or("format", LogFormat::default()),
        level: log.or("level", LogLevel::default()),
    });
    let default = AccessLogConfig::default();
    let access_log = telemetry.within("access_log", |fields| {
        let output = fields.or("output", Output(default.output)).0;
        let sample = fields.or("sample", default.sample);
        if !(0.0..=1.0).contains(&sample) {
            let message = "`sample` is a share from 0 to 1";
            fields.problem_at("sample", "invalid_value", message, None);
        }
        AccessLogConfig { output, sample }
    });
    let audit = telemetry.within("audit_log", |fields| audit::Config {
        output: fields
            .or("output", Output(audit::Config::default().output))
            .0,
    });
    let metrics = telemetry.or("metrics", true);
    let config = telemetry::Config {
        log,
        access_log,
        metrics,
    };
    (config, audit)
}

/// A file or folder with rules, or `env:NAME`: a variable that holds their text.
struct RulePlace(PathBuf);

impl FromNode for RulePlace {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let written = node.as_scalar().map(|scalar| PathBuf::from(&*scalar.text));
        match written.filter(|place| variable_of(place).is_some()) {
            Some(place) => Some(Self(place)),
            None => PathBuf::from_node(node, reading).map(Self),
        }
    }

    fn schema() -> serde_json::Value {
        PathBuf::schema()
    }

    fn shown(&self) -> Option<serde_json::Value> {
        self.0.shown()
    }
}

/// A host, or all hosts below one: `*.example.com`. Lower case, without port.
pub(super) struct HostPattern(pub(super) Box<str>);

impl FromNode for HostPattern {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?.to_ascii_lowercase();
        let name = text.strip_prefix("*.").unwrap_or(&text);
        let parsed = url::Host::parse(name);
        if parsed.is_ok_and(|host| host.to_string() == name) {
            return Some(Self(text.into_boxed_str()));
        }
        let message = format!("{} is no host name", node.described());
        let help = "write app.example.com or *.example.com, without scheme and port";
        reading.problem(Problem::at(&node.place, "invalid_value", message).help(help));
        None
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "string" })
    }

    fn shown(&self) -> Option<serde_json::Value> {
        Some((*self.0).into())
    }
}
