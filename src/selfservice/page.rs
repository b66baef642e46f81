//! Our own pages, where the flows lead to them.

use axum::body::Body;
use axum::response::Response;
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use http::{Method, StatusCode};

use super::door::{Door, read_body, request_id};
use super::visit::{self, Visit};
use super::{Purpose, reply};
use crate::contract::{Flow, FlowKind, FlowState, Node};
use crate::flows::{Browser, Failure, FlowView, Problem, Program};
use crate::identity::ErrorId;
use crate::pages::{
    Account, Enrolment, ErrorPage, Locale, LoginPage, LoginStep, LogoutPage, MailedKind,
    MailedPage, MailedStep, Page, Pages, RegistrationPage, SessionRow, SessionsPage, SettingsPage,
};
use crate::web::Query;

/// A page by its path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Flow(FlowKind),
    Sessions,
    Logout,
    Mailbox,
    Error,
}

impl Door {
    /// The page at this path, if there is one. `None` leaves the path to the API.
    pub(super) async fn page(
        &self,
        parts: &Parts,
        path: &str,
        query: Option<&str>,
        body: &mut Option<Body>,
    ) -> Option<Response> {
        let pages = self.config.pages.as_deref()?;
        if !self.service.site().has_own_pages() {
            return None;
        }
        let place = match path {
            "/login" => Place::Flow(FlowKind::Login),
            "/registration" => Place::Flow(FlowKind::Registration),
            "/settings" => Place::Flow(FlowKind::Settings),
            "/recovery" => Place::Flow(FlowKind::Recovery),
            "/verification" => Place::Flow(FlowKind::Verification),
            "/logout" => Place::Logout,
            "/mailbox" if self.config.mailbox => Place::Mailbox,
            "/error" => Place::Error,
            // The API has a list at the same path; browsers that navigate want the page.
            "/sessions" if parts.method == Method::POST || names_html(parts) => Place::Sessions,
            _ => return None,
        };
        let reads = parts.method == Method::GET || parts.method == Method::HEAD;
        let ends_sessions = place == Place::Sessions && parts.method == Method::POST;
        if !reads && !ends_sessions {
            return Some(reply::method_not_allowed("GET, HEAD"));
        }
        let visit = visit::read(
            &self.service,
            &self.config,
            &parts.headers,
            &parts.extensions,
            (&parts.method, path),
            query,
        );
        let made = match place {
            Place::Flow(kind) => self.flow_page(pages, parts, kind, &visit).await,
            Place::Sessions if ends_sessions => {
                let body = body.take().unwrap_or_default();
                self.end_sessions(parts, &visit, body).await
            }
            Place::Sessions => self.sessions_page(pages, parts, &visit).await,
            Place::Logout => self.logout_page(pages, parts, &visit).await,
            Place::Mailbox => self.mailbox_page(pages, parts, &visit).await,
            Place::Error => self.error_page(pages, parts, &visit).await,
        };
        let mut response = made.unwrap_or_else(|failure| self.failed(pages, parts, &failure));
        if reads && !visit.had_csrf {
            let cookie = self.csrf_cookie(&visit.visitor.csrf);
            reply::set_cookies(&mut response, [&cookie]);
        }
        Some(response)
    }

    fn see(parts: &Parts, to: &str) -> Response {
        reply::redirect(&parts.method, StatusCode::SEE_OTHER, to)
    }

    pub(super) fn html(pages: &Pages, parts: &Parts, status: StatusCode, page: &Page) -> Response {
        let language = parts.headers.get(ACCEPT_LANGUAGE);
        let locale = Locale::from_accept_language(language.and_then(|line| line.to_str().ok()));
        let html = pages.render(page, locale);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        html.write_headers(response.headers_mut());
        *response.body_mut() = Body::from(html.into_body());
        response
    }

