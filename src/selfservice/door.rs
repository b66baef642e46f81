//! One request from its head to its answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::route::{Route, cleaned};
use super::visit::{self, Visit};
use super::{Config, reply, schemas};
use crate::contract::{FlowKind, SECURITY_KEY_SCRIPT, Transport};
use crate::flows::{Answer, Browser, Failure, Outcome, Problem, Program, Service, Submission};
use crate::flows::{Visitor, Wants};
use crate::identity::settings::{CookieAttributes, SameSite};
use crate::web::csrf::{self, CsrfSecret};
use crate::web::{BODY_LIMIT_BYTES, BodyError, Fields, SetCookie, cors, prefers_json};

const CSRF_COOKIE_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The door's state.
pub(super) struct Door {
    pub(super) service: Arc<Service>,
    pub(super) config: Config,
    csrf_cookie: String,
    /// The path of the public URL.
    prefix: String,
    csrf_attributes: CookieAttributes,
}

impl Door {
    pub(super) fn new(service: Arc<Service>, mut config: Config) -> Self {
        let settings = service.settings();
        let mut csrf_attributes = settings.cookies.clone();
        if !csrf_attributes.secure {
            // Browsers take SameSite=None from secure cookies only.
            csrf_attributes.same_site = SameSite::Lax;
        }
        config
            .mount
            .truncate(config.mount.trim_end_matches('/').len());
        Self {
            csrf_cookie: csrf::cookie_name(&settings.public.base_url),
            prefix: path_of(service.site().base()),
            csrf_attributes,
            service,
            config,
        }
    }

