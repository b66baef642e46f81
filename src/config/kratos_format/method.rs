//! `selfservice.methods` and `hashers`.

use std::time::Duration;

use serde_json::json;

use super::keys::{read_passkey, read_webauthn};
use super::values::{GoDuration, Memory, WrittenUrl};
use super::{oidc, refuse};
use crate::document::Fields;
use crate::identity::settings::{
    Argon2Settings, BcryptSettings, CodeSettings, HasherAlgorithm, Hashers, LinkSettings,
    MethodSettings, PasswordSettings, TotpSettings,
};

/// The least cost of bcrypt outside development, as in Kratos.
const MIN_BCRYPT_COST: u32 = 12;
const MAX_BCRYPT_COST: u32 = 15;
const MIN_PASSWORD_BYTES: u32 = 6;

pub(super) fn read(section: &mut Fields<'_, '_>, notices: &mut Vec<String>) -> MethodSettings {
    let password = section.within("password", |inner| read_password(inner, notices));
    let totp = section.within("totp", |inner| TotpSettings {
        enabled: inner.or("enabled", false),
        issuer: inner.within("config", |config| config.or("issuer", String::new())),
    });
    let code = section.within("code", read_code);
    let link = section.within("link", |inner| read_link(inner, notices));
    let webauthn = section.within("webauthn", read_webauthn);
    let passkey = section.within("passkey", read_passkey);
    let oidc = section.within("oidc", oidc::read);
    let mut enabled = |name: &'static str, default: bool| {
        section.within(name, |inner| {
            inner.raw("config", json!({"type": "object"}));
            inner.or("enabled", default)
        })
    };
    let methods = MethodSettings {
        password,
        totp,
        code,
        webauthn,
        profile_enabled: enabled("profile", true),
        lookup_secret_enabled: enabled("lookup_secret", false),
        link,
        passkey,
        oidc,
    };
    for name in ["b2b", "saml", "deviceauthn", "captcha"] {
        section.raw(name, json!({"type": "object"}));
    }
    methods
}

fn read_password(section: &mut Fields<'_, '_>, notices: &mut Vec<String>) -> PasswordSettings {
    let default = PasswordSettings::default();
    let enabled = section.or("enabled", default.enabled);
    section.within("config", |config| {
        let length = config.or("min_password_length", 8_u32);
        if length < MIN_PASSWORD_BYTES {
            let message = "passwords must have at least 6 characters";
            refuse(config, "min_password_length", message, None);
        }
        if config
            .raw("migrate_hook", json!({"type": "object"}))
            .is_some()
        {
            let message = "`password.config.migrate_hook` has no effect: nobody is asked about \
                           passwords of another system";
            notices.push(message.to_owned());
        }
        let breach_host = config.or("haveibeenpwned_host", default.breach_host.clone());
        if !is_host(&breach_host) {
            let help = "such as api.pwnedpasswords.com, or a URL such as http://127.0.0.1:8080";
            refuse(config, "haveibeenpwned_host", "this is no host", Some(help));
        }
        PasswordSettings {
            enabled,
            min_length_bytes: usize::try_from(length).unwrap_or(usize::MAX),
            max_length_bytes: default.max_length_bytes,
            similarity_check: config.or("identifier_similarity_check_enabled", true),
            breach_check: config.or("haveibeenpwned_enabled", default.breach_check),
            breach_host,
            max_breaches: config.or("max_breaches", default.max_breaches),
            ignore_network_errors: config.or("ignore_network_errors", true),
        }
    })
}

