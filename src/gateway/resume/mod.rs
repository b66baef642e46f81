//! Requests that wait while more is asked of their sender: `keep` reads and keeps them, `page`
//! shows them, `carry_on` sends them once their rule allows it.

mod carry_on;
mod keep;
mod page;
mod reading;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use http::header::ORIGIN;
use http::{HeaderMap, StatusCode};

use super::exchange::Exchange;
use crate::authz::{Answer, Client, ErrorId, Explanation, Refusal};
use crate::policy::Request;
use crate::resume::{Holder, Keeper, Kept, Nonce, STEP_UP_PATH};
use crate::whoami::Credential;

pub(super) use carry_on::{carry_on, may_continue, read_continuation};
pub(super) use keep::keep;
pub(super) use page::show;
pub(super) use reading::Arriving;

/// A name under way.
pub type Naming = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

/// Who knows people by name.
pub trait People: Send + Sync + 'static {
    /// The name of whoever holds this credential. Called on a worker: do the work elsewhere.
    fn name_of(&self, credential: Credential) -> Naming;
}

/// What the proxy needs to let requests wait.
pub struct Resume {
    /// Keeps them.
    pub keeper: Keeper,
    /// Says whose login it is.
    pub people: Arc<dyn People>,
    /// Whether the identity service has our page for logging out.
    pub has_logout_page: bool,
}

/// Whether this is the page of a request that waits.
pub(super) fn is_page(request: &Request) -> bool {
    request.path.as_str().starts_with(STEP_UP_PATH)
}

/// Whether a page of our own origin asks. Browsers that do not say which site asks name its origin.
fn is_same_origin(headers: &HeaderMap, request: &Request, own: &str) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    match (sites.next(), sites.next()) {
        (Some(site), None) => site.as_bytes() == b"same-origin",
        (Some(_), Some(_)) => false,
        (None, _) => {
            let mut origins = headers.get_all(ORIGIN).iter();
            let (Some(origin), None) = (origins.next(), origins.next()) else {
                return false;
            };
            let here = format!("{}://{}", request.scheme.as_str(), request.authority());
            [own, &here]
                .iter()
                .any(|own| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()))
        }
    }
}

/// Whether the holder of `kept` asks.
fn is_holder(kept: &Kept, headers: &HeaderMap, session: &str) -> bool {
    kept.holder
        .is(session, Nonce::all(headers, is_secure(&kept.origin)))
}

/// The same, as far as it can be said without a session.
fn may_be_holder(kept: &Kept, headers: &HeaderMap) -> bool {
    match &kept.holder {
        Holder::Session(_) => true,
        Holder::Browser(_) => is_holder(kept, headers, ""),
    }
}

/// Whether somebody is refused whom more would not help: the request is not theirs.
fn is_anothers(kept: &Kept, refusal: &Refusal, headers: &HeaderMap) -> bool {
    let session = refusal.facts.session.as_ref();
    session.is_some_and(|record| !is_holder(kept, headers, &record.subject().session_id))
}

fn is_secure(origin: &str) -> bool {
    origin.starts_with("https:")
}

/// Waits for work that is done elsewhere, as long as the exchange has patience.
async fn wait_for<T>(exchange: &Exchange, work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    exchange.await_head(exchange.client.timeouts().response_idle);
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => exchange.alarm.poll(cx).map(|()| None),
    })
    .await
}

/// Why a request that waited is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hindrance {
    Sent,
    Gone,
    Elsewhere,
    Changed,
    Foreign,
}

impl Hindrance {
    const fn explanation(self) -> Explanation {
        match self {
            Self::Sent => Explanation::KeptSent,
            Self::Gone => Explanation::KeptGone,
            Self::Elsewhere => Explanation::KeptElsewhere,
            Self::Changed => Explanation::KeptChanged,
            Self::Foreign => Explanation::KeptForeign,
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Sent | Self::Changed => StatusCode::CONFLICT,
            Self::Gone => StatusCode::GONE,
            Self::Elsewhere | Self::Foreign => StatusCode::FORBIDDEN,
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            Self::Sent => "this request was sent before",
            Self::Gone => "nothing waits under this id",
            Self::Elsewhere => "this request belongs to another session or browser",
            Self::Changed => "the rules changed while this request waited",
            Self::Foreign => "another site asks to send this request",
        }
    }

    fn answer(self, client: Client, back: &str) -> Answer {
        Answer::refusal(ErrorId::AccessDenied, client, None, self.reason())
            .with_status(self.status())
            .with_page(|page| {
                page.explanation = self.explanation();
                page.back = Some(back.into());
            })
    }
}

fn unavailable(client: Client) -> Answer {
    let reason = "what waits can't be reached at the moment";
    Answer::refusal(ErrorId::IdentityUnavailable, client, None, reason)
        .with_retry_after(std::time::Duration::from_secs(5))
}
