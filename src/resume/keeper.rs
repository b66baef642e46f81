//! Keeps requests, shows them to their holder, and gives each away once.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::runtime::Handle;

use super::id::sha256;
use super::memory::{Memory, later};
use super::{Config, Kept, KeptBody, Limits, NewRow, ResumeId, Row, Shelf};
use crate::clock::Clock;
use crate::keyring::{Keyring, Purpose};

/// What is kept at most, in all and of one client.
const LIMITS: Limits = Limits {
    bytes: 64 * 1024 * 1024,
    per_client: 3,
};

/// Whose request it is, as far as limits go.
#[derive(Clone, Copy, Debug)]
pub enum Client<'a> {
    /// A session's.
    Session(&'a str),
    /// Somebody's at this address.
    Address(IpAddr),
}

/// What is known of an id.
#[derive(Clone, Debug)]
pub enum Found {
    /// Nothing: it never was, or it is long gone.
    Nothing,
    /// It waits.
    Waiting(Box<Kept>, KeptBody),
    /// It was sent.
    Sent(Box<Kept>),
    /// It waited too long.
    Expired(Box<Kept>),
}

/// Why a request was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// There is no room at the moment.
    #[error("there is no room for another request")]
    Full,
    /// It can't be stored.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The place where requests wait does not answer, or what is in it can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kept requests can't be reached")]
pub struct Unavailable;

/// Keeps requests. Cheap to clone.
#[derive(Clone)]
pub struct Keeper(Arc<Shared>);

struct Shared {
    config: Config,
    place: Storage,
    keys: Keyring,
    /// Where all of the work is done: workers only wait for its end.
    runtime: Handle,
    clock: Clock,
}

enum Storage {
    Memory(Memory),
    Shelf(Arc<dyn Shelf>),
}

impl Keeper {
    /// Keeps requests on `shelf`, under these keys; without one in this process, under a key that
    /// ends with it.
    #[must_use]
    pub fn new(
        config: Config,
        shelf: Option<(Arc<dyn Shelf>, Keyring)>,
        runtime: Handle,
        clock: Clock,
    ) -> Self {
        let (keys, place) = match shelf {
            Some((shelf, keys)) => (keys, Storage::Shelf(shelf)),
            None => (Keyring::ephemeral(), Storage::Memory(Memory::default())),
        };
        Self(Arc::new(Shared {
            config,
            place,
            keys,
            runtime,
            clock,
        }))
    }

    /// How much and how long.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Keeps a request under `id`.
    ///
    /// # Errors
    /// It was not kept.
    pub async fn keep(
        &self,
        id: &ResumeId,
        kept: Kept,
        body: KeptBody,
        client: Client<'_>,
    ) -> Result<(), NotKept> {
        let (shared, id, client) = (Arc::clone(&self.0), id.digest(), client.digest());
        let work = async move { shared.keep(id, &kept, &body, client).await };
        self.on_service(work).await?
    }

    /// What is kept under `id`.
    ///
    /// # Errors
    /// Nobody can say.
    pub async fn find(&self, id: &ResumeId) -> Result<Found, Unavailable> {
        let (shared, id) = (Arc::clone(&self.0), id.digest());
        self.on_service(async move { shared.find(id).await })
            .await?
    }

    /// Takes what is kept under `id`, once; whether this was the time.
    ///
    /// # Errors
    /// Nobody can say; then it must not be sent.
    pub async fn take(&self, id: &ResumeId) -> Result<bool, Unavailable> {
        let (shared, id) = (Arc::clone(&self.0), id.digest());
        self.on_service(async move { shared.take(id).await })
            .await?
    }

    /// Proof that the page of `id` was shown to this session.
    #[must_use]
    pub fn proof(&self, id: &ResumeId, session: &str) -> Option<String> {
        let mac = self.0.keys.sign(Purpose::KeptBody, &proven(id, session))?;
        Some(URL_SAFE_NO_PAD.encode(mac))
    }

