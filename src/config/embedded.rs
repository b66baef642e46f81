//! `identity.embedded`: Stepgate's own identity service.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde_json::json;

use super::compose::Composed;
use super::database::{DatabaseUrl, ask_for_secrets};
use super::kratos::Kratos;
use super::kratos_format::Draft;
use super::proxy::{ProxySection, Tls};
use super::web_url::{MountPath, WebUrl};
use super::{Identity, PublicAddress, public_address};
use crate::authz::IdentityBase;
use crate::document::{self, Choice, Fields, FromNode, Node, Place, Problem, Rate, Reading};
use crate::gateway::{Mount, MountTarget, TlsConfig};
use crate::identity::settings::Ui;
use crate::identity::throttle::{Limit, ThrottleSettings};
use crate::policy::Host;
use crate::rules::SessionReach;
use crate::store::Dsn;

/// Where the embedded service is when nothing else is said.
const DEFAULT_MOUNT: &str = "/auth";
/// Where it keeps its data when nothing else is said.
const DEFAULT_DATABASE: &str = "data/stepgate.db";

/// Stepgate's own identity service.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// Path on the proxy's listeners; `None`: it has a listener of its own.
    pub mount: Option<Box<str>>,
    /// Its own listener.
    pub listen: Option<SocketAddr>,
    /// TLS of its own listener.
    pub tls: Option<TlsConfig>,
    /// Networks of the proxies in front of its own listener whose `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Its public URL: fixed, never taken from a request.
    pub public_address: PublicAddress,
    /// Where it keeps its data.
    pub database: Dsn,
    /// Its configuration in Kratos' format.
    pub kratos: Kratos,
    /// A browser session gets a new token at each completed factor.
    pub rotate_on_step_up: bool,
    /// Limits on guessing.
    pub throttle: ThrottleSettings,
    /// Whose pages people see.
    pub ui: Ui,
}

impl Embedded {
    /// Its own listener, where it is not below the mount.
    #[must_use]
    pub fn own_listener(&self) -> Option<(SocketAddr, Option<&TlsConfig>)> {
        Some((self.listen?, self.tls.as_ref()))
    }

    /// Whether people reach it at `localhost`.
    #[must_use]
    pub const fn is_on_loopback(&self) -> bool {
        match self.public_address {
            PublicAddress::Loopback { .. } => true,
            PublicAddress::Fixed { .. } => false,
        }
    }

    /// Where its own configuration lets people be led back to.
    pub fn return_urls(&self) -> impl Iterator<Item = &str> {
        self.kratos.draft.return_urls()
    }

    /// The hosts that get its cookie.
    pub(super) fn session_reach(&self) -> Option<SessionReach> {
        let host = match &self.public_address {
            PublicAddress::Loopback { .. } => Host::parse("localhost").ok()?,
            PublicAddress::Fixed { host, .. } => host.clone(),
        };
        let domain = self.kratos.cookie_domain.as_deref();
        Some(SessionReach {
            host,
            domain: domain.and_then(|domain| Host::parse(domain.trim_start_matches('.')).ok()),
        })
    }
}

/// `identity.embedded` as written.
#[derive(Debug)]
pub(super) struct EmbeddedSection {
    pub(super) place: Place,
    /// Whether the mount was written down rather than left to the default.
    pub(super) mount: Option<Box<str>>,
    pub(super) listen: Option<SocketAddr>,
    pub(super) tls: Option<TlsConfig>,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) browser_url: Option<WebUrl>,
    pub(super) database: Option<Dsn>,
    pub(super) kratos: Kratos,
    pub(super) rotate_on_step_up: bool,
    pub(super) throttle: ThrottleSettings,
    pub(super) ui: Ui,
}

impl Choice for Ui {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("built_in", Self::BuiltIn), ("external", Self::External)];
}

impl FromNode for EmbeddedSection {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let mount: Option<MountPath> = fields.get("mount");
        let listen: Option<SocketAddr> = fields.get("listen");
        if mount.is_some() && listen.is_some() {
            let message = "`mount` and `listen` exclude each other";
            let help = "with a listener of its own, the service is at that listener's root";
            fields.problem_at("listen", "contradiction", message, Some(help));
        }
        let tls: Option<Tls> = fields.get("tls");
        let trusted_proxies = fields.or("trusted_proxies", Vec::new());
        for name in ["tls", "trusted_proxies"] {
            if listen.is_none() && fields.has(name) {
                let message = format!("`{name}` is about a listener that is not there");
                let help = "give `listen`, or leave it out: below the mount the proxy's counts";
                fields.problem_at(name, "contradiction", message, Some(help));
            }
        }
        let browser_url = fields.get("browser_url");
        let database: Option<DatabaseUrl> = fields.get("database");
        let kratos_config: Option<PathBuf> = fields.get("kratos_config");
        let inline = fields.raw("kratos", json!({ "type": "object" })).cloned();
        let rotate_on_step_up = fields.or("rotate_on_step_up", true);
        let throttle = fields.within("throttle", read_throttle);
        let ui = fields.or("ui", Ui::BuiltIn);
        let tree = kratos_tree(&mut fields, kratos_config.as_deref(), inline);
        let kratos = Kratos::read(&tree, kratos_config.is_some(), fields.reading());
        if let (Ui::External, Some(kratos)) = (ui, &kratos) {
            require_pages(&kratos.draft, &mut fields);
        }
        fields.close();
        Some(Self {
            place: node.place.clone(),
            mount: mount.map(|mount| mount.0),
            listen,
            tls: tls.map(|tls| tls.0),
            trusted_proxies,
            browser_url,
            database: database.map(|database| database.0),
            kratos: kratos?,
            rotate_on_step_up,
            throttle,
            ui,
        })
    }
}

