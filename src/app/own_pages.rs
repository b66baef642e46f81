//! The gateway's own path, `/.well-known/stepgate/`: what pages link to.

use std::sync::Arc;

use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};

use crate::minting::Minter;
use crate::pages::{ASSET_PREFIX, Pages};

/// Serves the style sheet, the script and the icons, on every host.
pub(super) fn router(pages: Arc<Pages>) -> Router {
    Router::new()
        .route(&format!("{ASSET_PREFIX}{{file}}"), get(asset))
        .with_state(pages)
}

/// The same with the keys that verify identity tokens.
pub(super) fn router_with_keys(pages: Arc<Pages>, minter: Minter) -> Router {
    let keys = Router::new()
        .route("/.well-known/jwks.json", get(keys))
        .route("/.well-known/stepgate/jwks.json", get(keys))
        .with_state(minter);
    router(pages).merge(keys)
}

/// Verifiers ask again for a key that they don't know, so they need not ask often.
async fn keys(State(minter): State<Minter>) -> Response {
    let headers: [(HeaderName, &'static str); 3] = [
        (CONTENT_TYPE, "application/jwk-set+json"),
        (CACHE_CONTROL, "public, max-age=60"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, minter.published_keys()).into_response()
}

async fn asset(State(pages): State<Arc<Pages>>, OriginalUri(uri): OriginalUri) -> Response {
    let Some(asset) = pages.asset(uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers: [(HeaderName, &'static str); 3] = [
        (CONTENT_TYPE, asset.content_type()),
        (CACHE_CONTROL, asset.cache_control()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.body()).into_response()
}