    fn failed(&self, pages: &Pages, parts: &Parts, failure: &Failure) -> Response {
        match failure {
            Failure::Refused(answer) => match (&answer.browser, &answer.program) {
                (Browser::To(_, to), _) => Self::see(parts, to),
                (Browser::Problem(problem), _)
                | (Browser::AsProgram, Program::Problem(problem)) => {
                    self.problem_page(pages, parts, problem)
                }
                (Browser::AsProgram, _) => self.problem_page(pages, parts, &Problem::internal()),
            },
            Failure::Internal(error) => {
                tracing::error!(%error, "a page of the identity service failed");
                self.problem_page(pages, parts, &Problem::internal())
            }
        }
    }

    fn problem_page(&self, pages: &Pages, parts: &Parts, problem: &Problem) -> Response {
        let error = &problem.envelope.error;
        let page = Page::Error(ErrorPage {
            code: error.code,
            id: error.id.clone(),
            reason: error.reason.clone(),
            request_id: request_id(&parts.headers).map(str::to_owned),
            start_again: Some(self.service.site().ui(FlowKind::Login).to_owned()),
        });
        Self::html(pages, parts, problem.status, &page)
    }

    fn account(&self, person: Option<String>) -> Option<Account> {
        let logout_url = format!("{}/logout", self.service.site().base());
        person.map(|name| Account { name, logout_url })
    }

    fn purpose(&self, flow: &Flow) -> Purpose {
        let known = self.config.purposes.as_ref();
        let found = flow
            .return_to
            .as_deref()
            .and_then(|to| known?.purpose_of(to));
        found.unwrap_or_default()
    }

    /// The page of a flow; without one, or with one that is over, a new flow is opened.
    async fn flow_page(
        &self,
        pages: &Pages,
        parts: &Parts,
        kind: FlowKind,
        visit: &Visit,
    ) -> Result<Response, Failure> {
        let site = self.service.site();
        let init = site.init_url(kind, false, &[]);
        let Some(id) = visit.visitor.query.find("flow") else {
            let query = parts.uri.query().map(|query| format!("?{query}"));
            let to = format!("{init}{}", query.unwrap_or_default());
            return Ok(Self::see(parts, &to));
        };
        let mut visitor = visit.visitor.clone();
        visitor.query = Query::of("id", id);
        let view = match self.service.flow_view(kind, &visitor).await {
            Ok(view) => view,
            Err(Failure::Refused(answer)) => {
                // Without cookies a new flow would end here as well.
                let foreign = matches!(&answer.program, Program::Problem(problem)
                    if problem.status == StatusCode::FORBIDDEN && visit.had_csrf);
                let over = matches!(&answer.program, Program::Problem(problem)
                    if matches!(problem.status, StatusCode::GONE | StatusCode::NOT_FOUND));
                let elsewhere = matches!(&answer.browser, Browser::To(..));
                if (over || foreign) && !elsewhere {
                    let to = restart(&answer.program).unwrap_or(init);
                    return Ok(Self::see(parts, &to));
                }
                return Err(Failure::Refused(answer));
            }
            Err(failure @ Failure::Internal(_)) => return Err(failure),
        };
        let page = self.page_of(kind, view);
        Ok(Self::html(pages, parts, StatusCode::OK, &page))
    }

