//! A running Kratos as the identity service.

use std::sync::Arc;

use http::Uri;

use super::StartError;
use crate::clock::Clock;
use crate::config;
use crate::whoami::{self, HttpIdentity, IdentityService};

/// A client of the Kratos that `external` names.
pub(super) fn service(
    external: &config::External,
    clock: Clock,
) -> Result<Arc<dyn IdentityService>, StartError> {
    let uri = |url: &url::Url| {
        let text = url.as_str().trim_end_matches('/');
        text.parse::<Uri>()
            .map_err(|source| StartError::IdentityUrl {
                url: text.into(),
                source,
            })
    };
    let external = whoami::External {
        public_url: uri(&external.public_url)?,
        admin_url: external.admin_url.as_ref().map(uri).transpose()?,
        admin_headers: external.admin_headers.clone(),
        session_cookie: external.session_cookie.clone(),
        whoami_required_aal: match external.whoami_required_aal {
            config::WhoamiRequiredAal::HighestAvailable => {
                whoami::WhoamiRequiredAal::HighestAvailable
            }
            config::WhoamiRequiredAal::Aal1 => whoami::WhoamiRequiredAal::Aal1,
        },
        timeout: external.timeout,
        connections: usize::try_from(external.connections).unwrap_or(usize::MAX),
        circuit_breaker: whoami::CircuitBreaker {
            failures: usize::try_from(external.circuit_breaker.failures).unwrap_or(usize::MAX),
            window: external.circuit_breaker.window,
            open_for: external.circuit_breaker.open_for,
        },
    };
    Ok(Arc::new(HttpIdentity::new(external, clock)?))
}
