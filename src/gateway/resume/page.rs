//! The page of a request that waits: what will be sent, and the one button that sends it.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{Method, Response, StatusCode};

use super::{Hindrance, Resume, is_anothers, is_holder, may_be_holder, unavailable, wait_for};
use crate::authz::{Answer, Forward, Inquiry, Resuming, Verdict};
use crate::gateway::body::ResponseBody;
use crate::gateway::facts::{Facts, Fault};
use crate::gateway::proxy::Passing;
use crate::gateway::respond::render_page;
use crate::pages::{
    Account, Explanation, Page, Refusal, ResumeContent, ResumePage, ResumeRow, ResumeValue,
};
use crate::policy::Request;
use crate::resume::{
    Continuation, Found, Kept, KeptBody, ResumeId, STEP_UP_PATH, Shown, ShownValue,
};
use crate::whoami::Credential;

/// Answers a visit of the page.
pub(in crate::gateway) async fn show(passing: Passing<'_>, facts: Facts) -> Response<ResponseBody> {
    let exchange = passing.exchange;
    let shared = &exchange.client.worker.shared;
    let kind = passing.kind();
    let Facts {
        request,
        credential,
        ..
    } = facts;
    if request.method != Method::GET && request.method != Method::HEAD {
        let allowed = [Method::GET, Method::HEAD];
        return passing.refuse(Answer::method_not_allowed(kind, &allowed));
    }
    let credential = match credential {
        Ok(credential) => credential,
        Err(both) => return passing.refuse(Fault::from(both).answer(kind)),
    };
    let gone = || passing.refuse(Hindrance::Gone.answer(kind, "/"));
    let named = request.path.as_str().strip_prefix(STEP_UP_PATH);
    let id = named.and_then(ResumeId::parse);
    let (Some(resume), Some(id)) = (&shared.resume, id) else {
        return gone();
    };
    let Some(Ok(found)) = wait_for(exchange, resume.keeper.find(&id)).await else {
        return passing.refuse(unavailable(kind));
    };
    let own = shared.checker.own_origin(&request);
    let (kept, body) = match found {
        Found::Waiting(kept, body) if kept.origin == own => (kept, body),
        Found::Sent(kept) if kept.origin == own => {
            return passing.refuse(Hindrance::Sent.answer(kind, &kept.back));
        }
        Found::Expired(kept) if kept.origin == own => {
            return passing.refuse(Hindrance::Gone.answer(kind, &kept.back));
        }
        Found::Nothing | Found::Waiting(..) | Found::Sent(_) | Found::Expired(_) => return gone(),
    };
    let visit = Visit {
        passing: &passing,
        resume,
        id,
        kept: *kept,
        body,
        credential,
    };
    visit.answer(request).await
}

/// A visit to a request that waits.
struct Visit<'a> {
    passing: &'a Passing<'a>,
    resume: &'a Resume,
    id: ResumeId,
    kept: Kept,
    body: KeptBody,
    credential: Option<Credential>,
}

