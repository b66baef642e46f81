//! What a copy of the database gives away, and how secrets are rotated.

use rstest::rstest;

use super::Backend::{Postgres, Sqlite};
use super::*;
use crate::identity::FlowId;
use crate::identity::credential::lookup;
use crate::identity::settings::Secrets;
use crate::secret::SecretString;
use crate::store::sql::query_scalar;

fn keyring(secrets: &[&str]) -> Keyring {
    let list = secrets
        .iter()
        .map(|text| SecretString::new((*text).to_owned()));
    let secrets = Secrets {
        default: list.collect(),
        ..Secrets::default()
    };
    Keyring::new(&secrets).unwrap()
}

const OLD: &str = "the-secret-of-last-year";
const NEW: &str = "the-secret-of-this-year";

fn parked(identity: &Identity) -> Parked {
    Parked {
        id: Uuid::new_v4(),
        name: "settings".to_owned(),
        identity: Some(identity.id),
        payload: json!({"password": "parked-in-clear"}),
        expires_at: at(900),
    }
}

fn flow() -> FlowRow {
    FlowRow {
        id: FlowId::random(),
        kind: "login",
        version: 0,
        state: json!({"note": "flow-in-clear"}),
        issued_at: at(0),
        expires_at: at(900),
    }
}

fn with_secrets(identity: &Identity, credentials: &mut Credentials) -> Vec<String> {
    let totp = totp_credential(identity);
    let url = totp.config["totp_url"].as_str().unwrap().to_owned();
    credentials.set(totp);
    let codes = lookup::random_codes();
    let names = vec![identity.id.to_string()];
    let kind = CredentialType::LookupSecret;
    credentials.set(Credential::new(kind, names, lookup::config(&codes), at(0)));
    let tokens = json!({"providers": [{"initial_access_token": "token-in-clear"}]});
    let names = vec![format!("provider:{}", identity.id)];
    credentials.set(Credential::new(CredentialType::Oidc, names, tokens, at(0)));
    vec![url, codes[0].code.clone(), "token-in-clear".to_owned()]
}

#[rstest]
#[tokio::test]
async fn no_stored_text_gives_a_secret_away(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (mut identity, mut credentials) = stored(&store, "ada@bank.example").await;
    let mut hidden = with_secrets(&identity, &mut credentials);
    store
        .save_identity(&mut identity, &credentials)
        .await
        .unwrap();
    store.park(&parked(&identity)).await.unwrap();
    store.create_flow(&flow()).await.unwrap();
    hidden.extend(["parked-in-clear".to_owned(), "flow-in-clear".to_owned()]);
    let mut texts: Vec<String> = Vec::new();
    for statement in [
        "SELECT config FROM credentials",
        "SELECT payload FROM continuity",
        "SELECT state FROM flows",
    ] {
        let found: Vec<String> = query_scalar(statement)
            .fetch_all(&store.reader)
            .await
            .unwrap();
        texts.extend(found);
    }
    assert_eq!(
        texts.len(),
        6,
        "password, three that are sealed, form, flow"
    );
    for secret in hidden {
        assert!(texts.iter().all(|text| !text.contains(&secret)));
    }
}

#[rstest]
#[tokio::test]
async fn after_a_rotation_everything_opens_and_the_old_secret_can_go(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let (parked_before, flow_before) = {
        let store = Store::open(&place.dsn, keyring(&[OLD])).await.unwrap();
        for name in ["ada", "bob", "eve"] {
            let (mut identity, mut credentials) =
                stored(&store, &format!("{name}@b.example")).await;
            with_secrets(&identity, &mut credentials);
            store
                .save_identity(&mut identity, &credentials)
                .await
                .unwrap();
        }
        let ada = account(&store, "ada").await;
        let (parked, flow) = (parked(&ada.identity), flow());
        store.park(&parked).await.unwrap();
        store.create_flow(&flow).await.unwrap();
        assert_eq!(store.reseal().await.unwrap(), Resealed::default());
        store.close().await;
        (parked, flow)
    };

    let both = Store::open(&place.dsn, keyring(&[NEW, OLD])).await.unwrap();
    let ada = account(&both, "ada").await;
    let url = &ada.credentials.find(CredentialType::Totp).unwrap().config;
    assert!(url["totp_url"].is_string(), "what the old one sealed opens");
    assert_eq!(
        both.flow("login", flow_before.id).await.unwrap(),
        Some(flow_before)
    );
    let taken = both
        .take_parked(parked_before.id, "settings", Some(ada.identity.id), at(1))
        .await;
    assert_eq!(taken.unwrap(), Some(parked_before));
    let flow_after = flow();
    both.create_flow(&flow_after).await.unwrap();
    let resealed = both.reseal().await.unwrap();
    assert_eq!(resealed, Resealed { done: 9, lost: 0 });
    let again = both.reseal().await.unwrap();
    assert_eq!(again, Resealed::default(), "nothing is left to do");
    both.close().await;

    let new = Store::open(&place.dsn, keyring(&[NEW])).await.unwrap();
    assert_eq!(account(&new, "ada").await.credentials, ada.credentials);
    let after = new.flow("login", flow_after.id).await.unwrap();
    assert_eq!(
        after,
        Some(flow_after),
        "new ones were sealed with the new one"
    );
}

async fn account(store: &Store, name: &str) -> Account {
    let found = store
        .account_by_identifier(CredentialType::Password, &format!("{name}@b.example"))
        .await;
    found.unwrap().unwrap()
}