    fn page_of(&self, kind: FlowKind, view: FlowView) -> Page {
        let site = self.service.site();
        let flows = &self.service.settings().self_service;
        let FlowView {
            flow,
            person,
            codes_left,
            preferred,
        } = view;
        let purpose = self.purpose(&flow);
        match kind {
            FlowKind::Settings => {
                let has_none = !flow.ui.nodes.iter().any(is_second_factor);
                let enrol = purpose.second_factor && has_none;
                Page::Settings(Box::new(SettingsPage {
                    account: self.account(person),
                    enrolment: enrol.then_some(Enrolment {
                        purpose: purpose.reason,
                    }),
                    codes_left,
                    sessions_url: Some(format!("{}/sessions", site.base())),
                    return_to: flow.return_to,
                    form: flow.ui,
                }))
            }
            FlowKind::Registration => Page::Registration(Box::new(RegistrationPage {
                login_url: with_return(site.ui(FlowKind::Login), flow.return_to.as_deref()),
                form: flow.ui,
            })),
            FlowKind::Recovery => self.mailed_page(MailedKind::Recovery, flow),
            FlowKind::Verification => self.mailed_page(MailedKind::Verification, flow),
            FlowKind::Login => {
                let step = step_of(&flow);
                let back = flow.return_to.as_deref();
                let register = site.ui(FlowKind::Registration);
                let no_factor = !flow.ui.nodes.iter().any(is_method);
                Page::Login(Box::new(LoginPage {
                    step,
                    account: self.account(person),
                    purpose: purpose.reason,
                    registration_url: flows
                        .registration
                        .enabled
                        .then(|| with_return(register, back)),
                    recovery_url: flows
                        .recovery
                        .enabled
                        .then(|| with_return(site.ui(FlowKind::Recovery), back)),
                    preferred,
                    settings_url: no_factor.then(|| with_return(site.ui(FlowKind::Settings), back)),
                    form: flow.ui,
                }))
            }
        }
    }

    fn mailed_page(&self, kind: MailedKind, flow: Flow) -> Page {
        let login = self.service.site().ui(FlowKind::Login);
        Page::Mailed(MailedPage {
            kind,
            step: mailed_step(flow.state),
            login_url: with_return(login, flow.return_to.as_deref()),
            form: flow.ui,
        })
    }

    async fn sessions_page(
        &self,
        pages: &Pages,
        parts: &Parts,
        visit: &Visit,
    ) -> Result<Response, Failure> {
        let site = self.service.site();
        let here = format!("{}/sessions", site.base());
        let found = self.service.sessions_view(&visit.visitor).await?;
        let Some((person, rows)) = found else {
            let query = [("return_to", here.as_str())];
            return Ok(Self::see(
                parts,
                &site.init_url(FlowKind::Login, false, &query),
            ));
        };
        let rows = rows.into_iter().map(|row| SessionRow {
            id: row.id,
            current: row.current,
            user_agent: row.user_agent,
            ip_address: row.ip_address,
            authenticated_at: row.authenticated_at,
            two_factors: row.two_factors,
        });
        let page = Page::Sessions(SessionsPage {
            account: self.account(person),
            action: here,
            csrf_token: visit.visitor.csrf.token(),
            rows: rows.collect(),
            settings_url: Some(site.ui(FlowKind::Settings).to_owned()),
        });
        Ok(Self::html(pages, parts, StatusCode::OK, &page))
    }

    async fn end_sessions(
        &self,
        parts: &Parts,
        visit: &Visit,
        body: Body,
    ) -> Result<Response, Failure> {
        let fields = read_body(&parts.headers, body).await.unwrap_or_default();
        let token = fields.text("csrf_token").unwrap_or_default();
        let marks = &visit.visitor.browser_marks;
        if !visit.visitor.csrf.verifies(&token) || marks.cross_site {
            let why = "The csrf_token of the form does not belong to the CSRF cookie.";
            return Err(Problem::csrf(why).into());
        }
        let which = fields.text("end").unwrap_or_default();
        let which = if which == SessionsPage::END_OTHERS {
            None
        } else {
            let bad = || Failure::from(Problem::bad_request("There is no such session."));
            Some(which.parse().map_err(|_| bad())?)
        };
        self.service.end_from_page(&visit.visitor, which).await?;
        let here = format!("{}/sessions", self.service.site().base());
        Ok(Self::see(parts, &here))
    }

