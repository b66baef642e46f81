//! Makes tokens, and keeps them for a part of their life.

use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use moka::sync::Cache;
use serde_json::{Map, Value};

use super::keys::Keys;
use super::{Config, RESERVED};
use crate::clock::{Clock, Monotonic};
use crate::policy::Completion;
use crate::signing::SigningKey;
use crate::whoami::Record;

/// Bytes of tokens that are kept. Beyond it the least used ones are let go.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
/// What an entry costs beside its token, about.
const OVERHEAD_BYTES: u32 = 200;

/// Makes tokens that say who is asking. Cheap to clone; clones share what is kept.
#[derive(Clone)]
pub struct Minter(Arc<Inner>);

struct Inner {
    config: Config,
    keys: ArcSwap<Keys>,
    kept: Cache<Key, Arc<Kept>, foldhash::fast::RandomState>,
    hasher: foldhash::fast::RandomState,
    clock: Clock,
}

/// What was learnt of a session at one time (a record is never changed, so a step-up makes another
/// one), and a hash of the audience.
type Key = (u64, u64);

struct Kept {
    audience: Box<str>,
    value: HeaderValue,
    until: Monotonic,
}

impl Minter {
    /// A minter that signs with the first of `keys`.
    #[must_use]
    pub fn new(config: Config, keys: Vec<SigningKey>, clock: Clock) -> Self {
        let weigh = |_: &Key, kept: &Arc<Kept>| {
            let bytes = kept.value.len() + kept.audience.len();
            u32::try_from(bytes)
                .unwrap_or(u32::MAX)
                .saturating_add(OVERHEAD_BYTES)
        };
        let kept = Cache::builder()
            .max_capacity(KEPT_BYTES)
            .weigher(weigh)
            .build_with_hasher(foldhash::fast::RandomState::default());
        Self(Arc::new(Inner {
            config,
            keys: ArcSwap::from_pointee(Keys::new(keys)),
            kept,
            hasher: foldhash::fast::RandomState::default(),
            clock,
        }))
    }

    /// The header that tokens go in.
    #[must_use]
    pub fn header(&self) -> &HeaderName {
        &self.0.config.header
    }

    /// The header's value for a request of this session to an upstream of this name; `audience`
    /// is what a rule says instead of what the configuration says. `None` where the session is
    /// over, or no token can be made.
    #[must_use]
    pub fn value(
        &self,
        session: &Record,
        upstream: &str,
        audience: Option<&str>,
    ) -> Option<HeaderValue> {
        let inner = &self.0;
        let audience = audience
            .or(inner.config.audience.as_deref())
            .unwrap_or(upstream);
        let key = (session.number(), inner.hasher.hash_one(audience));
        let now = inner.clock.monotonic();
        if let Some(kept) = inner.kept.get(&key)
            && kept.until > now
            && *kept.audience == *audience
        {
            return Some(kept.value.clone());
        }
        let (value, life) = inner.mint(session, audience)?;
        let kept = Kept {
            audience: audience.into(),
            value: value.clone(),
            until: now.plus(life / 2),
        };
        inner.kept.insert(key, Arc::new(kept));
        Some(value)
    }

    /// Signs with the first of `keys` from now on. The present ones stay published as long as
    /// their tokens can be out.
    pub fn replace_keys(&self, keys: Vec<SigningKey>) {
        let inner = &self.0;
        let present = inner.keys.load();
        if present.are(&keys) {
            return;
        }
        let now = inner.clock.monotonic();
        let replaced = present.replaced(keys, inner.config.ttl, now);
        let key = replaced
            .signing()
            .and_then(SigningKey::id)
            .unwrap_or_default();
        tracing::info!(key, "identity tokens are signed with another key");
        inner.keys.store(Arc::new(replaced));
    }

    /// The keys that verify tokens which are out, as a JSON Web Key Set.
    #[must_use]
    pub fn published_keys(&self) -> Bytes {
        self.0.keys.load().published(self.0.clock.monotonic())
    }
}

impl Inner {
    /// A new token, and how long it lives.
    fn mint(&self, session: &Record, audience: &str) -> Option<(HeaderValue, Duration)> {
        let now = self.clock.wall();
        let left = session.subject().expires_at.duration_since(now);
        // Whole seconds, as the token has them: it must not live on into the next one.
        let left = Duration::from_secs(u64::try_from(left.as_secs()).ok()?);
        let life = self.config.ttl.min(left);
        if life.is_zero() {
            return None;
        }
        let issued = now.as_second();
        let expires = issued.saturating_add(i64::try_from(life.as_secs()).ok()?);
        let claims = self.claims(session, audience, issued, expires);
        let keys = self.keys.load();
        let Ok(token) = keys.signing()?.sign(&claims) else {
            tracing::error!("an identity token could not be signed");
            return None;
        };
        let text = if self.config.header == AUTHORIZATION {
            format!("Bearer {token}")
        } else {
            token
        };
        let mut value = HeaderValue::from_maybe_shared(Bytes::from(text)).ok()?;
        value.set_sensitive(true);
        Some((value, life))
    }

    fn claims(
        &self,
        session: &Record,
        audience: &str,
        issued: i64,
        expires: i64,
    ) -> Map<String, Value> {
        let subject = session.subject();
        let mut claims = further(session);
        let mut set = |name: &str, value: Value| {
            claims.insert(name.to_owned(), value);
        };
        let id: [u8; 16] = rand::random();
        set("iss", (*self.config.issuer).into());
        set("aud", audience.into());
        set("sub", (*subject.identity_id).into());
        set("iat", issued.into());
        set("nbf", issued.into());
        set("exp", expires.into());
        set("jti", URL_SAFE_NO_PAD.encode(id).into());
        set("sid", (*subject.session_id).into());
        set("aal", subject.aal.as_str().into());
        set("acr", subject.aal.as_str().into());
        set("amr", methods(&subject.completions));
        // A session that does not say when has the beginning of time there.
        if subject.authenticated_at.as_second() > 0 {
            set("auth_time", subject.authenticated_at.as_second().into());
        }
        claims
    }
}

/// What the operator adds. Reserved names were refused when the configuration was read; were one
/// here all the same, it would not count.
fn further(session: &Record) -> Map<String, Value> {
    let mut claims: Map<String, Value> = session.claims();
    for name in RESERVED {
        claims.remove(name);
    }
    claims
}

/// The methods by their names, each once.
fn methods(completions: &[Completion]) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for step in completions {
        let name = step.method.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into()
}
