//! How far the verification of an address has come.

use jiff::Timestamp;
use sqlx::FromRow;

use super::pool::Transaction;
use super::row::{micros, read_json, write_json};
use super::sql::query;
use super::{Store, StoreError};
use crate::identity::{Channel, IdentityId, VerifiableAddress, VerificationStatus};

/// A verifiable address that something was sent to, or that was shown to be its owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentAddress {
    /// Whose it is.
    pub identity: IdentityId,
    /// How it is reached.
    pub via: Channel,
    /// The address.
    pub value: String,
    /// When.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct Addresses {
    revision: i64,
    verifiable_addresses: String,
}

/// How often a change is tried anew after somebody else's.
const TRIES: usize = 5;

impl Store {
    /// Notes that the owner of an address showed that they read what was sent to it. `false` when
    /// the identity has no such address any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn verify_address(&self, address: &SentAddress) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let mut tx = self.begin().await?;
            let changed = change(&mut tx, address, |one| {
                one.verified = true;
                one.status = VerificationStatus::Completed;
                one.verified_at = Some(address.at);
            });
            match changed.await? {
                Changed::Done => {
                    tx.commit().await?;
                    return Ok(true);
                }
                Changed::Gone => return Ok(false),
                Changed::Stale => {}
            }
        }
        Err(StoreError::Stale)
    }

    /// Notes within a transaction that something was sent.
    pub(super) async fn note_sent(
        &self,
        tx: &mut Transaction,
        address: &SentAddress,
    ) -> Result<(), StoreError> {
        let changed = change(tx, address, |one| {
            if one.status == VerificationStatus::Pending {
                one.status = VerificationStatus::Sent;
            }
        });
        match changed.await? {
            // Somebody else changed the identity this moment. Their change counts, and the mail
            // goes out all the same.
            Changed::Done | Changed::Gone | Changed::Stale => Ok(()),
        }
    }
}

enum Changed {
    Done,
    Gone,
    Stale,
}

async fn change(
    tx: &mut Transaction,
    address: &SentAddress,
    apply: impl Fn(&mut VerifiableAddress),
) -> Result<Changed, StoreError> {
    let statement = "SELECT revision, verifiable_addresses FROM identities WHERE id = $1";
    let row: Option<Addresses> = query(statement)
        .bind(address.identity.uuid())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else {
        return Ok(Changed::Gone);
    };
    let mut all: Vec<VerifiableAddress> = read_json(&row.verifiable_addresses, "identity")?;
    let found = all
        .iter_mut()
        .find(|one| one.via == address.via && one.value == address.value);
    let Some(one) = found else {
        return Ok(Changed::Gone);
    };
    apply(one);
    one.updated_at = address.at;
    let statement = "UPDATE identities SET verifiable_addresses = $3, revision = revision + 1, \
                     updated_at = $4 WHERE id = $1 AND revision = $2";
    let rows = query(statement)
        .bind(address.identity.uuid())
        .bind(row.revision)
        .bind(write_json(&all, "identity")?)
        .bind(micros(address.at))
        .execute(tx)
        .await?;
    Ok(if rows == 1 {
        Changed::Done
    } else {
        Changed::Stale
    })
}
