//! An axum service with Stepgate's decision in front of itself: no proxy, no second process.
//!
//! ```console
//! $ stepgate demo --port 4455 &
//! $ cargo run --example axum -- http://localhost:4455/auth 127.0.0.1:3000
//! $ curl -i http://localhost:3000/account
//! ```

use std::net::SocketAddr;

use axum::routing::get;
use axum::{Extension, Router};
use stepgate::layer::{Gate, GateError, GateLayer, Verified};

/// Who may see what. Rules of a layer name no upstream.
const RULES: &str = r"
rules:
  - { id: home, match: { path: / }, required_aal: none, identify: true }
  - { id: account, match: { path: /account/** }, required_aal: aal1 }
  - { id: transfer, match: { path: /transfer/** }, required_aal: aal2, max_age: 10m }
";

/// The service, which asks the identity service at `identity` who its visitors are.
///
/// # Errors
/// The address is none, or the rules are wrong.
pub(crate) fn service(identity: &str, public_url: &str) -> Result<Router, GateError> {
    let gate = Gate::behind_kratos(identity)?
        .public_url(public_url)
        .rules_text("rules.yaml", RULES)
        .start(tokio::runtime::Handle::current())?;
    Ok(Router::new()
        .route("/", get(home))
        .route("/account", get(account))
        .route("/transfer", get(transfer))
        .layer(GateLayer::new(gate)))
}

async fn home(who: Option<Extension<Verified>>) -> String {
    match who {
        Some(Extension(who)) => format!("welcome back, {}", who.identity_id()),
        None => "welcome".to_owned(),
    }
}

async fn account(Extension(who): Extension<Verified>) -> String {
    format!("the account of {}", who.identity_id())
}

async fn transfer(Extension(who): Extension<Verified>) -> String {
    format!(
        "{} may transfer: the session is at {}",
        who.identity_id(),
        who.aal()
    )
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: axum IDENTITY_URL LISTEN_ADDRESS";
    let identity = arguments.next().ok_or(usage)?;
    let address: SocketAddr = arguments.next().ok_or(usage)?.parse()?;
    let app = service(&identity, &format!("http://localhost:{}", address.port()))?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await?;
    Ok(())
}
