//! Where requests can wait beside this process' own memory.

use std::pin::Pin;

use jiff::Timestamp;

use super::Unavailable;

/// A request to keep. What is in it is sealed already.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// SHA-256 of the id that its owner holds.
    pub id: [u8; 32],
    /// Whose it is, as far as limits go.
    pub client: [u8; 32],
    /// What it is about.
    pub head: Vec<u8>,
    /// Its body.
    pub body: Vec<u8>,
    /// Now.
    pub created_at: Timestamp,
    /// From here on it is not sent any more.
    pub expires_at: Timestamp,
}

/// How much is kept at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes in all.
    pub bytes: u64,
    /// Open requests of one client; its oldest give way.
    pub per_client: u32,
}

/// A kept request.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is about.
    pub head: Vec<u8>,
    /// Its body, as long as it can be sent.
    pub body: Option<Vec<u8>>,
    /// Whether it was sent.
    pub used: bool,
    /// From here on it is not sent any more.
    pub expires_at: Timestamp,
}

/// An answer of a shelf.
pub type Shelved<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send + 'a>>;

/// Keeps rows where other processes find them too.
pub trait Shelf: Send + Sync {
    /// Keeps a request. `false` when there is no room.
    fn keep(&self, row: NewRow, limits: Limits) -> Shelved<'_, bool>;
    /// What is kept under an id.
    fn find(&self, id: [u8; 32]) -> Shelved<'_, Option<Row>>;
    /// Takes a request, once; whether this was the time.
    fn take(&self, id: [u8; 32], now: Timestamp) -> Shelved<'_, bool>;
}
