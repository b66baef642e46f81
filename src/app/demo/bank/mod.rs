//! A small bank, the application behind the gateway in the demo: plain HTML forms that know
//! nothing of logging in, and a look at the headers that the gateway sends along.

mod ledger;
mod money;
mod transfer_form;
mod view;
mod visitor;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use self::ledger::{Declined, Ledger};
use self::transfer_form::{Mistakes, TransferForm};
use self::visitor::Visitor;
use super::guide::Guide;
use crate::clock::Clock;

/// Largest form that is read, in bytes.
const MAX_FORM_BYTES: usize = 16 * 1024;

struct Bank {
    clock: Clock,
    guide: Option<Guide>,
    ledger: Mutex<Ledger>,
}

impl Bank {
    fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bank as a service. `guide` is what its page with the guided tour shows besides the tour.
pub(super) fn router(clock: Clock, guide: Option<Guide>) -> Router {
    let bank = Bank {
        clock,
        guide,
        ledger: Mutex::default(),
    };
    Router::new()
        .route("/", get(home))
        .route("/guide", get(guide_page))
        .route("/static/bank.css", get(style))
        .route("/accounts", get(accounts))
        .route("/transfer", get(transfer_page).post(transfer))
        .route("/transfer/{id}", get(receipt))
        .fallback(lost)
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .with_state(Arc::new(bank))
}

async fn home(headers: HeaderMap) -> Response {
    view::home(&Visitor::from_headers(&headers))
}

async fn guide_page(State(bank): State<Arc<Bank>>) -> Response {
    view::guide(bank.guide.as_ref(), bank.clock.wall())
}

async fn style() -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "max-age=300"),
        ],
        view::STYLE,
    )
        .into_response()
}

async fn accounts(State(bank): State<Arc<Bank>>, headers: HeaderMap) -> Response {
    let visitor = Visitor::from_headers(&headers);
    let Some(user) = visitor.user() else {
        return view::unknown_visitor();
    };
    let now = bank.clock.wall();
    let customer = bank.ledger().customer(user, now).cloned();
    customer.map_or_else(view::full, |customer| view::accounts(&visitor, &customer))
}

async fn transfer_page(State(bank): State<Arc<Bank>>, headers: HeaderMap) -> Response {
    let visitor = Visitor::from_headers(&headers);
    let Some(user) = visitor.user() else {
        return view::unknown_visitor();
    };
    let form = TransferForm::example(open_form(&bank, user));
    view::transfer(&visitor, &form, &Mistakes::default())
}

async fn transfer(
    State(bank): State<Arc<Bank>>,
    headers: HeaderMap,
    Form(form): Form<TransferForm>,
) -> Response {
    let visitor = Visitor::from_headers(&headers);
    let Some(user) = visitor.user() else {
        return view::unknown_visitor();
    };
    let refused = |mistakes: &Mistakes, mut form: TransferForm| {
        form.token = open_form(&bank, user);
        view::transfer(&visitor, &form, mistakes)
    };
    let order = match form.check() {
        Ok(order) => order,
        Err(mistakes) => return refused(&mistakes, form),
    };
    let made = bank
        .ledger()
        .transfer(user, &form.token, random_name(), order, bank.clock.wall());
    match made {
        Ok(transfer) => Redirect::to(&format!("/transfer/{}", transfer.id)).into_response(),
        Err(declined) => refused(&declined_words(declined), form),
    }
}

fn declined_words(declined: Declined) -> Mistakes {
    match declined {
        Declined::FormUsed => Mistakes {
            form: Some("This form was sent already, or is too old. Check it and send it again."),
            ..Mistakes::default()
        },
        Declined::Funds => Mistakes {
            amount: Some("There is not that much in your account."),
            ..Mistakes::default()
        },
        Declined::Full => Mistakes {
            form: Some("The bank takes no more customers. Start the demo again."),
            ..Mistakes::default()
        },
    }
}

async fn receipt(
    State(bank): State<Arc<Bank>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let visitor = Visitor::from_headers(&headers);
    let Some(user) = visitor.user() else {
        return view::unknown_visitor();
    };
    let found = bank.ledger().receipt(user, &id);
    found.map_or_else(view::lost, |transfer| view::receipt(&visitor, &transfer))
}

async fn lost() -> Response {
    view::lost()
}

fn open_form(bank: &Bank, user: &str) -> String {
    let token = random_name();
    bank.ledger().open_form(user, &token, bank.clock.wall());
    token
}

/// 96 random bits, for the token of a form and the number of a receipt.
fn random_name() -> String {
    let bits: [u8; 12] = rand::random();
    bits.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The status of a page that could not be made.
const BROKEN: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
