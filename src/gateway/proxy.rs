//! One request: read it, have it decided, forward it or answer it.

use std::rc::Rc;

use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Response, Uri, Version};
use http_body::Body as _;
use hyper::body::Incoming;

use super::LocalBody;
use super::audited;
use super::body::{RequestBody, ResponseBody};
use super::client::ClientConnection;
use super::exchange::Exchange;
use super::facts::{self, Facts, Fault};
use super::failing::failure_answer;
use super::guest;
use super::head_scan::BodyKind;
use super::headers::{self, AnswerChanges, Framing, X_REQUEST_ID};
use super::live;
use super::log::Entry;
use super::mount;
use super::objection::objection;
use super::respond::{self, render, to_https};
use super::resume::{self, Arriving};
use super::turn::close_after;
use super::upgrade::{self, Wanted};
use super::upstream::{Failure, send};
use crate::authz::{self, Answer, Client, Decided, Forward, Inquiry, Verdict};
use crate::policy::{AmbiguousRequest, Permit, Scheme, Target};
use crate::telemetry::is_plain_request_id;
use crate::whoami::{Credential, CredentialKind};

/// A request on its way, as far as every branch needs it.
pub(super) struct Passing<'a> {
    pub(super) exchange: &'a Rc<Exchange>,
    pub(super) head: http::request::Parts,
    pub(super) request_id: HeaderValue,
    /// What the rule that let it through says about answers.
    pub(super) changes: Option<Box<AnswerChanges>>,
    /// What an answer of ours depends on, once the headers are on their way to the upstream.
    asker: Option<Asker>,
}

/// Who gets an answer of ours, and in which language.
struct Asker {
    kind: Client,
    language: Option<HeaderValue>,
}

impl Passing<'_> {
    /// A refusal in the client's words.
    pub(super) fn refuse(&self, answer: Answer) -> Response<ResponseBody> {
        self.refuse_with(answer, Vec::new())
    }

    /// The same, with cookies for the client.
    pub(super) fn refuse_with(
        &self,
        answer: Answer,
        cookies: Vec<HeaderValue>,
    ) -> Response<ResponseBody> {
        let grant = self.changes.as_ref().and_then(|changes| changes.grant());
        let answer = match grant {
            Some(grant) => answer.granting(grant),
            None => answer,
        };
        let language = self.language();
        render(answer, cookies, language, &self.request_id, self.exchange)
    }

    /// The languages that the client asks for.
    pub(super) fn language(&self) -> Option<&HeaderValue> {
        match &self.asker {
            Some(asker) => asker.language.as_ref(),
            None => self.head.headers.get(ACCEPT_LANGUAGE),
        }
    }

    /// Refuses what its rule lets through, because the target can't be sent to an upstream as it
    /// was matched, or as the rule rewrites it.
    pub(super) fn refuse_target(
        &self,
        forward: &Forward,
        why: AmbiguousRequest,
    ) -> Response<ResponseBody> {
        let answer = Answer::ambiguous_request(self.kind(), why);
        let facts = authz::Facts {
            decision: Decided::BadRequest,
            reported: false,
            ..forward.facts.clone()
        };
        self.exchange.decided(&facts);
        let request = forward.permit.request();
        audited::refused(self.exchange, &self.request_id, request, &facts, &answer);
        self.refuse(answer)
    }

    /// The request as it came, with another body.
    pub(super) fn take_request(&mut self, body: LocalBody) -> Request<LocalBody> {
        let headers = self.take_headers();
        let mut request = Request::new(body);
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = self.head.uri.clone();
        *request.version_mut() = self.head.version;
        *request.headers_mut() = headers;
        request
    }

    /// The kind of client that asks.
    pub(super) fn kind(&self) -> Client {
        match &self.asker {
            Some(asker) => asker.kind,
            None => Client::classify(&self.head.headers),
        }
    }

    /// The headers, for the upstream. What an answer of ours depends on is kept.
    pub(super) fn take_headers(&mut self) -> HeaderMap {
        self.asker = Some(Asker {
            kind: self.kind(),
            language: self.head.headers.get(ACCEPT_LANGUAGE).cloned(),
        });
        std::mem::take(&mut self.head.headers)
    }
}

