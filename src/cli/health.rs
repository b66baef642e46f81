//! `health`: whether a gateway on this machine is ready, for containers whose image has no other
//! program that could ask.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use http::Method;

use super::arguments::HealthArguments;
use super::{Ending, output};
use crate::app::{AdminClient, AdminError};
use crate::config::{self, Environment};

/// A probe that waits longer tells nothing new.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Why nobody can be called ready.
#[derive(Debug, thiserror::Error)]
enum HealthError {
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error("the admin API did not answer within 3 seconds")]
    Late,
    #[error("nothing could be started")]
    Start(#[source] std::io::Error),
    #[error("the admin listener is switched off (`admin.listen: null`), and nothing else can tell")]
    NoListener,
    #[error(
        "the admin listener speaks TLS: give its address by a name that its certificate has, --url https://.."
    )]
    Name,
}

pub(super) fn run(arguments: HealthArguments, environment: &Environment) -> Ending {
    let address = match arguments.url {
        Some(url) => Ok(url),
        None => {
            let flags = &arguments.config.set;
            let loaded = config::load(&arguments.config.config, environment, flags);
            let Some(config) = loaded.config else {
                output::problems(&loaded.problems);
                return Ending::Invalid;
            };
            address_of(&config)
        }
    };
    match address.and_then(|address| ask(&address)) {
        Ok(()) => {
            output::tell("ready\n");
            Ending::Well
        }
        Err(error) => {
            output::failure(&error);
            Ending::Failed
        }
    }
}

/// Where the admin listener of this configuration is asked.
fn address_of(config: &config::Config) -> Result<String, HealthError> {
    let admin = config.admin.as_ref().ok_or(HealthError::NoListener)?;
    match config.admin_tls {
        Some(_) => Err(HealthError::Name),
        None => Ok(format!("http://{}", reachable(admin.listen))),
    }
}

/// An address that connections can be made to.
const fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(address: &str) -> Result<(), HealthError> {
    let client = AdminClient::new(address, None)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(HealthError::Start)?;
    runtime.block_on(async {
        let asking = client.call(Method::GET, &["health", "ready"], &[], None);
        let answered = tokio::time::timeout(TIMEOUT, asking).await;
        answered.map_err(|_| HealthError::Late)??;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:4434", "127.0.0.1:4434"),
            ("[::]:4434", "[::1]:4434"),
            ("10.1.2.3:99", "10.1.2.3:99"),
        ] {
            let listen: SocketAddr = listen.parse().unwrap();
            assert_eq!(reachable(listen).to_string(), asked);
        }
    }
}