    async fn logout_page(
        &self,
        pages: &Pages,
        parts: &Parts,
        visit: &Visit,
    ) -> Result<Response, Failure> {
        let site = self.service.site();
        let wanted = visit.visitor.query.find("return_to");
        let wanted = wanted.and_then(|to| site.allowed_return(to));
        let person = self.service.person(&visit.visitor).await?;
        let Some((person, token)) = person.and_then(|one| Some((one.name, one.logout_token?)))
        else {
            let to = wanted.unwrap_or_else(|| site.ui(FlowKind::Login).to_owned());
            return Ok(Self::see(parts, &to));
        };
        let page = Page::Logout(LogoutPage {
            account: self.account(person),
            action: format!("{}/self-service/logout", site.base()),
            token,
            cancel_url: Some(site.default_return().to_owned()),
            return_to: wanted,
        });
        Ok(Self::html(pages, parts, StatusCode::OK, &page))
    }

    async fn error_page(
        &self,
        pages: &Pages,
        parts: &Parts,
        visit: &Visit,
    ) -> Result<Response, Failure> {
        let id = visit.visitor.query.find("id");
        let error = match id.and_then(|id| id.parse::<ErrorId>().ok()) {
            Some(id) => self.service.error_view(id).await?,
            None => None,
        };
        let Some(error) = error else {
            return Err(Problem::not_found().into());
        };
        let text = |name: &str| error.get(name).and_then(|value| value.as_str());
        let code = error.get("code").and_then(serde_json::Value::as_u64);
        let code = code
            .and_then(|code| u16::try_from(code).ok())
            .unwrap_or(500);
        let page = Page::Error(ErrorPage {
            code,
            id: text("id").map(str::to_owned),
            reason: text("reason")
                .or_else(|| text("message"))
                .map(str::to_owned),
            request_id: text("request").map(str::to_owned),
            start_again: Some(self.service.site().ui(FlowKind::Login).to_owned()),
        });
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Ok(Self::html(pages, parts, status, &page))
    }
}

fn step_of(flow: &Flow) -> LoginStep {
    let second = flow.requested_aal.as_deref() == Some("aal2");
    match (second, flow.refresh == Some(true)) {
        (true, true) => LoginStep::SecondAgain,
        (true, false) => LoginStep::Second,
        (false, true) => LoginStep::FirstAgain,
        (false, false) => LoginStep::First,
    }
}

/// Whether the node is a way to go on: a method's button, or one that asks a key.
fn is_method(node: &Node) -> bool {
    node.as_input()
        .is_some_and(|input| input.name == "method" || input.name.ends_with("_trigger"))
}

/// Whether the node of a settings form says that there is a second step already.
fn is_second_factor(node: &Node) -> bool {
    matches!(
        node.name(),
        "totp_unlink" | "webauthn_remove" | "lookup_secret_reveal"
    )
}

fn with_return(page: &str, return_to: Option<&str>) -> String {
    let Some(return_to) = return_to else {
        return page.to_owned();
    };
    let joint = if page.contains('?') { '&' } else { '?' };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", return_to);
    format!("{page}{joint}{}", query.finish())
}

/// Where an expired flow says that a new one is opened.
fn restart(program: &Program) -> Option<String> {
    let Program::Problem(problem) = program else {
        return None;
    };
    let details = problem.envelope.error.details.as_ref()?;
    details.get("redirect_to")?.as_str().map(str::to_owned)
}

/// Whether the request names HTML among what it accepts.
fn names_html(parts: &Parts) -> bool {
    let accept = parts.headers.get_all(http::header::ACCEPT);
    accept
        .iter()
        .filter_map(|line| line.to_str().ok())
        .any(|line| line.contains("text/html"))
}

const fn mailed_step(state: FlowState) -> MailedStep {
    match state {
        FlowState::SentEmail | FlowState::RecoveryAwaitingCode => MailedStep::Sent,
        FlowState::PassedChallenge => MailedStep::Done,
        FlowState::ChooseMethod
        | FlowState::RecoveryAwaitingAddress
        | FlowState::RecoveryAwaitingAddressChoice
        | FlowState::RecoveryConfirmingAddress
        | FlowState::ShowForm
        | FlowState::Success => MailedStep::Address,
    }
}