    /// Whether `proof` is one for this id and session.
    #[must_use]
    pub fn proves(&self, proof: &str, id: &ResumeId, session: &str) -> bool {
        let Ok(mac) = URL_SAFE_NO_PAD.decode(proof) else {
            return false;
        };
        let data = proven(id, session);
        self.0.keys.verify(Purpose::KeptBody, &data, &mac)
    }

    async fn on_service<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let done = self.0.runtime.spawn(work).await;
        done.map_err(|error| {
            tracing::error!(%error, "work on a kept request failed");
            Unavailable
        })
    }
}

fn proven(id: &ResumeId, session: &str) -> Vec<u8> {
    sha256(&[b"shown", &id.digest(), session.as_bytes()]).to_vec()
}

impl Client<'_> {
    fn digest(self) -> [u8; 32] {
        match self {
            Self::Session(id) => sha256(&[b"session", id.as_bytes()]),
            Self::Address(IpAddr::V4(address)) => sha256(&[b"v4", &address.octets()]),
            Self::Address(IpAddr::V6(address)) => {
                // A network is given to one customer.
                let network = u128::from(address) & !u128::from(u64::MAX);
                sha256(&[b"v6", &Ipv6Addr::from(network).octets()])
            }
        }
    }
}

impl Shared {
    async fn keep(
        &self,
        id: [u8; 32],
        kept: &Kept,
        body: &[u8],
        client: [u8; 32],
    ) -> Result<(), NotKept> {
        let now = self.clock.wall();
        let head = serde_json::to_vec(kept).map_err(|_| Unavailable)?;
        let seal = |context: [u8; 32], plain: &[u8]| {
            let sealed = self.keys.seal(Purpose::KeptBody, &context, plain);
            sealed.ok_or(Unavailable)
        };
        let head = seal(context(b"head", id), &head)?;
        // A body belongs to its head: rows can't be mixed.
        let body = seal(kept.digest(&context(b"body", id)), body)?;
        let row = NewRow {
            id,
            client,
            head,
            body,
            created_at: now,
            expires_at: later(now, self.config.expires),
        };
        let has_room = match &self.place {
            Storage::Memory(memory) => memory.keep(row, LIMITS),
            Storage::Shelf(shelf) => shelf.keep(row, LIMITS).await?,
        };
        if has_room { Ok(()) } else { Err(NotKept::Full) }
    }

    async fn find(&self, id: [u8; 32]) -> Result<Found, Unavailable> {
        let row = match &self.place {
            Storage::Memory(memory) => memory.find(id),
            Storage::Shelf(shelf) => shelf.find(id).await?,
        };
        let Some(row) = row else {
            return Ok(Found::Nothing);
        };
        self.open(id, row)
    }

    fn open(&self, id: [u8; 32], row: Row) -> Result<Found, Unavailable> {
        let open = |context: [u8; 32], sealed: &[u8]| {
            let plain = self.keys.open(Purpose::KeptBody, &context, sealed);
            plain.ok_or_else(|| {
                tracing::error!(
                    "a kept request can't be opened: its key is gone, or it is damaged"
                );
                Unavailable
            })
        };
        let head = open(context(b"head", id), &row.head)?;
        let kept: Box<Kept> = serde_json::from_slice(&head).map_err(|_| Unavailable)?;
        if row.used {
            return Ok(Found::Sent(kept));
        }
        match row.body.filter(|_| row.expires_at > self.clock.wall()) {
            None => Ok(Found::Expired(kept)),
            Some(sealed) => {
                let body = open(kept.digest(&context(b"body", id)), &sealed)?;
                Ok(Found::Waiting(kept, body.into()))
            }
        }
    }

    async fn take(&self, id: [u8; 32]) -> Result<bool, Unavailable> {
        let now = self.clock.wall();
        match &self.place {
            Storage::Memory(memory) => Ok(memory.take(id, now)),
            Storage::Shelf(shelf) => shelf.take(id, now).await,
        }
    }
}

fn context(part: &[u8], id: [u8; 32]) -> [u8; 32] {
    sha256(&[part, &id])
}
