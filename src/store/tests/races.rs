//! Everything that may happen once, tried by many at the same moment.

use rstest::rstest;
use tokio::task::JoinSet;

use super::Backend::{Postgres, Sqlite};
use super::*;
use crate::identity::code::{CodePurpose, CodeSecret};
use crate::identity::credential::lookup;
use crate::identity::throttle::{Limit, ThrottleKind};
use crate::identity::{Channel, FlowId, MailId};

/// How many try.
const MANY: usize = 24;

/// What each of many gets that do the same at once.
async fn at_once<R, F>(store: &Store, act: impl Fn(Store, usize) -> F) -> Vec<R>
where
    R: Send + 'static,
    F: Future<Output = R> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for number in 0..MANY {
        tasks.spawn(act(store.clone(), number));
    }
    tasks.join_all().await
}

fn count(all: impl IntoIterator<Item = bool>) -> usize {
    all.into_iter().filter(|&yes| yes).count()
}

fn flow() -> FlowRow {
    FlowRow {
        id: FlowId::random(),
        kind: "login",
        version: 0,
        state: json!({}),
        issued_at: at(0),
        expires_at: at(3600),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_submissions_of_one_flow_one_is_kept(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let flow = flow();
    store.create_flow(&flow).await.unwrap();
    let kept = at_once(&store, |store, number| {
        let mut mine = flow.clone();
        mine.state = json!({ "number": number });
        async move { store.save_flow(&mut mine).await.unwrap().then_some(number) }
    })
    .await;
    let winners: Vec<usize> = kept.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let stored = store.flow("login", flow.id).await.unwrap().unwrap();
    assert_eq!(
        (stored.version, stored.state),
        (1, json!({ "number": winners[0] }))
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_parked_form_a_time_step_and_a_counter_are_taken_once(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (ada, _) = stored(&store, "ada@bank.example").await;
    let parked = Parked {
        id: Uuid::new_v4(),
        name: "settings".to_owned(),
        identity: Some(ada.id),
        payload: json!({}),
        expires_at: at(900),
    };
    store.park(&parked).await.unwrap();
    let (form, id) = (parked.id, ada.id);
    let taken = at_once(&store, |store, _| async move {
        let taken = store.take_parked(form, "settings", Some(id), at(1)).await;
        taken.unwrap().is_some()
    });
    assert_eq!(count(taken.await), 1);
    let steps = at_once(&store, |store, _| async move {
        store.take_totp_step(id, 100).await.unwrap()
    });
    assert_eq!(count(steps.await), 1);
    let counters = at_once(&store, |store, _| async move {
        store.take_key_counter(id, b"key", 7).await.unwrap()
    });
    assert_eq!(count(counters.await), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_mailed_code_is_taken_once_and_no_try_is_free(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (ada, _) = stored(&store, "ada@bank.example").await;
    let (flow, purpose) = (flow(), CodePurpose::Recovery);
    let secret: CodeSecret = purpose.random();
    let code = NewCode {
        flow: flow.id,
        purpose,
        identity: Some(ada.id),
        via: Channel::Email,
        address: "ada@bank.example".to_owned(),
        secret: secret.clone(),
        issued_at: at(0),
        expires_at: at(600),
    };
    let along = Along {
        codes: vec![code],
        ..Along::default()
    };
    store.create_flow_with(&flow, &along).await.unwrap();
    let tries = at_once(&store, |store, _| async move {
        store.count_code_try(flow.id, 5, at(600)).await.unwrap()
    });
    assert_eq!(count(tries.await), 5);
    let taken = at_once(&store, |store, _| {
        let secret = secret.clone();
        async move {
            let taken = store.take_code(flow.id, purpose, &secret, at(1)).await;
            taken.unwrap().is_some()
        }
    });
    assert_eq!(count(taken.await), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lookup_secret_is_used_once_and_each_of_a_set_counts(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (mut ada, mut credentials) = stored(&store, "ada@bank.example").await;
    let codes = lookup::random_codes();
    let names = vec![ada.id.to_string()];
    let kind = CredentialType::LookupSecret;
    credentials.set(Credential::new(kind, names, lookup::config(&codes), at(0)));
    store.save_identity(&mut ada, &credentials).await.unwrap();
    let id = ada.id;
    // Half of them with one code, the others each with its own.
    let used = at_once(&store, |store, number| {
        let place = number.saturating_sub(MANY / 2 - 1).min(codes.len() - 1);
        let code = codes[place].code.clone();
        async move {
            let used = store.use_lookup_secret(id, &code, at(1)).await.unwrap();
            (place, used == LookupUse::Taken)
        }
    })
    .await;
    for place in 0..codes.len() {
        let taken = used
            .iter()
            .filter(|(at, _)| *at == place)
            .map(|(_, yes)| *yes);
        assert_eq!(count(taken), 1, "code {place}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_claim_an_address_one_gets_it(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let made = at_once(&store, |store, _| async move {
        let (identity, credentials) = person("ada@bank.example");
        match store.create_identity(&identity, &credentials).await {
            Ok(()) => true,
            Err(StoreError::Duplicate { .. }) => false,
            Err(error) => panic!("{error:?}"),
        }
    });
    assert_eq!(count(made.await), 1);
    let all = store
        .identities(&IdentityFilter::All, None, 10)
        .await
        .unwrap();
    assert_eq!(all.items.len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_changes_of_one_reading_one_is_kept(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (ada, credentials) = stored(&store, "ada@bank.example").await;
    let saved = at_once(&store, |store, _| {
        let (mut mine, credentials) = (ada.clone(), credentials.clone());
        async move {
            match store.save_identity(&mut mine, &credentials).await {
                Ok(()) => true,
                Err(StoreError::Stale) => false,
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    assert_eq!(count(saved.await), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_step_counts_and_one_token_is_left(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (ada, _) = stored(&store, "ada@bank.example").await;
    let (session, first) = signed_in(&store, &ada).await;
    let tokens = at_once(&store, |store, number| async move {
        let token = SessionToken::random();
        let second = 1 + i64::try_from(number).unwrap();
        let change = TokenChange::Rotate(token.hash());
        let step = store
            .complete_step(session.id, second_step(second), None, change, at(second))
            .await;
        assert!(step.unwrap().is_some());
        token
    })
    .await;
    let found = store.session(session.id).await.unwrap().unwrap();
    assert_eq!(found.methods.len(), 1 + MANY);
    let mut live = 0;
    for token in tokens.iter().chain([&first]) {
        match store.session_by_token(token.hash()).await.unwrap().unwrap() {
            SessionFound::Live { .. } => live += 1,
            SessionFound::Retired { .. } => {}
        }
    }
    assert_eq!(live, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_is_revoked_once_and_no_step_outlives_it(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (ada, _) = stored(&store, "ada@bank.example").await;
    let (session, _) = signed_in(&store, &ada).await;
    let ended = at_once(&store, |store, number| async move {
        if number % 2 == 0 {
            let ended = store.revoke_session(session.id, None, at(1)).await;
            return ended.unwrap().is_some();
        }
        let step = second_step(1);
        let change = TokenChange::Keep;
        let step = store.complete_step(session.id, step, None, change, at(1));
        step.await.unwrap();
        false
    });
    assert_eq!(count(ended.await), 1);
    assert!(!store.session(session.id).await.unwrap().unwrap().active);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_holds_for_many_at_once(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let limit = Limit {
        tries: 10,
        per: Duration::from_secs(900),
    };
    let tried = at_once(&store, |store, _| async move {
        let kind = ThrottleKind::SecondFactor;
        store.count_try(kind, b"ada", limit, at(0)).await.unwrap() == Tried::Allowed
    });
    assert_eq!(count(tried.await), 10);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_is_taken_by_one_worker(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let mail = || Outgoing {
        id: MailId::random(),
        template_type: "recovery_code_valid",
        channel: Channel::Email,
        recipient: "ada@bank.example".to_owned(),
        content: MailContent::default(),
        created_at: at(0),
    };
    let along = Along {
        mails: (0..50).map(|_| mail()).collect(),
        ..Along::default()
    };
    store.post(&along).await.unwrap();
    let wanted = MailsWanted {
        channel: Channel::Email,
        count: 10,
        max_tries: 5,
        lease: Duration::from_secs(60),
    };
    let taken = at_once(&store, |store, _| async move {
        store.take_mails(wanted, at(1)).await.unwrap()
    });
    let mut ids: Vec<MailId> = taken
        .await
        .into_iter()
        .flatten()
        .map(|mail| mail.id)
        .collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "none was taken twice");
    assert!(all >= 10, "some were taken");
}
