//! Reading identities, one by one and in lists.

use std::sync::Arc;

use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::response::Response;
use http::{StatusCode, Uri};
use serde_json::Value;
use uuid::Uuid;

use super::super::answer::{Answer, Refusal, json, with_header};
use super::super::page::{self, Parameters};
use super::shape::{MetadataAdmin, Parts, identity};
use super::{Identities, id_of};
use crate::identity::{CredentialType, IdentityId};
use crate::store::{Account, IdentityFilter};

const PAGE_SIZE: u32 = 250;
const PAGE_LIMIT: u32 = 500;
const MAX_IDS: usize = 500;
/// Numbered pages reach as far as this; further on only tokens lead.
const NUMBERED_LIMIT: u32 = 1000;

impl Identities {
    /// An identity as it is read, with the configuration of these credentials.
    fn shown(&self, account: &Account, shown: &[CredentialType]) -> Value {
        let parts = Parts {
            credentials: Some((&account.credentials, shown)),
            metadata_admin: MetadataAdmin::Always,
            whole: true,
        };
        let settings = &self.settings;
        identity(
            &account.identity,
            &settings.schemas,
            settings.public_url(),
            parts,
        )
    }
}

pub(super) async fn one(
    State(identities): State<Arc<Identities>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let shown = included(&Parameters::parse(query.as_deref()))?;
    let account = identities.store.account(id_of(&id)?).await?;
    let account = account.ok_or_else(Refusal::not_found)?;
    Ok(json(StatusCode::OK, &identities.shown(&account, &shown)))
}

pub(super) async fn by_external_id(
    State(identities): State<Arc<Identities>>,
    Path(external_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let shown = included(&Parameters::parse(query.as_deref()))?;
    let account = identities
        .store
        .account_by_external_id(&external_id)
        .await?;
    let account = account.ok_or_else(Refusal::not_found)?;
    Ok(json(StatusCode::OK, &identities.shown(&account, &shown)))
}

pub(super) async fn list(
    State(identities): State<Arc<Identities>>,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = Parameters::parse(query.as_deref());
    let shown = included(&query)?;
    let filter = filter(&query)?;
    // Some clients always send a `per_page` of their own beside the keyset parameters.
    let has = |name| query.find(name).is_some();
    let keyset = has("page_size") || has("page_token");
    let numbered = has("page") || (has("per_page") && !keyset);
    if numbered && filter == IdentityFilter::All {
        return numbered_page(&identities, &uri, &query, &shown).await;
    }
    let size = query.size("page_size", PAGE_SIZE, PAGE_LIMIT)?;
    let after = query
        .find("page_token")
        .map(str::parse::<IdentityId>)
        .transpose();
    let after = after.map_err(|_| Refusal::bad_request("The page_token can not be read."))?;
    let page = identities.store.identities(&filter, after, size).await?;
    let shown_items: Vec<Value> = page
        .items
        .iter()
        .map(|account| identities.shown(account, &shown))
        .collect();
    let next = page.next.map(|id| id.to_string());
    let first = Uuid::nil().to_string();
    let link = page::keyset(uri.path(), &query, size, &first, next.as_deref());
    let response = json(StatusCode::OK, &shown_items);
    Ok(with_header(response, "link", &link))
}

async fn numbered_page(
    identities: &Identities,
    uri: &Uri,
    query: &Parameters,
    shown: &[CredentialType],
) -> Result<Response, Refusal> {
    let size = query.size("per_page", PAGE_SIZE, PAGE_LIMIT)?;
    let page = query.number("page")?.unwrap_or(1).max(1);
    if page.saturating_mul(size) > NUMBERED_LIMIT {
        let reason = "Pages this far are read with page_token.";
        return Err(Refusal::bad_request(reason));
    }
    let skip = (page - 1).saturating_mul(size);
    let (accounts, total) = identities.store.identities_at(skip, size).await?;
    let items: Vec<Value> = accounts
        .iter()
        .map(|one| identities.shown(one, shown))
        .collect();
    let response = json(StatusCode::OK, &items);
    let response = with_header(response, "x-total-count", &total.to_string());
    let link = page::numbered(uri.path(), page, size, total);
    Ok(with_header(response, "link", &link))
}

fn filter(query: &Parameters) -> Result<IdentityFilter, Refusal> {
    let mut found = Vec::new();
    let ids: Vec<&str> = query.all("ids").collect();
    if !ids.is_empty() {
        if ids.len() > MAX_IDS {
            return Err(Refusal::bad_request(
                "At most 500 ids can be asked for at once.",
            ));
        }
        let ids: Result<Vec<IdentityId>, _> = ids.into_iter().map(str::parse).collect();
        let ids = ids.map_err(|_| Refusal::bad_request("The parameter ids holds no id."))?;
        found.push(IdentityFilter::Ids(ids));
    }
    if let Some(identifier) = query.find("credentials_identifier") {
        found.push(IdentityFilter::Identifier(identifier.to_owned()));
    }
    if let Some(part) = query.find("preview_credentials_identifier_similar") {
        found.push(IdentityFilter::SimilarIdentifier(part.to_owned()));
    }
    if let Some(organization) = query.find("organization_id") {
        let id: Uuid = organization
            .parse()
            .map_err(|_| Refusal::bad_request("The organization_id is no id."))?;
        found.push(IdentityFilter::Organization(id));
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (None, _) => Ok(IdentityFilter::All),
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Refusal::bad_request("These filters exclude each other.")),
    }
}

fn included(query: &Parameters) -> Result<Vec<CredentialType>, Refusal> {
    query
        .all("include_credential")
        .map(|name| {
            CredentialType::parse(name).ok_or_else(|| {
                let reason = format!("There is no credential of the type {name:?}.");
                Refusal::bad_request(&reason)
            })
        })
        .collect()
}
