//! `methods.webauthn` and `methods.passkey`.

use serde_json::json;
use url::Url;

use super::values::{GoDuration, WrittenUrl};
use crate::document::{Choice, Fields};
use crate::identity::settings::{MethodSettings, PasskeySettings, WebauthnSettings};
use crate::identity::webauthn::{Attachment, Requirement};

impl Choice for Requirement {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("required", Self::Required),
        ("preferred", Self::Preferred),
        ("discouraged", Self::Discouraged),
    ];
}

impl Choice for Attachment {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("platform", Self::Platform),
        ("cross-platform", Self::CrossPlatform),
    ];
}

pub(super) fn read_webauthn(section: &mut Fields<'_, '_>) -> WebauthnSettings {
    let enabled = section.or("enabled", false);
    let mut settings = section.within("config", |config| {
        let passwordless = config.or("passwordless", false);
        let mut settings = config.within("rp", read_relying_party);
        settings.passwordless = passwordless;
        settings
    });
    settings.enabled = enabled;
    if enabled && (settings.rp_id.is_empty() || settings.rp_display_name.is_empty()) {
        let message = "`webauthn` needs `config.rp.id` and `config.rp.display_name`";
        section.problem_at("enabled", "missing_key", message, None);
    }
    settings
}

fn read_relying_party(section: &mut Fields<'_, '_>) -> WebauthnSettings {
    let origin: Option<WrittenUrl> = section.get("origin");
    let origins: Option<Vec<WrittenUrl>> = section.get("origins");
    if origin.is_some() && origins.is_some() {
        let message = "`origin` and `origins` exclude each other";
        section.problem_at("origins", "contradiction", message, None);
    }
    section.raw("icon", json!({"type": "string"}));
    let origins = origins.unwrap_or_default().into_iter().chain(origin);
    WebauthnSettings {
        enabled: false,
        passwordless: false,
        rp_id: section.or("id", String::new()),
        rp_display_name: section.or("display_name", String::new()),
        origins: origins.map(|url| url.0).collect(),
    }
}

pub(super) fn read_passkey(section: &mut Fields<'_, '_>) -> PasskeySettings {
    let default = PasskeySettings::default();
    let enabled = section.or("enabled", false);
    let settings = section.within("config", |config| {
        let party = config.within("rp", read_relying_party);
        let (attachment, resident_key, user_verification) =
            config.within("authenticator_selection", |chosen| {
                (
                    chosen.get("attachment"),
                    chosen.or("resident_key", default.resident_key),
                    chosen.or("user_verification", default.user_verification),
                )
            });
        // What an authenticator says about its maker is never asked for: nothing here depends on it.
        config.raw("attestation", json!({"type": "object"}));
        let (registration, login) = config.within("timeouts", |timeouts| {
            (
                millis(
                    timeouts,
                    "registration",
                    default.registration_timeout_millis,
                ),
                millis(timeouts, "login", default.login_timeout_millis),
            )
        });
        PasskeySettings {
            enabled,
            rp_id: party.rp_id,
            rp_display_name: party.rp_display_name,
            origins: party.origins,
            attachment,
            resident_key,
            user_verification,
            registration_timeout_millis: registration,
            login_timeout_millis: login,
        }
    });
    if enabled && (settings.rp_id.is_empty() || settings.rp_display_name.is_empty()) {
        let message = "`passkey` needs `config.rp.id` and `config.rp.display_name`";
        section.problem_at("enabled", "missing_key", message, None);
    }
    settings
}

fn millis(timeouts: &mut Fields<'_, '_>, key: &'static str, default: u64) -> u64 {
    let given: Option<GoDuration> = timeouts.get(key);
    given.map_or(default, |given| {
        u64::try_from(given.0.as_millis()).unwrap_or(default)
    })
}

/// Where keys may be used, when nobody says it: on the relying party's host, and on our own where
/// that belongs to it.
pub(super) fn settle_origins(methods: &mut MethodSettings, public_url: &str) {
    let public = Url::parse(public_url).ok();
    let default = |rp_id: &str| {
        let scheme = public.as_ref().map_or("https", Url::scheme);
        let mut origins = vec![format!("{scheme}://{rp_id}")];
        let host = public.as_ref().and_then(Url::host_str).unwrap_or_default();
        if host == rp_id || host.ends_with(&format!(".{rp_id}")) {
            let own = public
                .as_ref()
                .map(|url| url.origin().ascii_serialization());
            origins.extend(own.filter(|own| !origins.contains(own)));
        }
        origins
    };
    for (rp_id, origins) in [
        (&methods.webauthn.rp_id, &mut methods.webauthn.origins),
        (&methods.passkey.rp_id, &mut methods.passkey.origins),
    ] {
        if origins.is_empty() && !rp_id.is_empty() {
            *origins = default(rp_id);
        }
        // Browsers state origins without a path; an address with one means its origin.
        for origin in origins.iter_mut() {
            if let Ok(url) = Url::parse(origin)
                && url.origin().is_tuple()
            {
                *origin = url.origin().ascii_serialization();
            }
        }
    }
}
