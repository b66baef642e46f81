//! Sessions for native clients whose person signs in with a browser.
//!
//! The client opens its flow and gets the first code. The browser that comes back from the provider
//! is sent to the client's own place with the second one. Only who has both gets the session, and
//! only once.

use http::StatusCode;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::answer::{Answer, Browser, Outcome, Program};
use super::current::Current;
use super::record::FlowRecord;
use super::service::{Service, internal};
use super::visitor::Visitor;
use crate::contract::Problem;
use crate::contract::Transport;
use crate::identity::token::random_text;
use crate::identity::{Session, SessionToken, TokenHash};

/// Letters and digits of each code.
const CODE_CHARACTERS: usize = 64;
const ASKED: &str = "return_session_token_exchange_code";

impl Service {
    /// Whether a native client asks for codes to be exchanged. Then a session will wait at `record`.
    pub(super) fn asks_for_exchange(record: &mut FlowRecord, visitor: &Visitor) -> bool {
        let asks = record.transport == Transport::Api && visitor.query.is_on(ASKED);
        if asks {
            record.exchange = Some(Uuid::new_v4());
        }
        asks
    }

    /// The opened flow with the first code. The flow is stored already.
    pub(super) async fn opened_for_exchange(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
    ) -> Outcome {
        let code = random_text(CODE_CHARACTERS);
        if let Some(id) = record.exchange {
            let hash = TokenHash::of(&code);
            let noted = self.store.await_exchange(id, hash, record.expires_at);
            noted.await.map_err(internal)?;
        }
        let mut flow = self.show_flow(record, visitor, None);
        flow.session_token_exchange_code = Some(code);
        Ok(Answer::json(StatusCode::OK, &flow))
    }

    /// Whether the answer goes to a browser, and the session to a native client.
    pub(super) const fn hands_over(record: &FlowRecord) -> bool {
        record.in_browser && matches!(record.transport, Transport::Api)
    }

    /// Lays the session down, and sends the browser to the client with the second code.
    pub(super) async fn hand_to_client(
        &self,
        record: &FlowRecord,
        session: &Session,
        token: &SessionToken,
    ) -> Outcome {
        let code = random_text(CODE_CHARACTERS);
        let hash = TokenHash::of(&code);
        let laid_down = match record.exchange {
            Some(id) => {
                let laid = self.store.lay_down_session(id, hash, session.id, token);
                laid.await.map_err(internal)?
            }
            None => false,
        };
        if !laid_down {
            let reason = "No native client waits for this sign-in.";
            return Err(Problem::bad_request(reason).into());
        }
        let asked = record.return_to.as_deref();
        let to = asked.and_then(|wanted| self.site.allowed_return(wanted));
        let to = to.unwrap_or_else(|| self.site.default_return().to_owned());
        let mut to = Url::parse(&to).map_err(internal)?;
        to.query_pairs_mut().append_pair("code", &code);
        let (status, to) = (StatusCode::SEE_OTHER, String::from(to));
        let page = Browser::To(status, to.clone());
        Ok(Answer::new(Program::To(status, to), page))
    }

    /// Gives the session to who has both codes.
    pub async fn exchange_token(&self, visitor: &Visitor) -> Outcome {
        let code = |name: &str| visitor.query.find(name).map(TokenHash::of);
        let (Some(first), Some(second)) = (code("init_code"), code("return_to_code")) else {
            let reason = "`init_code` and `return_to_code` query params must be set";
            return Err(Problem::bad_request(reason).into());
        };
        let taken = self.store.take_session(first, second, self.now()).await;
        let Some(taken) = taken.map_err(internal)? else {
            let reason = "No session waits for these codes.";
            let status = StatusCode::NOT_FOUND;
            return Err(Problem::new(status, None, Some(reason)).into());
        };
        let mut holder = visitor.clone();
        holder.header_token = Some(taken.token.expose().to_owned());
        let Some(Current {
            session, account, ..
        }) = self.current(&holder).await?
        else {
            return Err(Problem::no_session().into());
        };
        let required = self.settings.session.required_aal;
        let enough = session.satisfies(required, self.available_aal(&account));
        let mut shown = self.show_session(&session, &account.identity);
        if !enough {
            shown.identity = None;
        }
        let body = json!({
            "session_token": taken.token.expose(),
            "session": shown,
            "continue_with": null,
        });
        Ok(Answer::json(StatusCode::OK, &body).for_everybody())
    }
}
