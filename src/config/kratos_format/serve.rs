//! `serve`: the two APIs.

use std::time::Duration;

use serde_json::json;

use super::refuse;
use super::values::WrittenUrl;
use crate::document::Fields;
use crate::identity::settings::{Cors, Listener};

pub(super) fn read(section: &mut Fields<'_, '_>) -> (Listener, Listener) {
    let public = section.within("public", |inner| {
        let cors = inner.within("cors", read_cors);
        listener(inner, 4433, cors)
    });
    let admin = section.within("admin", |inner| listener(inner, 4434, Cors::default()));
    (public, admin)
}

fn listener(section: &mut Fields<'_, '_>, port: u16, cors: Cors) -> Listener {
    let base_url: Option<WrittenUrl> = section.get("base_url");
    if base_url.as_ref().is_some_and(|url| url.0.starts_with('/')) {
        let help = "write it with scheme and host: https://id.example.com/";
        refuse(
            section,
            "base_url",
            "the base URL must be absolute",
            Some(help),
        );
    }
    for key in ["request_log", "tls", "socket"] {
        section.raw(key, json!({"type": "object"}));
    }
    let host: String = section.or("host", "0.0.0.0".to_owned());
    Listener {
        base_url: base_url.map(|url| url.0).unwrap_or_default(),
        // Go listens everywhere when no host is named.
        host: if host.is_empty() {
            "0.0.0.0".to_owned()
        } else {
            host
        },
        port: section.or("port", port),
        cors,
    }
}

fn read_cors(section: &mut Fields<'_, '_>) -> Cors {
    let default = Cors::default();
    section.raw("options_passthrough", json!({"type": "boolean"}));
    section.raw("debug", json!({"type": "boolean"}));
    Cors {
        is_written: section.has("enabled"),
        enabled: section.or("enabled", default.enabled),
        allowed_origins: section.or("allowed_origins", default.allowed_origins),
        allowed_methods: section.or("allowed_methods", default.allowed_methods),
        allowed_headers: section.or("allowed_headers", default.allowed_headers),
        exposed_headers: section.or("exposed_headers", default.exposed_headers),
        allow_credentials: section.or("allow_credentials", default.allow_credentials),
        max_age: Duration::from_secs(u64::from(section.or("max_age", 0_u32))),
    }
}
