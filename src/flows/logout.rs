//! Signing out.

use http::StatusCode;
use serde_json::json;
use url::form_urlencoded::Serializer;

use super::answer::{Answer, Browser, Outcome, Program};
use super::service::{Service, internal};
use super::visitor::{Submission, Visitor, Wants};
use crate::contract::Problem;
use crate::identity::SessionToken;
use crate::store::SessionFound;

impl Service {
    /// Hands out the link that signs a browser out.
    pub async fn open_logout(&self, visitor: &Visitor) -> Outcome {
        let Some(current) = self.current(visitor).await? else {
            return Ok(Answer::problem(Problem::session_inactive()));
        };
        let token = self.store.keys().logout_token(current.session.id);
        let Some(token) = token else {
            return Err(internal("no key for logout tokens"));
        };
        let mut query = Serializer::new(String::new());
        if let Some(to) = visitor.query.find("return_to") {
            query.append_pair("return_to", to);
        }
        query.append_pair("token", token.expose());
        let url = format!(
            "{}/self-service/logout?{}",
            self.site.base(),
            query.finish()
        );
        let body = json!({ "logout_url": url, "logout_token": token.expose() });
        Ok(Answer::json(StatusCode::OK, &body))
    }

    /// Signs a browser out.
    pub async fn submit_logout(&self, visitor: &Visitor) -> Outcome {
        let Some(token) = visitor.query.find("token") else {
            let reason = "Please include a token in the URL query.";
            return Ok(Answer::problem(Problem::bad_request(reason)));
        };
        let Some(current) = self.current(visitor).await? else {
            return Ok(Answer::problem(Problem::session_inactive()));
        };
        if !self.store.keys().is_logout_token(current.session.id, token) {
            let reason = "Unable to log out because the logout token in the URL query does not \
                          match the session cookie.";
            let problem = Problem::new(StatusCode::FORBIDDEN, None, Some(reason));
            return Ok(Answer::problem(problem));
        }
        self.sign_out(visitor, &current.session).await
    }

    /// Signs a browser out without a token: for our own page, which checks its form itself.
    pub async fn sign_out_here(&self, visitor: &Visitor) -> Outcome {
        match self.current(visitor).await? {
            Some(current) => self.sign_out(visitor, &current.session).await,
            None => Ok(self.signed_out(visitor)),
        }
    }

    async fn sign_out(&self, visitor: &Visitor, session: &crate::identity::Session) -> Outcome {
        self.end_session(session.id, None).await?;
        Ok(self.signed_out(visitor))
    }

    fn signed_out(&self, visitor: &Visitor) -> Answer {
        let mut answer = match (visitor.query.find("return_to"), visitor.wants) {
            (Some(wanted), Wants::Html) if self.site.allowed_return(wanted).is_none() => {
                Answer::problem(Problem::return_to_forbidden())
            }
            (wanted, _) => {
                let to = wanted
                    .and_then(|wanted| self.site.allowed_return(wanted))
                    .or_else(|| self.settings.self_service.logout.return_url.clone())
                    .unwrap_or_else(|| self.site.default_return().to_owned());
                let page = Browser::To(StatusCode::SEE_OTHER, to);
                Answer::new(Program::Empty(StatusCode::NO_CONTENT), page)
            }
        };
        answer.rotate_csrf = true;
        let https = self.site.base().starts_with("https://");
        if self.settings.self_service.logout.clear_browser_data && https {
            let all = "\"cookies\", \"storage\", \"cache\"".to_owned();
            answer.headers.push(("clear-site-data", all));
        }
        answer.cookie(Some(self.no_session_cookie()))
    }

    /// Signs a native client out.
    pub async fn native_logout(&self, body: Submission) -> Outcome {
        let Ok(fields) = body else {
            let problem = Problem::bad_request("The body must be JSON with a session_token.");
            return Ok(Answer::problem(problem).for_everybody());
        };
        let token = fields.text("session_token").unwrap_or_default();
        let hash = SessionToken::from_client(token).hash();
        let found = self.store.session_by_token(hash).await.map_err(internal)?;
        let Some(SessionFound::Live { session, .. }) = found else {
            let reason = "The provided session token could not be found.";
            let problem = Problem::new(StatusCode::FORBIDDEN, None, Some(reason));
            return Ok(Answer::problem(problem).for_everybody());
        };
        self.end_session(session.id, None).await?;
        let empty = Program::Empty(StatusCode::NO_CONTENT);
        Ok(Answer::new(empty, Browser::AsProgram))
    }
}
