//! Who answers for tokens.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::claims::{self, ClaimError};
use super::keys::KeySet;
use super::session::session;
use super::token::{Jws, Malformed};
use super::{Issuer, KeySource};
use crate::clock::Clock;
use crate::outbound::Outbound;
use crate::whoami::{
    Answer, Asking, Credential, CredentialKind, Ending, IdentityService, Said, Session, WhoamiError,
};

/// The keys of an issuer can't be read from their file.
#[derive(Debug, thiserror::Error)]
#[error("the keys of {issuer} in {}: {why}", path.display())]
pub struct NoKeys {
    /// Whose keys.
    pub(super) issuer: Box<str>,
    /// The file.
    pub(super) path: PathBuf,
    /// What is wrong.
    pub(super) why: String,
}

/// An identity service that knows tokens itself, and leaves other credentials to the one behind
/// it. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct Bearer(Arc<Inner>);

struct Inner {
    issuers: Vec<Known>,
    clock: Clock,
    other: Arc<dyn IdentityService>,
}

struct Known {
    issuer: Issuer,
    keys: Arc<KeySet>,
}

/// Why a token is worth nothing.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Claim(#[from] ClaimError),
    #[error("its issuer is none of ours")]
    Issuer,
    #[error("its issuer has no such key, or not for this algorithm")]
    Key,
    #[error("its signature is wrong")]
    Signature,
}

impl Bearer {
    /// Answers for tokens of `issuers`, and asks `other` about everything else. Keys are fetched
    /// when the first token comes; those in files are read now.
    ///
    /// # Errors
    /// A file can't be read, or holds no keys.
    pub fn new(
        issuers: Vec<Issuer>,
        other: Arc<dyn IdentityService>,
        outbound: &Outbound,
        clock: &Clock,
        runtime: &Handle,
    ) -> Result<Self, NoKeys> {
        let known = issuers.into_iter().map(|issuer| {
            let (outbound, clock) = (outbound.clone(), clock.clone());
            let keys = KeySet::new(&issuer, outbound, clock, runtime.clone());
            keys.reload()?;
            let keys = Arc::new(keys);
            Ok(Known { issuer, keys })
        });
        Ok(Self(Arc::new(Inner {
            issuers: known.collect::<Result<_, _>>()?,
            clock: clock.clone(),
            other,
        })))
    }

    /// Reads keys in files again. Where they are broken, the present ones stay.
    pub fn reload(&self) {
        for known in &self.0.issuers {
            if let Err(error) = known.keys.reload() {
                tracing::error!(%error, "new keys can't be used; the present ones stay");
            }
        }
    }

    /// The files that keys are read from.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let sources = self.0.issuers.iter().map(|known| &known.issuer.keys);
        let files = sources.filter_map(|source| match source {
            KeySource::File(path) => Some(path.clone()),
            KeySource::Url(_) => None,
        });
        files.collect()
    }

    async fn answer(&self, token: &str) -> Result<Answer, WhoamiError> {
        let said = match self.check(token).await? {
            Ok(session) => Said::Session(Box::new(session)),
            Err(reason) => {
                tracing::debug!(%reason, "a token was refused");
                Said::NoSession
            }
        };
        Ok(Answer {
            said,
            set_cookies: Vec::new(),
            cache_for: None,
        })
    }

    /// Looks at what costs little first: a token that has expired makes nobody fetch keys.
    async fn check(&self, token: &str) -> Result<Result<Session, Refused>, WhoamiError> {
        let read = self.read(token);
        let (token, known, times) = match read {
            Ok(read) => read,
            Err(refused) => return Ok(Err(refused)),
        };
        let (key_id, algorithm) = (token.key_id.as_deref(), token.algorithm);
        let keys = known.keys.find(key_id, algorithm).await?;
        let signed = |keys: &[Arc<_>]| {
            keys.iter().any(|key: &Arc<crate::signing::VerifyingKey>| {
                key.verify(algorithm, token.message.as_bytes(), &token.signature)
            })
        };
        let mut found = signed(&keys);
        // Without a name, only the signature tells that a new key was meant.
        if !found && key_id.is_none() {
            found = signed(&known.keys.find_anew(None, algorithm).await);
        }
        if !found {
            let refused = if keys.is_empty() {
                Refused::Key
            } else {
                Refused::Signature
            };
            return Ok(Err(refused));
        }
        Ok(
            session(&token.claims, times, &known.issuer, self.0.clock.wall())
                .map_err(Refused::from),
        )
    }

    fn read<'a>(&self, token: &'a str) -> Result<(Jws<'a>, &Known, claims::Times), Refused> {
        let token = Jws::parse(token)?;
        let named = token.claims.get("iss").and_then(serde_json::Value::as_str);
        let known = self
            .0
            .issuers
            .iter()
            .find(|known| named == Some(&known.issuer.issuer))
            .ok_or(Refused::Issuer)?;
        let times = claims::check(&token.claims, &known.issuer, self.0.clock.wall())?;
        Ok((token, known, times))
    }
}

impl IdentityService for Bearer {
    fn ask<'a>(&'a self, credential: &'a Credential) -> Asking<'a> {
        match credential.kind() {
            CredentialKind::Jwt => Box::pin(self.answer(credential.expose())),
            CredentialKind::Cookie
            | CredentialKind::SessionToken
            | CredentialKind::Bearer
            | CredentialKind::SessionId => self.0.other.ask(credential),
        }
    }

    fn end_session<'a>(&'a self, session: &'a str) -> Ending<'a> {
        self.0.other.end_session(session)
    }

    fn answers_by_session_id(&self, credential: &Credential) -> bool {
        credential.kind() != CredentialKind::Jwt && self.0.other.answers_by_session_id(credential)
    }
}
