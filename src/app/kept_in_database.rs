//! Requests that wait in the identity service's database.

use jiff::Timestamp;

use crate::resume::{Limits, NewRow, Row, Shelf, Shelved, Unavailable};
use crate::store::{KeptLimits, KeptRow, NewKept, Store, StoreError};

impl Shelf for Store {
    fn keep(&self, row: NewRow, limits: Limits) -> Shelved<'_, bool> {
        let NewRow {
            id,
            client,
            head,
            body,
            created_at,
            expires_at,
        } = row;
        let kept = NewKept {
            id,
            client,
            head,
            body,
            created_at,
            expires_at,
        };
        let Limits { bytes, per_client } = limits;
        let limits = KeptLimits { bytes, per_client };
        Box::pin(async move { told(self.keep_request(kept, limits).await) })
    }

    fn find(&self, id: [u8; 32]) -> Shelved<'_, Option<Row>> {
        let row = |kept: KeptRow| Row {
            head: kept.head,
            body: kept.body,
            used: kept.used,
            expires_at: kept.expires_at,
        };
        Box::pin(async move { Ok(told(self.kept_request(id).await)?.map(row)) })
    }

    fn take(&self, id: [u8; 32], now: Timestamp) -> Shelved<'_, bool> {
        Box::pin(async move { told(self.take_kept_request(id, now).await) })
    }
}

fn told<T>(done: Result<T, StoreError>) -> Result<T, Unavailable> {
    done.map_err(|error| {
        tracing::error!(%error, "kept requests can't be reached");
        Unavailable
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use http::{HeaderMap, Method};
    use tokio::runtime::Handle;

    use super::*;
    use crate::clock::Clock;
    use crate::keyring::Keyring;
    use crate::resume::{Client, Config, Found, Holder, Keeper, Kept, KeptBody, ResumeId};
    use crate::store::Dsn;

    async fn keeper() -> (Keeper, Clock) {
        let store = Store::open(&Dsn::Memory, Keyring::ephemeral())
            .await
            .unwrap();
        let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        let keys = store.keys().clone();
        let shelf = Some((Arc::new(store) as Arc<dyn Shelf>, keys));
        let keeper = Keeper::new(Config::default(), shelf, Handle::current(), clock.clone());
        (keeper, clock)
    }

    fn kept() -> Kept {
        let request = (&Method::POST, "https://a.test", "/x?y=1");
        let holder = Holder::Session("s".to_owned());
        let headers = HeaderMap::new();
        Kept::new(request, "https://a.test/form", "rule", holder, &headers)
    }

    async fn keep(keeper: &Keeper) -> ResumeId {
        let id = ResumeId::random();
        let body = KeptBody::from_static(b"hello \x00");
        let done = keeper.keep(&id, kept(), body, Client::Session("s")).await;
        done.unwrap();
        id
    }

    #[tokio::test]
    async fn a_request_in_the_database_is_taken_once_and_then_known_as_sent() {
        let (keeper, _) = keeper().await;
        let id = keep(&keeper).await;
        let Found::Waiting(found, body) = keeper.find(&id).await.unwrap() else {
            panic!("it waits")
        };
        assert_eq!((*found, &*body), (kept(), &b"hello \x00"[..]));
        assert!(keeper.take(&id).await.unwrap());
        assert!(!keeper.take(&id).await.unwrap());
        assert!(matches!(keeper.find(&id).await, Ok(Found::Sent(_))));
        let other = ResumeId::random();
        assert!(matches!(keeper.find(&other).await, Ok(Found::Nothing)));
        assert!(!keeper.take(&other).await.unwrap());
    }

    #[tokio::test]
    async fn what_waited_too_long_in_the_database_is_not_sent() {
        let (keeper, clock) = keeper().await;
        let id = keep(&keeper).await;
        clock.advance(Duration::from_secs(600));
        assert!(matches!(keeper.find(&id).await, Ok(Found::Expired(_))));
        assert!(!keeper.take(&id).await.unwrap());
    }

    #[tokio::test]
    async fn the_oldest_of_a_client_gives_way_in_the_database_too() {
        let (keeper, clock) = keeper().await;
        let mut ids = Vec::new();
        for _ in 0..4 {
            clock.advance(Duration::from_secs(1));
            ids.push(keep(&keeper).await);
        }
        assert!(matches!(keeper.find(&ids[0]).await, Ok(Found::Nothing)));
        for id in ids.iter().skip(1) {
            assert!(matches!(keeper.find(id).await, Ok(Found::Waiting(..))));
        }
    }
}
