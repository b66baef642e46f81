//! Kept requests in this process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::{Limits, NewRow, Row};

/// Who comes back late is told so for an hour.
const TOLD: Duration = Duration::from_secs(3600);

/// The same as the table of the database, with the same answers.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Rows>);

#[derive(Debug, Default)]
struct Rows {
    by_id: HashMap<[u8; 32], Held>,
    /// Bytes of all heads and bodies.
    bytes: u64,
}

#[derive(Debug)]
struct Held {
    client: [u8; 32],
    head: Vec<u8>,
    body: Option<Vec<u8>>,
    used: bool,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl Held {
    fn size(&self) -> u64 {
        let body = self.body.as_ref().map_or(0, Vec::len);
        (self.head.len() + body) as u64
    }

    fn is_open(&self, now: Timestamp) -> bool {
        !self.used && self.expires_at > now
    }
}

impl Memory {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a request. `false` when there is no room.
    pub(super) fn keep(&self, kept: NewRow, limits: Limits) -> bool {
        let now = kept.created_at;
        let mut rows = self.rows();
        rows.tidy(now);
        rows.make_way(&kept.client, limits.per_client, now);
        let row = Held {
            client: kept.client,
            head: kept.head,
            body: Some(kept.body),
            used: false,
            created_at: now,
            expires_at: kept.expires_at,
        };
        if rows.bytes.saturating_add(row.size()) > limits.bytes {
            rows.drop_if(|row| !row.is_open(now));
        }
        if rows.bytes.saturating_add(row.size()) > limits.bytes {
            return false;
        }
        rows.bytes = rows.bytes.saturating_add(row.size());
        rows.by_id.insert(kept.id, row);
        true
    }

    pub(super) fn find(&self, id: [u8; 32]) -> Option<Row> {
        let rows = self.rows();
        let row = rows.by_id.get(&id)?;
        Some(Row {
            head: row.head.clone(),
            body: row.body.clone(),
            used: row.used,
            expires_at: row.expires_at,
        })
    }

    /// Takes a request, once.
    pub(super) fn take(&self, id: [u8; 32], now: Timestamp) -> bool {
        let mut rows = self.rows();
        let Some(row) = rows.by_id.get_mut(&id).filter(|row| row.is_open(now)) else {
            return false;
        };
        row.used = true;
        let freed = row.body.take().map_or(0, |body| body.len() as u64);
        rows.bytes = rows.bytes.saturating_sub(freed);
        true
    }
}

impl Rows {
    fn drop_if(&mut self, is_gone: impl Fn(&Held) -> bool) {
        let mut freed: u64 = 0;
        self.by_id.retain(|_, row| {
            let gone = is_gone(row);
            freed += if gone { row.size() } else { 0 };
            !gone
        });
        self.bytes = self.bytes.saturating_sub(freed);
    }

    /// Forgets bodies that came too late, and later that there were any.
    fn tidy(&mut self, now: Timestamp) {
        self.drop_if(|row| later(row.expires_at, TOLD) <= now);
        let late = self.by_id.values_mut().filter(|row| row.expires_at <= now);
        let freed: usize = late
            .filter_map(|row| row.body.take())
            .map(|it| it.len())
            .sum();
        self.bytes = self.bytes.saturating_sub(freed as u64);
    }

    /// The oldest open requests of a client give way to its next one.
    fn make_way(&mut self, client: &[u8; 32], per_client: u32, now: Timestamp) {
        let open = self.by_id.iter();
        let open = open.filter(|(_, row)| row.client == *client && row.is_open(now));
        let mut open: Vec<_> = open.map(|(id, row)| (row.created_at, *id)).collect();
        open.sort_unstable();
        let keep = usize::try_from(per_client.saturating_sub(1)).unwrap_or(usize::MAX);
        let over = open.len().saturating_sub(keep);
        for (_, id) in open.into_iter().take(over) {
            if let Some(row) = self.by_id.remove(&id) {
                self.bytes = self.bytes.saturating_sub(row.size());
            }
        }
    }
}

/// `at` moved forward by `by`; the end of time when that overflows.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