pub(super) async fn answer(
    exchange: &Rc<Exchange>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let client = &exchange.client;
    let (head, body) = request.into_parts();
    let framing = client.head_done(body_kind(&body));
    let request_id = request_id(&head.headers, client);
    // A guest tells of its requests itself.
    if client.door.guest.is_none() {
        *exchange.log.borrow_mut() = Entry::begin(client, &request_id, &head.method);
    }
    let passing = Passing {
        exchange,
        head,
        request_id,
        changes: None,
        asker: None,
    };
    let facts = match (framing, &client.door.guest) {
        (Ok(()), None) => facts::read(&passing.head, client).map(Some),
        (Ok(()), Some(_)) => facts::read_sizes(&passing.head, client).map(|()| None),
        (Err(fault), _) => Err(fault.into()),
    };
    let facts = match facts {
        Ok(Some(facts)) => facts,
        Ok(None) => {
            return match &client.door.guest {
                Some(guest) => Box::pin(guest::serve(&**guest, passing, body)).await,
                None => passing.refuse(Answer::unknown_host(passing.kind())),
            };
        }
        Err(fault) => {
            let answer = fault.answer(passing.kind());
            let method = &passing.head.method;
            exchange.unread();
            audited::refused_unread(exchange, &passing.request_id, method, &answer);
            let mut response = passing.refuse(answer);
            // What follows on the connection can't be told apart from this request's rest.
            if framing.is_err() && passing.head.version < Version::HTTP_2 {
                close_after(&mut response);
            }
            return response;
        }
    };
    exchange.note(|entry| entry.asked(&facts.request));
    if client.door.redirect_to_https && facts.request.scheme == Scheme::Http {
        return to_https(&facts.request, exchange);
    }
    match mount::place(&client.worker.shared, &facts.request) {
        Err(why) => {
            let answer = Answer::ambiguous_request(passing.kind(), why);
            audited::refused_unjudged(exchange, &passing.request_id, &facts.request, &answer);
            passing.refuse(answer)
        }
        Ok(Some(place)) => Box::pin(mount::serve(passing, facts, body, place)).await,
        Ok(None) => judge(passing, facts, body).await,
    }
}

fn body_kind(body: &Incoming) -> BodyKind {
    if body.is_end_stream() {
        return BodyKind::Empty;
    }
    match body.size_hint().exact() {
        Some(length) => BodyKind::Length(length),
        None => BodyKind::Chunked,
    }
}

fn request_id(headers: &HeaderMap, client: &ClientConnection) -> HeaderValue {
    let theirs = headers
        .get(&X_REQUEST_ID)
        .filter(|value| client.peer_trusted && is_plain_request_id(value));
    match theirs {
        Some(value) => value.clone(),
        None => client.worker.ids.next(),
    }
}

async fn judge(passing: Passing<'_>, facts: Facts, body: Incoming) -> Response<ResponseBody> {
    let Facts {
        request,
        credential,
        upgrade,
    } = facts;
    let exchange = passing.exchange;
    let credential = match credential {
        Ok(credential) => credential,
        Err(both) => {
            let answer = Fault::from(both).answer(passing.kind());
            audited::refused_unjudged(exchange, &passing.request_id, &request, &answer);
            return passing.refuse(answer);
        }
    };
    let mut body = Arriving::Client(body);
    if upgrade.is_none() && resume::may_continue(&passing) {
        body = match resume::read_continuation(exchange, body).await {
            Ok(Ok(continuation)) => {
                let resumed = resume::carry_on(passing, request, credential, continuation);
                return Box::pin(resumed).await;
            }
            Ok(Err(other)) => Arriving::Whole(other),
            Err(fault) => {
                let answer = failure_answer(Failure::Client(fault), passing.kind(), None);
                audited::refused_unjudged(exchange, &passing.request_id, &request, &answer);
                return passing.refuse(answer);
            }
        };
    }
    let by_cookie = is_cookie(credential.as_ref());
    let verdict = exchange
        .client
        .worker
        .shared
        .checker
        .check(Inquiry {
            request,
            credential,
            headers: &passing.head.headers,
        })
        .await;
    let by_cookie = upgrade.map(|wanted| (wanted, by_cookie));
    settle(passing, verdict, by_cookie, body).await
}

/// Acts on a verdict. An upgrade comes with whether its credential is a cookie.
pub(super) async fn settle(
    mut passing: Passing<'_>,
    verdict: Verdict,
    upgrade: Option<(Wanted, bool)>,
    body: Arriving,
) -> Response<ResponseBody> {
    let exchange = passing.exchange;
    match verdict {
        Verdict::Refuse(mut refusal) => {
            exchange.decided(&refusal.facts);
            let (request, facts) = (&refusal.request, &refusal.facts);
            audited::refused(
                exchange,
                &passing.request_id,
                request,
                facts,
                &refusal.answer,
            );
            match refusal.keep.take() {
                Some(keep) => Box::pin(resume::keep(passing, *refusal, *keep, body)).await,
                None => passing.refuse_with(refusal.answer, refusal.set_cookies),
            }
        }
        Verdict::Preflight(granted) => {
            exchange.decided(&granted.facts);
            respond::preflight(*granted, &passing.request_id, exchange)
        }
        Verdict::Forward(forward) => {
            let now = exchange.client.worker.shared.clock.wall();
            passing.changes = AnswerChanges::of(&forward, &passing.head.headers, now);
            if let Some(answer) = objection(&passing, &forward, upgrade.as_ref()) {
                let facts = authz::Facts {
                    decision: Decided::Deny,
                    reported: false,
                    ..forward.facts
                };
                exchange.decided(&facts);
                let request = forward.permit.request();
                audited::refused(exchange, &passing.request_id, request, &facts, &answer);
                return passing.refuse(answer);
            }
            if let Target::Answer(answer) = forward.permit.rule().target() {
                exchange.decided(&forward.facts);
                return respond::by_rule(answer, &passing, &forward);
            }
            if let Some(changes) = forward.permit.rule().handling().changes() {
                exchange.obey(changes.timeouts);
            }
            match upgrade {
                Some((wanted, _)) => Box::pin(upgrade::open(passing, forward, wanted)).await,
                None => pass_on(passing, forward, body).await,
            }
        }
    }
}

