//! `stepgate demo`: everything in one process on this machine, with a small bank to protect.
//!
//! [`Demo::prepare`] writes a configuration, rules and an identity schema into a folder and takes
//! ports; the program then starts from that configuration as it would from any other. Once it
//! runs, [`Demo::welcome`] makes the ready users and prints the tour.

pub(super) mod alone;
mod bank;
mod desk;
mod folder;
mod guide;
mod ports;
mod run;
mod tour;
mod users;

pub use self::run::{run, run_bank};

use std::future::Future;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{Method, StatusCode};

use self::folder::{Addresses, Folder};
use self::guide::{Guide, Urls};
use self::users::Users;
use super::{AdminClient, AdminError, DemoOptions};
use crate::clock::Clock;
use crate::courier::Desk;

/// The gateway's port unless another is asked for.
pub const DEFAULT_PORT: u16 = 4455;

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder can't be used.
    #[error("the folder {} can't be used", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The port is taken.
    #[error("port {port} can't be used; choose another with --port, or a free one with --port 0")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The address of a bank by itself is taken.
    #[error("{address} can't be used; choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No port at all is free.
    #[error("no port is free")]
    NoPort(#[source] io::Error),
    /// A ready user could not be made.
    #[error("the ready users could not be made")]
    Users(#[from] AdminError),
    /// Standard output is closed.
    #[error("the tour could not be printed")]
    Print(#[source] io::Error),
}

/// A demo whose files are written and whose bank has a socket.
pub struct Demo {
    options: DemoOptions,
    folder: Folder,
    addresses: Addresses,
    users: Users,
    bank: TcpListener,
}

impl Demo {
    /// Writes the files and takes the ports.
    ///
    /// # Errors
    ///
    /// The folder can't be written, or a port is taken.
    pub fn prepare(options: DemoOptions) -> Result<Self, DemoError> {
        let port = options.port.unwrap_or(DEFAULT_PORT);
        let bank = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(DemoError::NoPort)?;
        bank.set_nonblocking(true).map_err(DemoError::NoPort)?;
        let addresses = Addresses {
            proxy: ports::proxy(port).map_err(|source| DemoError::Port { port, source })?,
            admin: ports::admin(port == 0).map_err(DemoError::NoPort)?,
            bank: bank.local_addr().map_err(DemoError::NoPort)?,
        };
        let (folder, users) =
            open(options.data.as_deref(), &addresses).map_err(|source| DemoError::Folder {
                path: options.data.clone().unwrap_or_else(std::env::temp_dir),
                source,
            })?;
        Ok(Self {
            options,
            folder,
            addresses,
            users,
            bank,
        })
    }

    /// The configuration to start from.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder.configuration()
    }

    /// Takes the mail of the demo.
    #[must_use]
    pub fn desk(&self) -> Arc<dyn Desk> {
        desk::Teller::desk(self.options.json, self.options.styled)
    }

    fn guide(&self) -> Guide {
        let port = self.addresses.port();
        let auth = format!("http://localhost:{port}/auth/self-service");
        Guide {
            urls: Urls {
                bank: format!("http://localhost:{port}/"),
                login: format!("{auth}/login/browser"),
                settings: format!("{auth}/settings/browser"),
                admin: format!("http://{}/", self.addresses.admin),
                mailbox: format!("http://localhost:{port}/auth/mailbox"),
            },
            users: self.users.guide(),
        }
    }

    /// Serves the bank until the returned future is dropped. To be called, and polled, inside a
    /// runtime.
    ///
    /// # Errors
    ///
    /// The socket can't be handed to the runtime.
    pub fn bank(
        &self,
        clock: Clock,
    ) -> io::Result<impl Future<Output = io::Result<()>> + Send + 'static> {
        let listener = tokio::net::TcpListener::from_std(self.bank.try_clone()?)?;
        let bank = bank::router(clock, Some(self.guide()));
        Ok(async move { axum::serve(listener, bank).await })
    }

    /// Makes the ready users, once the gateway and its admin API listen, and prints the tour.
    ///
    /// # Errors
    ///
    /// The admin API refuses, or standard output is closed.
    pub async fn welcome(&self, clock: &Clock) -> Result<(), DemoError> {
        let admin = AdminClient::new(&format!("http://{}", self.addresses.admin), None)?;
        for identity in self.users.import_bodies() {
            import(&admin, &identity).await?;
        }
        let guide = self.guide();
        let told = if self.options.json {
            format!("{}\n", tour::json(&guide))
        } else {
            tour::text(&guide, &self.folder, clock.wall())
        };
        let told = if self.options.styled {
            told
        } else {
            anstream::adapter::strip_str(&told).to_string()
        };
        let mut out = io::stdout().lock();
        out.write_all(told.as_bytes())
            .and_then(|()| out.flush())
            .map_err(DemoError::Print)?;
        if self.options.open {
            open_in_browser(&format!("{}guide", guide.urls.bank));
        }
        Ok(())
    }
}

fn open(data: Option<&Path>, addresses: &Addresses) -> io::Result<(Folder, Users)> {
    let folder = Folder::open(data)?;
    folder.write(addresses)?;
    let users = Users::open(folder.path())?;
    Ok((folder, users))
}

/// Asks the desktop to show an address. A machine without a desktop does nothing.
fn open_in_browser(url: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let started = std::process::Command::new(program)
        .arg(url)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    if let Err(error) = started {
        tracing::warn!(program, %error, "the browser could not be opened");
    }
}

/// Makes an identity; one that is there already is left alone.
async fn import(admin: &AdminClient, identity: &serde_json::Value) -> Result<(), AdminError> {
    let path = ["admin", "identities"];
    let made = admin.call(Method::POST, &path, &[], Some(identity)).await;
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.status() == Some(StatusCode::CONFLICT) => Ok(()),
        Err(error) => Err(error),
    }
}
