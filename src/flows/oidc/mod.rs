//! Signing in, signing up and linking with OpenID Connect providers.
//!
//! The way: a submit names a provider; what is to come back (state, nonce, PKCE verifier, flow) is
//! parked behind a cookie of this browser; the provider sends the person to the callback, which
//! takes what was parked by one write that asks for cookie and state at once, fetches the tokens,
//! and checks the ID token. Then it is a sign-in, a sign-up or a link like any other.

mod callback;
mod claims;
mod id_token;
mod linking;
mod provider;
mod settings;
mod sign_in;
mod sign_up;
mod start;

use serde_json::Value;

use crate::aal::{Aal, AuthenticationMethod};
use crate::identity::AmrEntry;
use crate::identity::credential::oidc::{FirstTokens, identifier};
use crate::identity::settings::OidcProvider;

pub(super) use linking::PendingLink;
pub(super) use provider::Providers;
pub(super) use settings::LinkChange;

/// Somebody, as a provider knows them.
pub(super) struct Upstream {
    /// The provider's id.
    provider: String,
    /// Who they are there.
    subject: String,
    /// All claims.
    claims: Value,
    /// `acr` of the ID token.
    acr: Option<String>,
    /// `amr` of the ID token.
    amr: Vec<String>,
    /// What came with it.
    tokens: FirstTokens,
}

impl Upstream {
    fn identifier(&self) -> String {
        identifier(&self.provider, &self.subject)
    }

    /// What signing in this way counts for.
    fn step(&self, provider: &OidcProvider, now: jiff::Timestamp) -> AmrEntry {
        let by_acr = self
            .acr
            .as_ref()
            .is_some_and(|acr| !acr.is_empty() && provider.aal2_acr_values.contains(acr));
        let known = &provider.aal2_amr_values;
        let by_amr = self.amr.iter().any(|method| known.contains(method));
        let aal = if by_acr || by_amr {
            Aal::Aal2
        } else {
            Aal::Aal1
        };
        AmrEntry {
            provider: Some(self.provider.clone()),
            upstream_acr: self.acr.clone(),
            upstream_amr: self.amr.clone(),
            ..AmrEntry::new(AuthenticationMethod::Oidc, aal, now)
        }
    }
}
