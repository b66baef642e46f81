//! Mails and text messages on their way, as Kratos' admin API offers them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json as value};

use super::answer::{Answer, Refusal, json, with_header};
use super::identities::Identities;
use super::page::{self, Parameters};
use super::place;
use crate::identity::MailId;
use crate::store::{Dispatch, MailFilter, MailRecord, MailStatus};

const PAGE_SIZE: u32 = 10;
const PAGE_LIMIT: u32 = 500;
const LIST: &str = "messages";
/// What stands for subject and body outside development: they hold codes.
const REDACTED: &str = "<redacted-unless-dev-mode>";

pub(super) fn routes() -> Router<Arc<Identities>> {
    Router::new()
        .route("/courier/messages", get(list))
        .route("/courier/messages/{id}", get(one))
}

async fn list(
    State(identities): State<Arc<Identities>>,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = Parameters::parse(query.as_deref());
    let keys = identities.store.keys();
    let size = query.size("page_size", PAGE_SIZE, PAGE_LIMIT)?;
    let status = query.find("status").map(|text| {
        let refused = "status is queued, processing, sent or abandoned.";
        MailStatus::parse(text).ok_or_else(|| Refusal::bad_request(refused))
    });
    let filter = MailFilter {
        status: status.transpose()?,
        recipient: query.find("recipient").map(str::to_owned),
    };
    let after = query.find("page_token");
    let after = after.map(|token| place::open(keys, LIST, token));
    let after = after.transpose()?;
    let after = after.map(|(at, id)| (at, MailId::from_uuid(id)));
    let page = identities.store.mails(&filter, after, size).await?;
    let dev = identities.settings.dev;
    let items: Vec<Value> = page.items.iter().map(|mail| shown(mail, dev)).collect();
    let next = page
        .next
        .map(|(at, id)| place::seal(keys, LIST, at, id.uuid()));
    let first = place::seal_first(keys, LIST)?;
    let link = page::keyset(
        uri.path(),
        &query,
        size,
        &first,
        next.transpose()?.as_deref(),
    );
    Ok(with_header(json(StatusCode::OK, &items), "link", &link))
}

async fn one(State(identities): State<Arc<Identities>>, Path(id): Path<String>) -> Answer {
    let refused = |_| Refusal::bad_request("This is no id of a message.");
    let id: MailId = id.parse().map_err(refused)?;
    let found = identities.store.mail(id).await?;
    let (mail, dispatches) = found.ok_or_else(Refusal::not_found)?;
    let mut body = shown(&mail, identities.settings.dev);
    let dispatches = dispatches.iter().map(|one| tried(one, mail.id)).collect();
    if let Some(members) = body.as_object_mut() {
        members.insert("dispatches".to_owned(), dispatches);
    }
    Ok(json(StatusCode::OK, &body))
}

fn shown(mail: &MailRecord, dev: bool) -> Value {
    let (subject, body) = match mail.content.as_ref().filter(|_| dev) {
        Some(content) => (&*content.subject, &*content.plain),
        None => (REDACTED, REDACTED),
    };
    let kind = if mail.channel == "sms" {
        "phone"
    } else {
        "email"
    };
    value!({
        "id": mail.id,
        "status": mail.status.as_str(),
        "type": kind,
        "recipient": mail.recipient,
        "body": body,
        "subject": subject,
        "template_type": mail.template_type,
        "channel": mail.channel,
        "send_count": mail.send_count,
        "created_at": mail.created_at,
        "updated_at": mail.updated_at,
    })
}

fn tried(dispatch: &Dispatch, mail: MailId) -> Value {
    let error = dispatch.error.as_ref();
    value!({
        "id": dispatch.id,
        "message_id": mail,
        "status": if error.is_some() { "failed" } else { "success" },
        "error": error.map(|reason| value!({ "reason": reason })),
        "created_at": dispatch.at,
        "updated_at": dispatch.at,
    })
}
