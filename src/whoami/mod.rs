//! Who is asking: from a credential to session facts.
//!
//! [`Credential::from_headers`] reads the one credential of a request, an [`IdentityService`]
//! says what it is worth, and the [`Resolver`] stands between: it caches session facts (never
//! decisions), lets concurrent requests share one question, and forgets on demand without a race.

mod cache;
mod claims;
mod config;
mod credential;
mod document;
mod error;
mod evictions;
mod flights;
mod headers;
mod key;
mod kratos;
mod numbers;
mod question;
mod record;
mod resolution;
mod resolver;
mod service;
mod store;
mod watcher;

pub use config::{Cache, Config, HeaderSource, Limits};
pub use credential::{AmbiguousCredentials, Credential, CredentialKind, Issuers};
pub use document::{Malformed, read_strictly};
pub use error::{ResolveError, WhoamiError};
pub use kratos::{CircuitBreaker, External, HttpIdentity, NotUsable, WhoamiRequiredAal};
pub use numbers::Numbers;
pub use record::Record;
pub use resolution::{Arrival, CacheUse, Counts, Forget, Freshness, Resolution, Resolved};
pub use resolver::Resolver;
pub use service::{Answer, Asking, Ending, IdentityService, Said, Session};
pub use watcher::Watcher;
