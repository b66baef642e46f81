//! `selfservice.methods.oidc`: OpenID Connect providers.

use serde_json::Value;

use crate::jsonnet::Snippet;
use crate::secret::SecretString;

/// Signing in with other providers.
#[derive(Clone, Debug, Default)]
pub struct OidcSettings {
    /// Whether it is on.
    pub enabled: bool,
    /// In place of the public URL in redirect URIs.
    pub base_redirect_uri: Option<String>,
    /// The providers, in the order of their buttons.
    pub providers: Vec<OidcProvider>,
}

impl OidcSettings {
    /// The provider of this id, if the method is on.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&OidcProvider> {
        self.offered().find(|provider| provider.id == id)
    }

    /// The providers that people can choose.
    pub fn offered(&self) -> impl Iterator<Item = &OidcProvider> {
        self.providers.iter().filter(|_| self.enabled)
    }
}

/// An OpenID Connect provider.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    /// Names it; part of the identifiers of credentials.
    pub id: String,
    /// What buttons call it.
    pub label: String,
    /// Our id there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: SecretString,
    /// Its issuer, under which it describes itself.
    pub issuer_url: String,
    /// In place of the authorization endpoint that it describes.
    pub auth_url: Option<String>,
    /// In place of the token endpoint that it describes.
    pub token_url: Option<String>,
    /// Scopes besides `openid`.
    pub scopes: Vec<String>,
    /// From its claims to an identity.
    pub mapper: Snippet,
    /// The `claims` parameter.
    pub requested_claims: Option<Value>,
    /// Where claims come from.
    pub claims_source: ClaimsSource,
    /// Whether PKCE is used.
    pub pkce: Pkce,
    /// Whether an account with the same address, verified on both sides, is linked without asking.
    pub links_automatically: bool,
    /// Whether each sign-in maps the claims anew.
    pub updates_identity: bool,
    /// Values of `acr` that count for two factors.
    pub aal2_acr_values: Vec<String>,
    /// Values of `amr` that count for two factors.
    pub aal2_amr_values: Vec<String>,
    /// Audiences of ID tokens that native clients bring, besides our id.
    pub more_audiences: Vec<String>,
}

/// Where claims come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClaimsSource {
    /// The ID token.
    #[default]
    IdToken,
    /// The userinfo endpoint.
    Userinfo,
}

/// Whether PKCE is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pkce {
    /// Where the provider says that it knows it.
    #[default]
    Auto,
    /// Never.
    Never,
    /// Always; the redirect URI then does not name the provider, as in Kratos.
    Force,
}
