//! whoami, and what people do with their other sessions.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::answer::{Answer, Browser, Failure, Outcome, Program};
use super::current::{Carrier, Seen};
use super::service::{Service, internal};
use super::shape;
use super::visitor::Visitor;
use crate::contract;
use crate::contract::Problem;
use crate::identity::{IdentityEvent, IdentityId, SessionId};

/// Sessions on a page unless the query says otherwise.
const PAGE_SIZE: u32 = 250;
/// The most sessions on a page.
const PAGE_LIMIT: u32 = 1000;
/// For how long it may be kept that a request without a credential has no session, in seconds.
const NOBODY_CACHE_SECONDS: u64 = 60;

impl Service {
    /// Who the visitor is.
    pub async fn whoami(&self, visitor: &Visitor) -> Outcome {
        let Some(current) = self.seen(visitor).await? else {
            let mut answer = Answer::problem(Problem::no_session()).for_everybody();
            let cacheable = self.settings.features.cacheable_sessions;
            if cacheable && self.shows_nothing(visitor) {
                let header = ("ory-session-cache-for", NOBODY_CACHE_SECONDS.to_string());
                answer.headers.push(header);
            }
            return Ok(answer);
        };
        if !self.satisfies_whoami(&current).await? {
            let problem = Problem::aal2_required(&self.site.second_factor_url(None));
            return Ok(Answer::problem(problem).for_everybody());
        }
        let owner = &current.identity;
        let mut shown = self.show_session(&current.session, owner);
        let template = visitor.query.find("tokenize_as");
        if let Some(template) = template {
            shown.tokenized = match self.tokenize(template, &shown, owner).await {
                Ok(token) => Some(token),
                Err(Failure::Refused(answer)) => return Ok(answer.for_everybody()),
                Err(failure @ Failure::Internal(_)) => return Err(failure),
            };
        }
        let mut answer = Answer::json(StatusCode::OK, &shown);
        let header = "x-kratos-authenticated-identity-id";
        answer.headers.push((header, owner.id.to_string()));
        // A token is not for keeping: it may end before the session does.
        let cacheable = self.cacheable_for(current.session.expires_at);
        if let Some(seconds) = cacheable.filter(|_| template.is_none()) {
            answer
                .headers
                .push(("ory-session-cache-for", seconds.to_string()));
        }
        Ok(answer.cookie(self.renewed_cookie(&current)))
    }

    /// The session cookie again, where the one sent ends before the session does.
    fn renewed_cookie(&self, current: &Seen) -> Option<crate::web::SetCookie> {
        match current.carrier {
            Carrier::Cookie { expires_at } if expires_at < current.session.expires_at => {
                self.session_cookie(&current.session, &current.token)
            }
            Carrier::Cookie { .. } | Carrier::Token => None,
        }
    }

    fn shows_nothing(&self, visitor: &Visitor) -> bool {
        visitor.header_token.is_none()
            && visitor.bearer.is_none()
            && self.readable_cookie(visitor).is_none()
    }

    fn cacheable_for(&self, expires_at: Timestamp) -> Option<u64> {
        let features = &self.settings.features;
        if !features.cacheable_sessions {
            return None;
        }
        let left = expires_at.duration_since(self.now()).unsigned_abs();
        let longest = features.cacheable_sessions_max_age;
        let kept = if longest.is_zero() {
            left
        } else {
            left.min(longest)
        };
        let rounded = u64::from(kept.subsec_millis() >= 500);
        Some(kept.as_secs() + rounded)
    }

    async fn signed_in_visitor(&self, visitor: &Visitor) -> Result<Seen, Failure> {
        self.seen(visitor).await?.ok_or_else(|| {
            let reason = "No valid session cookie found.";
            let problem = Problem::new(StatusCode::UNAUTHORIZED, None, Some(reason));
            Answer::problem(problem).for_everybody().into()
        })
    }

