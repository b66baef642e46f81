//! Lists for the admin API, page by page.

use jiff::Timestamp;
use uuid::Uuid;

use super::row::{IdentityRow, SessionRow, micros, select_identities, select_sessions};
use super::sql::{query, query_scalar};
use super::{Account, Store, StoreError};
use crate::identity::{IdentityId, Session, SessionId};

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T, P> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<P>,
}

/// Which identities are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityFilter {
    /// All of them.
    All,
    /// Those with these ids, whatever else there is.
    Ids(Vec<IdentityId>),
    /// Those with a credential of exactly this identifier, folded.
    Identifier(String),
    /// Those with a credential whose identifier begins or goes on like this.
    SimilarIdentifier(String),
    /// Those of an organization.
    Organization(Uuid),
}

/// Which sessions are meant, and whether `active` matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Those that count at the given time, or those that do not.
    pub active: Option<(bool, Timestamp)>,
}

impl Store {
    /// A page of identities in the order of their ids, after the identity `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn identities(
        &self,
        filter: &IdentityFilter,
        after: Option<IdentityId>,
        count: u32,
    ) -> Result<Page<Account, IdentityId>, StoreError> {
        // One more than asked for tells whether there is a next page.
        let limit = i64::from(count) + 1;
        let after = after.map_or(Uuid::nil(), IdentityId::uuid);
        let rows: Vec<IdentityRow> = match filter {
            IdentityFilter::All => {
                query(select_identities!("WHERE id > $1 ORDER BY id LIMIT $2"))
                    .bind(after)
                    .bind(limit)
                    .fetch_all(&self.reader)
                    .await?
            }
            IdentityFilter::Ids(ids) => self.identity_rows(ids).await?,
            IdentityFilter::Identifier(identifier) => {
                let statement = select_identities!(
                    "WHERE id > $1 AND id IN \
                    (SELECT identity_id FROM identifiers WHERE identifier = $3 OR identifier = $4) \
                    ORDER BY id LIMIT $2"
                );
                query(statement)
                    .bind(after)
                    .bind(limit)
                    .bind(identifier)
                    .bind(identifier.trim().to_lowercase())
                    .fetch_all(&self.reader)
                    .await?
            }
            IdentityFilter::SimilarIdentifier(part) => {
                let statement = select_identities!(
                    "WHERE id > $1 AND id IN \
                    (SELECT identity_id FROM identifiers WHERE identifier LIKE $3 ESCAPE '!') \
                    ORDER BY id LIMIT $2"
                );
                query(statement)
                    .bind(after)
                    .bind(limit)
                    .bind(format!("%{}%", like_literal(part)))
                    .fetch_all(&self.reader)
                    .await?
            }
            IdentityFilter::Organization(organization) => {
                let statement = select_identities!(
                    "WHERE id > $1 \
                    AND organization_id = $3 ORDER BY id LIMIT $2"
                );
                query(statement)
                    .bind(after)
                    .bind(limit)
                    .bind(organization)
                    .fetch_all(&self.reader)
                    .await?
            }
        };
        self.identity_page(rows, count).await
    }

    async fn identity_rows(&self, ids: &[IdentityId]) -> Result<Vec<IdentityRow>, StoreError> {
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let row: Option<IdentityRow> = query(select_identities!("WHERE id = $1"))
                .bind(id.uuid())
                .fetch_optional(&self.reader)
                .await?;
            rows.extend(row);
        }
        rows.sort_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        Ok(rows)
    }

    async fn identity_page(
        &self,
        rows: Vec<IdentityRow>,
        count: u32,
    ) -> Result<Page<Account, IdentityId>, StoreError> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let more = rows.len() > count;
        let mut items = Vec::with_capacity(rows.len().min(count));
        for row in rows.into_iter().take(count) {
            items.push(self.with_credentials(row.read()?).await?);
        }
        let last = items.last().map(|account| account.identity.id);
        Ok(Page {
            next: last.filter(|_| more),
            items,
        })
    }

    /// The identities of a numbered page, and how many there are in all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn identities_at(
        &self,
        skip: u32,
        count: u32,
    ) -> Result<(Vec<Account>, u64), StoreError> {
        let total: i64 = query_scalar("SELECT COUNT(*) FROM identities")
            .fetch_one(&self.reader)
            .await?;
        let rows: Vec<IdentityRow> = query(select_identities!("ORDER BY id LIMIT $1 OFFSET $2"))
            .bind(i64::from(count))
            .bind(i64::from(skip))
            .fetch_all(&self.reader)
            .await?;
        let page = self.identity_page(rows, count).await?;
        Ok((page.items, u64::try_from(total).unwrap_or(0)))
    }

    /// A page of sessions, newest first, after the session `after` (when it was opened, and its
    /// id).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions(
        &self,
        filter: SessionFilter,
        after: Option<(Timestamp, SessionId)>,
        count: u32,
    ) -> Result<Page<Session, (Timestamp, SessionId)>, StoreError> {
        let wanted = filter.active.map(|(wanted, _)| i64::from(wanted));
        let at = filter.active.map_or(0, |(_, at)| micros(at));
        let statement = select_sessions!(
            "WHERE \
            ($1 IS NULL OR issued_at < $1 OR (issued_at = $1 AND id < $2)) \
            AND ($3 IS NULL OR (CASE WHEN active = 1 AND expires_at > $4 THEN 1 ELSE 0 END) = $3) \
            ORDER BY issued_at DESC, id DESC LIMIT $5"
        );
        let rows: Vec<SessionRow> = query(statement)
            .bind(after.map(|(at, _)| micros(at)))
            .bind(after.map(|(_, id)| id.uuid()))
            .bind(wanted)
            .bind(at)
            .bind(i64::from(count) + 1)
            .fetch_all(&self.reader)
            .await?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let more = rows.len() > count;
        let items: Result<Vec<Session>, StoreError> =
            rows.into_iter().take(count).map(SessionRow::read).collect();
        let items = items?;
        let last = items.last().map(|session| (session.issued_at, session.id));
        Ok(Page {
            next: last.filter(|_| more),
            items,
        })
    }
}

fn like_literal(part: &str) -> String {
    let mut out = String::new();
    for letter in part.trim().to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            out.push('!');
        }
        out.push(letter);
    }
    out
}