/// Whether the leaks can be asked for there.
fn is_host(host: &str) -> bool {
    let url = if host.contains("://") {
        url::Url::parse(host)
    } else {
        url::Url::parse(&format!("https://{host}"))
    };
    url.is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

fn read_code(section: &mut Fields<'_, '_>) -> CodeSettings {
    let default = CodeSettings::default();
    let passwordless_enabled = section.or("passwordless_enabled", false);
    let mfa_enabled = section.or("mfa_enabled", false);
    if passwordless_enabled && mfa_enabled {
        let message = "`passwordless_enabled` and `mfa_enabled` exclude each other";
        let help = "a code is either the first factor or the second one";
        section.problem_at("mfa_enabled", "contradiction", message, Some(help));
    }
    let enabled = section.or("enabled", default.enabled);
    section.within("config", |config| {
        let submissions = config.or("max_submissions", default.max_submissions);
        if submissions == 0 {
            let message = "a code that may not be tried opens nothing";
            refuse(config, "max_submissions", message, Some("Kratos takes 5"));
        }
        CodeSettings {
            enabled,
            passwordless_enabled,
            mfa_enabled,
            lifespan: read_lifespan(config, default.lifespan),
            max_submissions: submissions,
            missing_credential_fallback: config.or("missing_credential_fallback_enabled", false),
        }
    })
}

fn read_link(section: &mut Fields<'_, '_>, notices: &mut Vec<String>) -> LinkSettings {
    let default = LinkSettings::default();
    let enabled = section.or("enabled", default.enabled);
    section.within("config", |config| {
        let elsewhere: Option<WrittenUrl> = config.get("base_url");
        if elsewhere.is_some() {
            let notice =
                "`methods.link.config.base_url` has no effect: mails lead to the public URL";
            notices.push(notice.to_owned());
        }
        LinkSettings {
            enabled,
            lifespan: read_lifespan(config, default.lifespan),
        }
    })
}

fn read_lifespan(config: &mut Fields<'_, '_>, default: Duration) -> Duration {
    let lifespan = config.or("lifespan", GoDuration(default)).0;
    if lifespan.is_zero() {
        let message = "what is sent by mail must be good for a while";
        refuse(
            config,
            "lifespan",
            message,
            Some("ten minutes are a good measure: 10m"),
        );
    }
    lifespan
}

pub(super) fn read_hashers(section: &mut Fields<'_, '_>, dev: bool) -> Hashers {
    let algorithm = section.or("algorithm", HasherAlgorithm::Argon2);
    let argon2 = section.within("argon2", read_argon2);
    let bcrypt = section.within("bcrypt", |inner| {
        let cost = inner.or("cost", MIN_BCRYPT_COST);
        if !(4..=MAX_BCRYPT_COST).contains(&cost) {
            let help = "each step doubles the work: 12 takes about a quarter of a second";
            refuse(inner, "cost", "the cost must be from 4 to 15", Some(help));
        }
        // Kratos, too, uses less than its minimum in development only.
        let least = if dev { 4 } else { MIN_BCRYPT_COST };
        BcryptSettings {
            cost: cost.max(least),
        }
    });
    Hashers {
        algorithm,
        argon2,
        bcrypt,
    }
}

fn read_argon2(section: &mut Fields<'_, '_>) -> Argon2Settings {
    let default = Argon2Settings::default();
    let memory: Option<Memory> = section.get("memory");
    for key in [
        "expected_duration",
        "expected_deviation",
        "dedicated_memory",
    ] {
        section.raw(key, json!({"type": "string"}));
    }
    let length = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let settings = Argon2Settings {
        memory_kib: memory.map_or(default.memory_kib, |memory| memory.kib),
        iterations: section.or("iterations", default.iterations),
        parallelism: section.or("parallelism", default.parallelism),
        salt_length: length(section.or("salt_length", 16)),
        key_length: length(section.or("key_length", 32)),
    };
    let lanes_fit = settings.memory_kib / 8 >= settings.parallelism;
    let bounded = settings.memory_kib <= 1024 * 1024
        && (1..=10).contains(&settings.iterations)
        && (1..=16).contains(&settings.parallelism)
        && (8..=64).contains(&settings.salt_length)
        && (16..=64).contains(&settings.key_length);
    if !lanes_fit || !bounded {
        let help = "memory 8KB a lane to 1GB, iterations 1 to 10, parallelism 1 to 16, \
                    salt_length 8 to 64, key_length 16 to 64";
        refuse(
            section,
            "memory",
            "Argon2 can't work with these costs",
            Some(help),
        );
    }
    settings
}
