//! What to answer, for programs and for browsers; the door picks one.

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::contract::Flow;
use crate::contract::Problem;
use crate::web::SetCookie;
use crate::web::csrf::CsrfSecret;

/// The outcome of a use case.
#[derive(Clone)]
pub struct Answer {
    /// For JSON clients and native ones.
    pub program: Program,
    /// For browsers that follow redirects.
    pub browser: Browser,
    /// Cookies to set.
    pub cookies: Vec<SetCookie>,
    /// Whether the browser gets a new CSRF secret: the person behind it changed.
    pub rotate_csrf: bool,
    /// The new secret, where a flow that the answer leads to is bound to it already.
    pub next_csrf: Option<CsrfSecret>,
    /// Whether the answer is a freshly opened flow, which negotiates a little differently.
    pub opened: bool,
    /// Headers that belong to this answer alone.
    pub headers: Vec<(&'static str, String)>,
}

/// An answer for programs.
#[derive(Clone)]
pub enum Program {
    /// JSON.
    Json(StatusCode, Value),
    /// A refusal.
    Problem(Box<Problem>),
    /// Nothing.
    Empty(StatusCode),
    /// A redirect, where programs get one too.
    To(StatusCode, String),
}

/// An answer for browsers.
#[derive(Clone)]
pub enum Browser {
    /// A redirect.
    To(StatusCode, String),
    /// The error page.
    Problem(Box<Problem>),
    /// The same as for programs.
    AsProgram,
}

impl Answer {
    /// The two answers without cookies.
    #[must_use]
    pub const fn new(program: Program, browser: Browser) -> Self {
        Self {
            program,
            browser,
            cookies: Vec::new(),
            rotate_csrf: false,
            next_csrf: None,
            opened: false,
            headers: Vec::new(),
        }
    }

    /// JSON for everybody.
    #[must_use]
    pub fn json(status: StatusCode, body: &impl Serialize) -> Self {
        Self::new(program_json(status, body), Browser::AsProgram)
    }

    /// A flow: JSON for programs, its page for browsers.
    #[must_use]
    pub fn flow(status: StatusCode, flow: &Flow, page: Browser) -> Self {
        Self::new(program_json(status, flow), page)
    }

    /// A refusal: JSON for programs, the error page for browsers.
    #[must_use]
    pub fn problem(problem: Problem) -> Self {
        let problem = Box::new(problem);
        Self::new(Program::Problem(problem.clone()), Browser::Problem(problem))
    }

    /// A redirect for everybody.
    #[must_use]
    pub fn see(status: StatusCode, to: String) -> Self {
        Self::new(Program::To(status, to.clone()), Browser::To(status, to))
    }

    /// A refusal that programs see and browsers are led away from.
    #[must_use]
    pub fn problem_or(problem: Problem, status: StatusCode, to: String) -> Self {
        Self::new(Program::Problem(Box::new(problem)), Browser::To(status, to))
    }

    /// The same answer with a cookie.
    #[must_use]
    pub fn cookie(mut self, cookie: Option<SetCookie>) -> Self {
        self.cookies.extend(cookie);
        self
    }

    /// The same answer, and the browser gets this CSRF secret.
    #[must_use]
    pub fn with_csrf(mut self, secret: CsrfSecret) -> Self {
        self.rotate_csrf = true;
        self.next_csrf = Some(secret);
        self
    }

    /// The same answer, JSON whatever the client accepts.
    #[must_use]
    pub fn for_everybody(mut self) -> Self {
        self.browser = Browser::AsProgram;
        self
    }
}

fn program_json(status: StatusCode, body: &impl Serialize) -> Program {
    match serde_json::to_value(body) {
        Ok(body) => Program::Json(status, body),
        Err(_) => Program::Problem(Box::new(Problem::internal())),
    }
}

/// Why a use case ended early.
pub enum Failure {
    /// With an answer.
    Refused(Box<Answer>),
    /// Because something of ours failed; the log says what.
    Internal(String),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(Answer::problem(problem)))
    }
}

impl From<Answer> for Failure {
    fn from(answer: Answer) -> Self {
        Self::Refused(Box::new(answer))
    }
}

/// What a use case gives.
pub type Outcome = Result<Answer, Failure>;