fn is_cookie(credential: Option<&Credential>) -> bool {
    credential.is_some_and(|credential| credential.kind() == CredentialKind::Cookie)
}

async fn pass_on(
    mut passing: Passing<'_>,
    forward: Forward,
    body: Arriving,
) -> Response<ResponseBody> {
    let exchange = passing.exchange;
    let worker = &exchange.client.worker;
    let Some(upstream) = worker.upstreams.of(&forward.permit, &worker.shared.board) else {
        exchange.decided(&forward.facts);
        return refuse_failure(&passing, Failure::Unreachable, &forward);
    };
    let body = body.into_body(exchange);
    let outgoing = match prepare(&mut passing, &forward, body) {
        Ok(outgoing) => outgoing,
        Err(why) => return passing.refuse_target(&forward, why),
    };
    exchange.decided(&forward.facts);
    exchange.sent(&upstream.config.name);
    let key = balance_key(&forward);
    let sending = send(&forward.permit, &upstream, exchange, outgoing, &key, false);
    match live::while_allowed(exchange, &forward, sending).await {
        Err(failure) => refuse_failure(&passing, failure, &forward),
        Ok((answer, lease)) => {
            exchange.answered(&upstream.config.name);
            let (head, body) = answer.into_parts();
            exchange.note(|entry| entry.status(head.status));
            let grpc = is_grpc(&passing, &head.headers);
            let body = ResponseBody::upstream(body, lease, Rc::clone(exchange));
            let mut response = Response::new(body.with_grpc_status(grpc));
            *response.status_mut() = head.status;
            *response.headers_mut() = head.headers;
            headers::finish_response(
                response.headers_mut(),
                head.status,
                &exchange.client,
                &forward,
                passing.changes.as_deref(),
            );
            exchange.settle(forward);
            response
        }
    }
}

/// Whether the answer is a gRPC stream to a client that reads trailers.
fn is_grpc(passing: &Passing<'_>, headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    passing.head.version == Version::HTTP_2
        && kind.is_some_and(|kind| kind.starts_with(b"application/grpc"))
}

/// What a session's requests are kept together by.
pub(super) fn balance_key(forward: &Forward) -> Vec<u8> {
    let request = forward.permit.request();
    match &forward.facts.session {
        _ if has_one_endpoint(&forward.permit) => Vec::new(),
        Some(record) => record.subject().session_id.as_bytes().to_vec(),
        None => request.client_ip.to_string().into_bytes(),
    }
}

fn has_one_endpoint(permit: &Permit) -> bool {
    permit
        .upstream()
        .is_none_or(|upstream| upstream.endpoints.len() == 1)
}

/// The request as it goes to the upstream, with the headers of the original.
///
/// # Errors
/// What was matched can't be sent as it is, or as its rule rewrites it.
pub(super) fn prepare(
    passing: &mut Passing<'_>,
    forward: &Forward,
    body: RequestBody,
) -> Result<Request<RequestBody>, AmbiguousRequest> {
    passing
        .exchange
        .keep_headers(&passing.head, &forward.permit);
    let permit = &forward.permit;
    let framing = match &body {
        RequestBody::Client(_) if body.size_hint().exact().is_none() => Framing::Chunked,
        RequestBody::Client(_) | RequestBody::Empty | RequestBody::Whole(_) => Framing::Known,
    };
    let uri = origin_form(permit, &passing.head.uri)?;
    let mut fields = passing.take_headers();
    headers::prepare(
        permit,
        &mut fields,
        &passing.exchange.client,
        forward.facts.session.as_deref(),
        &passing.request_id,
        framing,
    );
    let mut outgoing = Request::new(body);
    *outgoing.method_mut() = permit.request().method.clone();
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = fields;
    Ok(outgoing)
}

/// The canonical target, or what the rule makes of it; the client's own bytes where they are the
/// same. Nothing else may stand in for it.
fn origin_form(permit: &Permit, original: &Uri) -> Result<Uri, AmbiguousRequest> {
    let path = permit.path()?;
    let query = permit.query();
    let same = original.path() == path && original.query() == query.as_deref();
    match original.path_and_query() {
        Some(target) if same => Ok(Uri::from(target.clone())),
        Some(_) | None => {
            let text = match &query {
                Some(query) => [&*path, "?", query].concat(),
                None => path.into_owned(),
            };
            let target = PathAndQuery::try_from(&*text).ok();
            // The parser cuts off what it takes for a fragment.
            target
                .filter(|target| target.as_str() == text)
                .map(Uri::from)
                .ok_or(AmbiguousRequest::Character)
        }
    }
}

fn refuse_failure(
    passing: &Passing<'_>,
    failure: Failure,
    forward: &Forward,
) -> Response<ResponseBody> {
    let rule = Some(forward.permit.rule().id());
    passing.refuse(failure_answer(failure, passing.kind(), rule))
}
