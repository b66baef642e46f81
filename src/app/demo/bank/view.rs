//! The bank's pages.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::BROKEN;
use super::ledger::{Customer, Transfer};
use super::transfer_form::{Mistakes, TransferForm};
use super::visitor::Visitor;
use crate::app::demo::guide::{Guide, GuideUser};

/// The bank's style sheet.
pub(super) const STYLE: &str = include_str!("../assets/bank.css");

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[derive(Template)]
#[template(path = "bank_home.html")]
struct Home<'a> {
    visitor: &'a Visitor,
}

#[derive(Template)]
#[template(path = "bank_accounts.html")]
struct Accounts<'a> {
    visitor: &'a Visitor,
    customer: &'a Customer,
}

#[derive(Template)]
#[template(path = "bank_transfer.html")]
struct TransferPage<'a> {
    visitor: &'a Visitor,
    form: &'a TransferForm,
    mistakes: &'a Mistakes,
}

#[derive(Template)]
#[template(path = "bank_receipt.html")]
struct Receipt<'a> {
    visitor: &'a Visitor,
    transfer: &'a Transfer,
}

#[derive(Template)]
#[template(path = "bank_guide.html")]
struct GuidePage<'a> {
    visitor: &'a Visitor,
    guide: Option<&'a Guide>,
    users: Vec<(&'a GuideUser, Option<String>)>,
    seconds_left: i64,
}

#[derive(Template)]
#[template(path = "bank_notice.html")]
struct Notice<'a> {
    visitor: &'a Visitor,
    title: &'static str,
    text: &'static str,
}

pub(super) fn home(visitor: &Visitor) -> Response {
    page(StatusCode::OK, &Home { visitor })
}

pub(super) fn accounts(visitor: &Visitor, customer: &Customer) -> Response {
    page(StatusCode::OK, &Accounts { visitor, customer })
}

pub(super) fn transfer(visitor: &Visitor, form: &TransferForm, mistakes: &Mistakes) -> Response {
    let status = if mistakes.any() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    page(
        status,
        &TransferPage {
            visitor,
            form,
            mistakes,
        },
    )
}

pub(super) fn receipt(visitor: &Visitor, transfer: &Transfer) -> Response {
    page(StatusCode::OK, &Receipt { visitor, transfer })
}

pub(super) fn guide(guide: Option<&Guide>, now: Timestamp) -> Response {
    let users = guide
        .into_iter()
        .flat_map(|guide| &guide.users)
        .map(|user| (user, user.current_code(now)))
        .collect();
    let shown = GuidePage {
        visitor: &Visitor::default(),
        guide,
        users,
        seconds_left: 30 - now.as_second().rem_euclid(30),
    };
    page(StatusCode::OK, &shown)
}

pub(super) fn unknown_visitor() -> Response {
    notice(
        StatusCode::UNAUTHORIZED,
        "Please use the front door",
        "Nobody told the bank who you are. Open it through the gateway.",
    )
}

pub(super) fn full() -> Response {
    notice(
        StatusCode::SERVICE_UNAVAILABLE,
        "The bank is full",
        "It takes no more customers. Start the demo again.",
    )
}

pub(super) fn lost() -> Response {
    notice(
        StatusCode::NOT_FOUND,
        "There is nothing here",
        "Check the address, or start at the front page.",
    )
}

fn notice(status: StatusCode, title: &'static str, text: &'static str) -> Response {
    let visitor = &Visitor::default();
    page(
        status,
        &Notice {
            visitor,
            title,
            text,
        },
    )
}

fn page<T: Template>(status: StatusCode, template: &T) -> Response {
    let Ok(body) = template.render() else {
        return BROKEN.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    (status, headers, body).into_response()
}

/// The day of an entry.
fn day(at: &Timestamp) -> String {
    at.strftime("%-d %b").to_string()
}

/// The moment of a transfer.
fn moment(at: &Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}
