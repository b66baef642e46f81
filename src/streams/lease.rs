//! What a stream runs under.

use std::sync::Arc;

use http::HeaderMap;

use crate::policy::{Permit, Request, RuleId};
use crate::whoami::{Credential, Record};

/// What a stream runs under: the request that was allowed, by which rule, for whom.
///
/// Made from the [`Permit`] that let the request through, and holds no generation of rules: the
/// rule is found again whenever the stream is looked at.
#[derive(Debug)]
pub struct Lease {
    pub(super) request: Request,
    pub(super) headers: Option<Arc<HeaderMap>>,
    pub(super) rule: RuleId,
    pub(super) generation: u64,
    pub(super) credential: Option<Credential>,
    pub(super) session: Option<Arc<Record>>,
}

impl Lease {
    /// A lease in place of the permit, for an answer that has begun. `headers` are the request's,
    /// where the rules in force look at headers.
    #[must_use]
    pub fn from_permit(
        permit: Permit,
        headers: Option<Arc<HeaderMap>>,
        credential: Option<Credential>,
        session: Option<Arc<Record>>,
    ) -> Self {
        let rule = permit.rule().id().clone();
        let generation = permit.rules().number();
        Self {
            request: permit.into_request(),
            headers,
            rule,
            generation,
            credential,
            session,
        }
    }

    /// A lease beside the permit, for a request whose answer is still awaited.
    #[must_use]
    pub fn beside(
        permit: &Permit,
        headers: Option<Arc<HeaderMap>>,
        credential: Option<Credential>,
        session: Option<Arc<Record>>,
    ) -> Self {
        Self {
            request: permit.request().clone(),
            headers,
            rule: permit.rule().id().clone(),
            generation: permit.rules().number(),
            credential,
            session,
        }
    }

    /// The rule that allowed the request, or allowed it again since.
    #[must_use]
    pub const fn rule(&self) -> &RuleId {
        &self.rule
    }

    /// The session it belongs to; `None`: it was opened without one.
    #[must_use]
    pub const fn session(&self) -> Option<&Arc<Record>> {
        self.session.as_ref()
    }
}