    pub(super) async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let rules = &self.service.settings().public.cors;
        let cors_on = rules.enabled;
        let mut response = if cors_on && cors::is_preflight(&parts.method, &parts.headers) {
            let mut response = reply::empty(StatusCode::NO_CONTENT);
            *response.headers_mut() = cors::preflight(rules, &parts.headers);
            return response;
        } else {
            self.routed(&parts, body).await
        };
        if cors_on {
            cors::answer(rules, &parts.headers, response.headers_mut());
        }
        response
    }

    async fn routed(&self, parts: &Parts, body: Body) -> Response {
        let mut response = match self.local_path(parts.uri.path()) {
            Some(path) => self.on_path(parts, &path, body).await,
            None => (reply::not_found(), true),
        };
        reply::finish(&mut response.0, &parts.method, response.1);
        response.0
    }

    /// The decoded path below the mount.
    fn local_path(&self, path: &str) -> Option<String> {
        let below = path.strip_prefix(self.config.mount.as_str())?;
        if !below.is_empty() && !below.starts_with('/') {
            return None;
        }
        let decoded = percent_decode_str(below).decode_utf8().ok()?;
        Some(decoded.into_owned())
    }

    /// The answer, and whether it depends on cookies.
    async fn on_path(&self, parts: &Parts, path: &str, body: Body) -> (Response, bool) {
        let query = parts.uri.query();
        if let Some(clean) = cleaned(path) {
            // Below a mount the prefix may be gone by now; the public URL knows it.
            let mut to = format!("{}{clean}", self.prefix);
            if let Some(query) = query {
                to.push('?');
                to.push_str(query);
            }
            let status = StatusCode::TEMPORARY_REDIRECT;
            return (reply::redirect(&parts.method, status, &to), true);
        }
        let route = Route::find(path);
        if matches!(route, Route::Alive | Route::Ready) {
            return (self.health(route, &parts.method).await, false);
        }
        let mut body = Some(body);
        if let Some(page) = self.page(parts, path, query, &mut body).await {
            return (page, true);
        }
        let body = body.unwrap_or_default();
        let visit = visit::read(
            &self.service,
            &self.config,
            &parts.headers,
            &parts.extensions,
            (&parts.method, path),
            query,
        );
        let safe = matches!(
            parts.method,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
        );
        let request_id = request_id(&parts.headers);
        if !route.checks_itself() && !safe {
            let why = "An unsafe request came to a path that does not take one.";
            return (reply::problem(&Problem::csrf(why), request_id), true);
        }
        let mut response = self.dispatch(parts, path, route, &visit, body).await;
        let reads = parts.method == Method::GET || parts.method == Method::HEAD;
        if !route.checks_itself() && reads && !visit.had_csrf {
            let sets_one = response.headers().contains_key(http::header::SET_COOKIE);
            if !sets_one {
                let cookie = self.csrf_cookie(&visit.visitor.csrf);
                reply::set_cookies(&mut response, [&cookie]);
            }
        }
        (response, true)
    }

    async fn dispatch(
        &self,
        parts: &Parts,
        path: &str,
        route: Route<'_>,
        visit: &Visit,
        body: Body,
    ) -> Response {
        let visitor = &visit.visitor;
        let request_id = request_id(&parts.headers);
        let schemas = &self.service.settings().schemas;
        match route {
            Route::Unknown => return reply::not_found(),
            known if !known.knows(&parts.method) => {
                return reply::method_not_allowed(known.allow());
            }
            Route::Schemas => return schemas::list(schemas, &visitor.query),
            Route::Schema(name) => return schemas::one(schemas, name, request_id),
            Route::KeyScript => return reply::script(SECURITY_KEY_SCRIPT),
            Route::ChangePassword => {
                let to = self.service.site().ui(FlowKind::Settings);
                return reply::redirect(&parts.method, StatusCode::SEE_OTHER, to);
            }
            Route::Admin => return self.to_admin(parts, path),
            Route::Alive | Route::Ready => return reply::not_found(),
            Route::Open(..)
            | Route::Fetch(_)
            | Route::Submit(_)
            | Route::OpenLogout
            | Route::Logout
            | Route::NativeLogout
            | Route::ProviderCallback(_)
            | Route::TokenExchange
            | Route::Errors
            | Route::Whoami
            | Route::Sessions
            | Route::Session(_) => {}
        }
        let outcome = self.use_case(parts, route, visitor, body).await;
        self.reply(parts, visitor, outcome).await
    }

    async fn use_case(
        &self,
        parts: &Parts,
        route: Route<'_>,
        visitor: &Visitor,
        body: Body,
    ) -> Outcome {
        let service = &self.service;
        match route {
            Route::Open(kind, transport) => open(service, kind, transport, visitor).await,
            Route::Fetch(kind) => fetch(service, kind, visitor).await,
            Route::Submit(kind) => {
                let body = match parts.method {
                    Method::POST => Some(read_body(&parts.headers, body).await),
                    _ => None,
                };
                submit(service, kind, visitor, body).await
            }
            Route::OpenLogout => service.open_logout(visitor).await,
            Route::Logout => service.submit_logout(visitor).await,
            Route::NativeLogout => {
                service
                    .native_logout(read_body(&parts.headers, body).await)
                    .await
            }
            Route::ProviderCallback(id) if parts.method == Method::POST => {
                let body = read_body(&parts.headers, body).await;
                service.oidc_posted(id, body).await
            }
            Route::ProviderCallback(id) => service.oidc_callback(visitor, id).await,
            Route::TokenExchange => service.exchange_token(visitor).await,
            Route::Errors => service.fetch_error(visitor).await,
            Route::Sessions if parts.method == Method::DELETE => {
                service.revoke_other_sessions(visitor).await
            }
            Route::Sessions => service.list_sessions(visitor).await,
            Route::Session(id) => service.revoke_one_session(visitor, id).await,
            Route::Whoami => service.whoami(visitor).await,
            Route::Schemas
            | Route::Schema(_)
            | Route::ChangePassword
            | Route::KeyScript
            | Route::Alive
            | Route::Ready
            | Route::Admin
            | Route::Unknown => Err(Problem::not_found().into()),
        }
    }

    async fn reply(&self, parts: &Parts, visitor: &Visitor, outcome: Outcome) -> Response {
        let request_id = request_id(&parts.headers);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(Failure::Refused(answer)) => *answer,
            Err(Failure::Internal(error)) => {
                tracing::error!(%error, "the identity service failed");
                return reply::problem(&Problem::internal(), request_id);
            }
        };
        let as_json = if answer.opened {
            prefers_json(&parts.headers)
        } else {
            visitor.wants == Wants::Json
        };
        let mut response = match &answer.browser {
            Browser::To(status, to) if !as_json => reply::redirect(&parts.method, *status, to),
            Browser::Problem(problem) if !as_json => match self.service.error_page(problem).await {
                Ok(to) => reply::redirect(&parts.method, StatusCode::SEE_OTHER, &to),
                Err(_) => reply::problem(&Problem::internal(), request_id),
            },
            Browser::To(..) | Browser::Problem(_) | Browser::AsProgram => {
                for_program(&parts.method, &answer.program, request_id)
            }
        };
        for (name, value) in &answer.headers {
            reply::set(&mut response, name, value);
        }
        self.set_cookies(&mut response, &answer);
        response
    }

    fn set_cookies(&self, response: &mut Response, answer: &Answer) {
        if answer.rotate_csrf {
            let next = answer.next_csrf.clone();
            let cookie = self.csrf_cookie(&next.unwrap_or_else(CsrfSecret::random));
            reply::set_cookies(response, [&cookie]);
        }
        reply::set_cookies(response, &answer.cookies);
    }

    pub(super) fn csrf_cookie(&self, secret: &CsrfSecret) -> SetCookie {
        SetCookie::new(
            &self.csrf_cookie,
            secret.cookie_value(),
            &self.csrf_attributes,
        )
        .lasting(self.service.clock().wall(), CSRF_COOKIE_AGE)
    }

    fn to_admin(&self, parts: &Parts, path: &str) -> Response {
        let Some(admin) = &self.config.admin_url else {
            return reply::not_found();
        };
        let mut to = format!("{}{path}", admin.trim_end_matches('/'));
        if let Some(query) = parts.uri.query() {
            to.push('?');
            to.push_str(query);
        }
        reply::redirect(&parts.method, StatusCode::TEMPORARY_REDIRECT, &to)
    }

    async fn health(&self, route: Route<'_>, method: &Method) -> Response {
        if !route.knows(method) {
            return reply::method_not_allowed(route.allow());
        }
        if route == Route::Ready && !self.service.is_ready().await {
            let body = json!({"errors": {"database": "the database does not answer"}});
            return reply::json(StatusCode::SERVICE_UNAVAILABLE, &body);
        }
        reply::json(StatusCode::OK, &json!({"status": "ok"}))
    }
}

