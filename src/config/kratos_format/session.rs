//! `session`, `cookies` and `secrets`.

use serde_json::json;

use super::values::{GoDuration, SecretWord};
use super::{refuse, tokenizer};
use crate::document::Fields;
use crate::identity::settings::{
    CookieAttributes, RequiredAal, SameSite, Secrets, SessionSettings,
};
use crate::secret::SecretString;

const MIN_SECRET_CHARACTERS: usize = 16;
const CIPHER_SECRET_CHARACTERS: usize = 32;

/// `session` with what its cookie leaves to `cookies`.
pub(super) struct Session {
    pub(super) settings: SessionSettings,
    pub(super) cookie: CookiePart,
}

/// Attributes of the session cookie that are written down.
#[derive(Default)]
pub(super) struct CookiePart {
    domain: Option<String>,
    path: Option<String>,
    same_site: Option<SameSite>,
}

pub(super) fn read(section: &mut Fields<'_, '_>) -> (Session, Option<bool>) {
    let default = SessionSettings::default();
    let lifespan = section.or("lifespan", GoDuration(default.lifespan)).0;
    let earliest: Option<GoDuration> = section.get("earliest_possible_extend");
    if lifespan.is_zero() {
        refuse(section, "lifespan", "a session must live for a while", None);
    }
    let (required_aal, tokenizer_templates) = section.within("whoami", |whoami| {
        let required = whoami.or("required_aal", RequiredAal::HighestAvailable);
        (required, whoami.within("tokenizer", tokenizer::read))
    });
    let mut cookie = CookiePart::default();
    let mut secure = None;
    let (cookie_name, cookie_persistent) = section.within("cookie", |inner| {
        cookie = CookiePart {
            domain: inner.get("domain"),
            path: inner.get("path"),
            same_site: inner.get("same_site"),
        };
        secure = inner.get("secure");
        let name = inner.or("name", default.cookie_name.clone());
        if name.parse::<http::HeaderName>().is_err() {
            refuse(inner, "name", "this can't be the name of a cookie", None);
        }
        (name, inner.or("persistent", true))
    });
    let settings = SessionSettings {
        lifespan,
        earliest_possible_extend: earliest.map_or(lifespan, |one: GoDuration| one.0),
        required_aal,
        cookie_name,
        cookie: CookieAttributes::default(),
        cookie_persistent,
        tokenizer_templates,
    };
    (Session { settings, cookie }, secure)
}

impl Session {
    /// What the session cookie does not say for itself it takes from the other cookies.
    pub(super) fn inherit(&mut self, cookies: &CookieAttributes) {
        let own = std::mem::take(&mut self.cookie);
        self.settings.cookie = CookieAttributes {
            domain: own.domain.or_else(|| cookies.domain.clone()),
            path: own.path.unwrap_or_else(|| cookies.path.clone()),
            same_site: own.same_site.unwrap_or(cookies.same_site),
            secure: cookies.secure,
        };
    }
}

pub(super) fn read_cookies(section: &mut Fields<'_, '_>) -> (CookieAttributes, Option<bool>) {
    let attributes = CookieAttributes {
        domain: section.get("domain"),
        path: section.or("path", "/".to_owned()),
        same_site: section.or("same_site", SameSite::Lax),
        secure: true,
    };
    (attributes, section.get("secure"))
}

pub(super) fn read_secrets(section: &mut Fields<'_, '_>) -> Secrets {
    let at_least = |word: &str| word.chars().count() >= MIN_SECRET_CHARACTERS;
    let exactly = |word: &str| word.chars().count() == CIPHER_SECRET_CHARACTERS;
    let short = "a secret must have at least 16 characters";
    let secrets = Secrets {
        default: words(section, "default", at_least, short),
        cookie: words(section, "cookie", at_least, short),
        cipher: words(
            section,
            "cipher",
            exactly,
            "a cipher secret must have 32 characters",
        ),
    };
    // Places in lists are sealed with the default secrets.
    section.raw("pagination", json!({"type": "array"}));
    secrets
}

fn words(
    section: &mut Fields<'_, '_>,
    key: &'static str,
    fits: impl Fn(&str) -> bool,
    message: &str,
) -> Vec<SecretString> {
    let written: Vec<SecretWord> = section.get(key).unwrap_or_default();
    if written.iter().any(|word| !fits(&word.0)) {
        refuse(section, key, message, None);
    }
    written
        .into_iter()
        .map(|word| SecretString::new(word.0))
        .collect()
}
