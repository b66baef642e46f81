use rstest::rstest;

use super::Backend::{Postgres, Sqlite};
use super::*;

#[rstest]
#[tokio::test]
async fn pages_of_sessions_and_identities_cover_everything_once(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let mut identities = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        let (identity, _) = stored(&store, &format!("{name}@bank.example")).await;
        signed_in(&store, &identity).await;
        identities.push(identity.id);
    }
    identities.sort();
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store
            .identities(&IdentityFilter::All, after, 2)
            .await
            .unwrap();
        seen.extend(page.items.iter().map(|account| account.identity.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, identities);
    let (mut after, mut count) = (None, 0);
    loop {
        let page = store
            .sessions(SessionFilter::default(), after, 2)
            .await
            .unwrap();
        count += page.items.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(count, 5);
    let filter = IdentityFilter::SimilarIdentifier("C@BANK".to_owned());
    assert_eq!(
        store
            .identities(&filter, None, 10)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    let filter = IdentityFilter::SimilarIdentifier("%".to_owned());
    assert_eq!(
        store
            .identities(&filter, None, 10)
            .await
            .unwrap()
            .items
            .len(),
        0
    );
}