    /// The visitor's other sessions that count, newest first.
    pub async fn list_sessions(&self, visitor: &Visitor) -> Outcome {
        let current = self.signed_in_visitor(visitor).await?;
        if !self.satisfies_whoami(&current).await? {
            let problem = Problem::aal2_required(&self.site.second_factor_url(None));
            return Ok(Answer::problem(problem).for_everybody());
        }
        let number = |name: &str| visitor.query.find(name).and_then(|text| text.parse().ok());
        let size: u32 = number("page_size")
            .or_else(|| number("per_page"))
            .unwrap_or(PAGE_SIZE);
        let size = size.clamp(1, PAGE_LIMIT);
        let page: u32 = number("page")
            .or_else(|| number("page_token"))
            .unwrap_or(1)
            .max(1);
        let now = self.now();
        let (sessions, total) = self
            .store
            .sessions_of(
                current.identity.id,
                Some((true, now)),
                Some(current.session.id),
                (page - 1).saturating_mul(size),
                size,
            )
            .await
            .map_err(internal)?;
        let owner = &current.identity;
        let mut shown = self.show_identity(owner);
        shown.schema_url.clear();
        shown.verifiable_addresses.clear();
        shown.recovery_addresses.clear();
        let list: Vec<contract::Session> = sessions
            .iter()
            .map(|session| shape::session(session, Some(shown.clone()), owner.is_active(), now))
            .collect();
        let mut answer = Answer::json(StatusCode::OK, &list);
        answer.headers.push(("x-total-count", total.to_string()));
        answer
            .headers
            .push(("link", links("/sessions", page, size, total)));
        Ok(answer)
    }

    /// Ends the visitor's other sessions.
    pub async fn revoke_other_sessions(&self, visitor: &Visitor) -> Outcome {
        let current = self.signed_in_visitor(visitor).await?;
        let identity = current.identity.id;
        let ended = self
            .end_other_sessions(identity, current.session.id)
            .await?;
        Ok(Answer::json(StatusCode::OK, &json!({ "count": ended })))
    }

    /// Ends one of the visitor's other sessions. Ids that are not theirs are answered alike.
    pub async fn revoke_one_session(&self, visitor: &Visitor, id: &str) -> Outcome {
        let current = self.signed_in_visitor(visitor).await?;
        let Ok(id) = id.parse::<SessionId>() else {
            let problem = Problem::bad_request("The id is no UUID.");
            return Ok(Answer::problem(problem).for_everybody());
        };
        if id == current.session.id {
            let problem = Problem::bad_request("Use logout to end the current session.")
                .message("cannot revoke current session");
            return Ok(Answer::problem(problem).for_everybody());
        }
        let identity = current.identity.id;
        self.end_session(id, Some(identity)).await?;
        let mut answer = Answer::new(Program::Empty(StatusCode::NO_CONTENT), Browser::AsProgram);
        answer
            .headers
            .push(("content-type", "application/json; charset=utf-8".to_owned()));
        Ok(answer)
    }

    /// Ends a session, and tells.
    pub(super) async fn end_session(
        &self,
        id: SessionId,
        owner: Option<IdentityId>,
    ) -> Result<(), Failure> {
        let ended = self
            .store
            .revoke_session(id, owner, self.now())
            .await
            .map_err(internal)?;
        if let Some(identity) = ended {
            self.audit_ended(&[id], identity);
            self.tell(IdentityEvent::SessionEnded {
                session: id,
                identity,
            });
        }
        Ok(())
    }

    /// Ends all sessions of an identity but one, and tells. Gives how many.
    pub(super) async fn end_other_sessions(
        &self,
        identity: IdentityId,
        keep: SessionId,
    ) -> Result<usize, Failure> {
        let ended = self
            .store
            .revoke_sessions(identity, Some(keep), self.now())
            .await
            .map_err(internal)?;
        self.audit_ended(&ended, identity);
        for &session in &ended {
            self.tell(IdentityEvent::SessionEnded { session, identity });
        }
        Ok(ended.len())
    }
}

/// `Link` of a page among pages that are counted from 1.
#[must_use]
pub fn links(path: &str, page: u32, size: u32, total: u64) -> String {
    let last = u32::try_from(total.div_ceil(u64::from(size.max(1)))).unwrap_or(u32::MAX);
    let link = |page: u32, rel: &str| {
        let token = page;
        format!(
            "<{path}?page={page}&page_size={size}&page_token={token}&per_page={size}>; rel=\"{rel}\""
        )
    };
    let mut parts = vec![link(1, "first")];
    if page < last {
        parts.push(link(page + 1, "next"));
    }
    if page > 1 {
        parts.push(link(page - 1, "prev"));
    }
    if last > 1 {
        parts.push(link(last, "last"));
    }
    parts.join(",")
}
