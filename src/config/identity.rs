//! `identity`: exactly one of a running Kratos and the embedded service.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde_json::json;

use super::database::DatabaseUrl;
use super::external::ExternalSection;
use super::kratos::Kratos;
use super::kratos_format::Draft;
use super::proxy::Tls;
use super::web_url::{MountPath, WebUrl};
use crate::document::{self, Fields, FromNode, Node, Place, Rate, Reading};
use crate::gateway::TlsConfig;
use crate::identity::settings::Ui;
use crate::identity::throttle::{Limit, ThrottleSettings};
use crate::store::Dsn;

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

/// `identity` as written.
#[derive(Debug)]
pub(super) enum IdentitySection {
    External(Box<ExternalSection>),
    Embedded(Box<EmbeddedSection>),
}

impl FromNode for IdentitySection {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let (has_external, has_embedded) = (fields.has("external"), fields.has("embedded"));
        let external: Option<ExternalSection> = match has_embedded && !has_external {
            true => fields.unset("external"),
            false => fields.get("external"),
        };
        let embedded: Option<EmbeddedSection> = match has_embedded {
            // `embedded:` with nothing below takes all defaults.
            true => fields.section_or_empty("embedded"),
            false => fields.unset("embedded"),
        };
        let help =
            "give exactly one: `external` for a running Kratos, `embedded` for Stepgate's own";
        if has_external && has_embedded {
            let message = "`external` and `embedded` exclude each other";
            fields.problem_at("embedded", "contradiction", message, Some(help));
        }
        if !has_external && !has_embedded {
            let message = "no identity service is named";
            fields.problem_at("identity", "missing_key", message, Some(help));
        }
        fields.close();
        let external = external.map(|external| Self::External(Box::new(external)));
        external.or_else(|| embedded.map(|embedded| Self::Embedded(Box::new(embedded))))
    }
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
