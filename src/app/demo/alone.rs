//! The bank by itself: an application for a gateway that runs elsewhere.

use std::io;
use std::net::SocketAddr;

use super::{DemoError, bank};
use crate::clock::Clock;

/// Takes the address, and gives what serves the bank there until it is dropped.
///
/// # Errors
///
/// The address can't be used.
pub(in crate::app) async fn open(
    listen: SocketAddr,
    clock: Clock,
) -> Result<(SocketAddr, impl Future<Output = io::Result<()>>), DemoError> {
    let taken = |source| DemoError::Listen {
        address: listen,
        source,
    };
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    let bank = bank::router(clock, None);
    Ok((address, async move { axum::serve(listener, bank).await }))
}