/// A user interface elsewhere has a page for every flow that people can be sent to.
fn require_pages(draft: &Draft, fields: &mut Fields<'_, '_>) {
    for flow in draft.flows_without_page() {
        let message = format!("`ui: external` needs the page of the flow `{flow}`");
        let help = format!("give `kratos.selfservice.flows.{flow}.ui_url`");
        fields.problem_at("ui", "missing_key", &message, Some(&help));
    }
}

/// The file in Kratos' own format with the inline keys laid over it.
fn kratos_tree(fields: &mut Fields<'_, '_>, file: Option<&Path>, inline: Option<Node>) -> Node {
    let empty = Node {
        place: fields.section().place.clone(),
        value: document::Value::Null,
    };
    let from_file = file.and_then(|path| document::read_file(path, &mut fields.reading().problems));
    match (from_file, inline) {
        (Some(base), Some(over)) => base.overlaid_with(over),
        (Some(tree), None) | (None, Some(tree)) => tree,
        (None, None) => empty,
    }
}

fn read_throttle(fields: &mut Fields<'_, '_>) -> ThrottleSettings {
    let default = ThrottleSettings::default();
    let mut limit = |name, default: Limit| {
        let default = Rate {
            count: default.tries,
            per: default.per,
        };
        let rate = fields.or(name, default);
        Limit {
            tries: rate.count,
            per: rate.per,
        }
    };
    let per_address = limit("per_address", default.per_address);
    ThrottleSettings {
        second_factor: limit("second_factor", default.second_factor),
        password: limit("password", default.password),
        per_address,
        // A mail costs its sender less than a wrong try, and its receiver little.
        mail_from: Limit {
            tries: per_address.tries.saturating_mul(3),
            per: per_address.per,
        },
        ..default
    }
}

/// What the section means with the rest of the file.
pub(super) fn compose(
    section: EmbeddedSection,
    proxy: Option<&ProxySection>,
    reading: &mut Reading,
) -> Option<Composed> {
    if section.listen.is_none() && proxy.is_none() {
        let message = "the identity service has no listener";
        let help = "add the section `proxy`, or give `identity.embedded.listen`";
        reading.problem(Problem::at(&section.place, "contradiction", message).help(help));
        return None;
    }
    let mount: Option<Box<str>> = match section.listen {
        Some(_) => None,
        None => Some(
            section
                .mount
                .clone()
                .unwrap_or_else(|| DEFAULT_MOUNT.into()),
        ),
    };
    let database = database(&section, reading);
    let public_address = public_address::find(&section, mount.as_deref(), proxy, reading)?;
    if let (Some(mount), PublicAddress::Fixed { url, .. }) = (&mount, &public_address) {
        refuse_pages_below_mount(&section, mount, url, reading);
    }
    let (base, host) = match (&public_address, &mount) {
        (PublicAddress::Fixed { url, host }, _) => {
            let base = IdentityBase::Url(Box::from(url.trim_end_matches('/')));
            (base, Some(host.clone()))
        }
        (PublicAddress::Loopback { path, .. }, _) => (IdentityBase::Mount(path.clone()), None),
    };
    Some(Composed {
        session_cookie: section.kratos.session_cookie.clone(),
        mount: mount.clone().map(|path| Mount {
            path,
            host,
            target: MountTarget::Embedded,
        }),
        base,
        identity: Identity::Embedded(Box::new(Embedded {
            mount,
            listen: section.listen,
            tls: section.tls,
            trusted_proxies: section.trusted_proxies,
            public_address,
            database,
            kratos: section.kratos,
            rotate_on_step_up: section.rotate_on_step_up,
            throttle: section.throttle,
            ui: section.ui,
        })),
    })
}

/// Nobody's page is reached below a mount: every path there is the identity service's own.
fn refuse_pages_below_mount(
    section: &EmbeddedSection,
    mount: &str,
    url: &str,
    reading: &mut Reading,
) {
    let below = format!("{}/", url.trim_end_matches('/'));
    let mut pages = section.kratos.draft.written_pages();
    if section.ui != Ui::External || !pages.any(|page| page.starts_with(&below)) {
        return;
    }
    let message = format!("a `ui_url` is below the mount {mount}, where the API is");
    let help = "let the user interface have another path, or `ui: built_in`";
    reading.problem(Problem::at(&section.place, "contradiction", message).help(help));
}

/// `database`, else `dsn`, else a file beside the configuration. Relative paths begin there too.
fn database(section: &EmbeddedSection, reading: &mut Reading) -> Dsn {
    let written = section.database.as_ref().or(section.kratos.dsn.as_ref());
    let dsn = written.map_or_else(|| Dsn::Sqlite(DEFAULT_DATABASE.into()), Clone::clone);
    ask_for_secrets(
        &dsn,
        section.kratos.draft.secrets(),
        &section.place,
        reading,
    );
    dsn.within(&reading.folder)
}