/// The path of a URL, without a slash at its end.
fn path_of(url: &str) -> String {
    let path = url::Url::parse(url).map(|url| url.path().trim_end_matches('/').to_owned());
    path.unwrap_or_default()
}

fn for_program(method: &Method, program: &Program, request_id: Option<&str>) -> Response {
    match program {
        Program::Json(status, body) => reply::json(*status, body),
        Program::Problem(problem) => reply::problem(problem, request_id),
        Program::Empty(status) => reply::empty(*status),
        Program::To(status, to) => reply::redirect(method, *status, to),
    }
}

async fn open(
    service: &Service,
    kind: FlowKind,
    transport: Transport,
    visitor: &Visitor,
) -> Outcome {
    let outcome = match kind {
        FlowKind::Login => service.open_login(visitor, transport).await,
        FlowKind::Registration => service.open_registration(visitor, transport).await,
        FlowKind::Settings => service.open_settings(visitor, transport).await,
        FlowKind::Recovery => service.open_recovery(visitor, transport).await,
        FlowKind::Verification => service.open_verification(visitor, transport).await,
    };
    match (transport, outcome) {
        (Transport::Browser, outcome) => outcome,
        (Transport::Api, Ok(answer)) => Ok(answer.for_everybody()),
        (Transport::Api, Err(Failure::Refused(answer))) => Ok(answer.for_everybody()),
        (Transport::Api, Err(failure @ Failure::Internal(_))) => Err(failure),
    }
}

async fn fetch(service: &Service, kind: FlowKind, visitor: &Visitor) -> Outcome {
    let outcome = match kind {
        FlowKind::Login => service.fetch_login(visitor).await,
        FlowKind::Registration => service.fetch_registration(visitor).await,
        FlowKind::Settings => service.fetch_settings(visitor).await,
        FlowKind::Recovery => service.fetch_recovery(visitor).await,
        FlowKind::Verification => service.fetch_verification(visitor).await,
    };
    match outcome {
        Ok(answer) => Ok(answer),
        Err(Failure::Refused(answer)) => Ok(answer.for_everybody()),
        Err(failure @ Failure::Internal(_)) => Err(failure),
    }
}

async fn submit(
    service: &Service,
    kind: FlowKind,
    visitor: &Visitor,
    body: Option<Submission>,
) -> Outcome {
    match (kind, body) {
        (FlowKind::Login, body) => service.submit_login(visitor, or_nothing(body)).await,
        (FlowKind::Registration, body) => {
            service.submit_registration(visitor, or_nothing(body)).await
        }
        (FlowKind::Settings, Some(body)) => service.submit_settings(visitor, body).await,
        (FlowKind::Settings, None) => service.resume_settings(visitor).await,
        (FlowKind::Recovery, body) => service.submit_recovery(visitor, body).await,
        (FlowKind::Verification, body) => service.submit_verification(visitor, body).await,
    }
}

/// A GET of a submit path brings nothing to submit.
fn or_nothing(body: Option<Submission>) -> Submission {
    body.unwrap_or_else(|| Ok(Fields::default()))
}

pub(super) async fn read_body(headers: &HeaderMap, body: Body) -> Submission {
    let bytes = to_bytes(body, BODY_LIMIT_BYTES).await;
    match bytes {
        Ok(bytes) => Fields::decode(headers, &bytes),
        Err(_) => Err(BodyError::TooLarge),
    }
}

pub(super) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-request-id")?.to_str().ok()
}