impl Visit<'_> {
    async fn answer(self, visit: Request) -> Response<ResponseBody> {
        let passing = self.passing;
        let kind = passing.kind();
        let headers = &passing.head.headers;
        if !may_be_holder(&self.kept, headers) {
            return self.refuse_elsewhere(&visit).await;
        }
        let Some(request) = self.waiting(&visit) else {
            return passing.refuse(Hindrance::Gone.answer(kind, "/"));
        };
        let mut headers = headers.clone();
        self.kept.lay_over(&mut headers, self.body.len());
        let inquiry = Inquiry {
            request,
            credential: self.credential.clone(),
            headers: &headers,
        };
        let resuming = Resuming {
            id: &self.id,
            on_its_page: true,
        };
        let checker = &passing.exchange.client.worker.shared.checker;
        let forward = match checker.check_again(inquiry, resuming).await {
            Verdict::Forward(forward) => forward,
            // A page is visited, so nobody asks what may be asked.
            Verdict::Preflight(_) => return passing.refuse(Hindrance::Gone.answer(kind, "/")),
            Verdict::Refuse(refusal) => {
                if is_anothers(&self.kept, &refusal, &passing.head.headers) {
                    return self.refuse_elsewhere(&visit).await;
                }
                return passing.refuse_with(refusal.answer, refusal.set_cookies);
            }
        };
        let changed = || passing.refuse(Hindrance::Changed.answer(kind, &self.kept.back));
        let Some(record) = &forward.facts.session else {
            return changed();
        };
        let session = &*record.subject().session_id;
        if !is_holder(&self.kept, &passing.head.headers, session) {
            return self.refuse_elsewhere(&visit).await;
        }
        let proof = self.resume.keeper.proof(&self.id, session);
        match proof.filter(|_| forward.permit.rule().id().as_str() == self.kept.rule) {
            Some(proof) => self.ready(&visit, forward, proof).await,
            None => changed(),
        }
    }

    /// The request that waits, as it would be made now.
    fn waiting(&self, visit: &Request) -> Option<Request> {
        let (path, query) = Request::parse_target(&self.kept.target).ok()?;
        Some(Request {
            method: Method::from_bytes(self.kept.method.as_bytes()).ok()?,
            path,
            query,
            ..visit.clone()
        })
    }

    async fn ready(
        self,
        visit: &Request,
        forward: Forward,
        proof: String,
    ) -> Response<ResponseBody> {
        let [id, proven] = Continuation::FIELDS;
        let path = self.kept.target.split('?').next().unwrap_or_default();
        let page = ResumePage {
            reason: forward.permit.rule().reason().map(str::to_owned),
            destination: [&*visit.authority(), path].concat(),
            content: content(&self.kept, &self.body),
            action: self.kept.target.clone(),
            hidden: [(id, self.id.as_str().to_owned()), (proven, proof)],
            back: self.kept.back.clone(),
            account: self.account(visit).await,
        };
        let page = Page::Resume(Box::new(page));
        render_page(StatusCode::OK, &page, forward.set_cookies, self.passing)
    }

    async fn refuse_elsewhere(&self, visit: &Request) -> Response<ResponseBody> {
        let account = self.account(visit).await;
        let request_id = String::from_utf8_lossy(self.passing.request_id.as_bytes()).into_owned();
        let status = StatusCode::FORBIDDEN;
        let mut page = Refusal::new(Explanation::KeptElsewhere, status.as_u16(), request_id);
        page.proceed = account.as_ref().map(|account| account.logout_url.clone());
        // Only its holder may learn where it came from.
        page.back = Some("/".to_owned());
        page.account = account;
        render_page(status, &Page::Refusal(page), Vec::new(), self.passing)
    }

    /// Who is signed in, with the way out.
    async fn account(&self, visit: &Request) -> Option<Account> {
        if !self.resume.has_logout_page {
            return None;
        }
        let exchange = self.passing.exchange;
        let naming = self.resume.people.name_of(self.credential.clone()?);
        let name = wait_for(exchange, naming).await.flatten()?;
        let checker = &exchange.client.worker.shared.checker;
        Some(Account {
            name,
            logout_url: checker.identity_url(visit, "/logout"),
        })
    }
}

fn content(kept: &Kept, body: &[u8]) -> ResumeContent {
    let is_encoded = kept.header(&CONTENT_ENCODING).is_some();
    let content_type = kept.header(&CONTENT_TYPE);
    match Shown::of(content_type.as_deref(), is_encoded, body) {
        Shown::Form { fields, more } => ResumeContent::Form {
            rows: fields
                .into_iter()
                .map(|field| ResumeRow {
                    name: field.name,
                    value: match field.value {
                        ShownValue::Text(text) => ResumeValue::Text(text),
                        ShownValue::Secret => ResumeValue::Secret,
                        ShownValue::File { name, bytes } => ResumeValue::File(name, bytes),
                    },
                })
                .collect(),
            more,
        },
        Shown::Opaque { media_type, bytes } => ResumeContent::Opaque { media_type, bytes },
    }
}
