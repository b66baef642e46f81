//! Places in paged lists, sealed: a token tells nothing of what is in the list.

use jiff::Timestamp;
use uuid::Uuid;

use super::answer::Refusal;
use crate::contract::Problem;
use crate::keyring::{Keyring, Purpose};

/// The token of a place; `list` keeps the tokens of different lists apart.
pub(super) fn seal(keys: &Keyring, list: &str, at: Timestamp, id: Uuid) -> Result<String, Refusal> {
    let mut plain = at.as_microsecond().to_be_bytes().to_vec();
    plain.extend_from_slice(id.as_bytes());
    keys.seal_text(Purpose::Pagination, list.as_bytes(), &plain)
        .ok_or_else(|| Problem::internal().into())
}

/// The token of the place before everything.
pub(super) fn seal_first(keys: &Keyring, list: &str) -> Result<String, Refusal> {
    seal(keys, list, Timestamp::MAX, Uuid::max())
}

/// The place that a token is for.
pub(super) fn open(keys: &Keyring, list: &str, token: &str) -> Result<(Timestamp, Uuid), Refusal> {
    let open = || {
        let plain = keys.open_text(Purpose::Pagination, list.as_bytes(), token)?;
        let (at, id) = plain.split_first_chunk::<8>()?;
        let at = Timestamp::from_microsecond(i64::from_be_bytes(*at)).ok()?;
        Some((at, Uuid::from_slice(id).ok()?))
    };
    open().ok_or_else(|| Refusal::bad_request("The page_token can not be read."))
}
