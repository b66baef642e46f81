//! Why a request would be answered as it would: as JSON, and on a page with a form.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use super::answer::{Answer, Refusal, json};
use super::operations::Operations;
use super::parameters::Parameters;
use crate::authz;
use crate::clock::Clock;
use crate::document::{FromNode as _, Problems, Reading, Source, parse};
use crate::rehearsal::{Explained, Posed, PosedWords, Reply, Stage};

/// What decisions that are tried out depend on beside the rules.
#[derive(Clone, Debug)]
pub struct Trying {
    /// Where people would be sent.
    pub answers: authz::Config,
    /// See [`Stage::hides_lower_sessions`].
    pub hides_lower_sessions: bool,
    /// Whether there is a page for it, besides the JSON.
    pub dashboard: bool,
    /// The time.
    pub clock: Clock,
}

/// Nothing but its own style and its own forms.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

/// The page for people, where it is wanted.
pub(super) fn pages(operations: &Operations) -> Router<Operations> {
    let wanted = operations
        .trying
        .as_ref()
        .is_some_and(|trying| trying.dashboard);
    match wanted {
        true => Router::new()
            .route("/", get(page))
            .route("/dashboard.css", get(style)),
        false => Router::new(),
    }
}

/// `GET /stepgate/v1/explain?url=..`, with the names of the command line.
pub(super) async fn ask(State(operations): State<Operations>, RawQuery(query): RawQuery) -> Answer {
    let words = words(&Parameters::parse(query.as_deref()));
    let posed = words.read();
    let posed = posed.map_err(|misused| Refusal::bad_request(&format!("{misused}.")))?;
    explained(&operations, &posed).map(|explained| json(StatusCode::OK, &explained.to_json()))
}

/// `POST /stepgate/v1/explain` with a request and a session as in a file of cases.
pub(super) async fn ask_at_length(State(operations): State<Operations>, body: Bytes) -> Answer {
    let posed = read(&body)?;
    explained(&operations, &posed).map(|explained| json(StatusCode::OK, &explained.to_json()))
}

fn read(body: &Bytes) -> Result<Posed, Refusal> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Err(Refusal::bad_request("The request body is no text."));
    };
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let reason = format!("The request body can not be read: {error}");
        return Err(Refusal::bad_request(&reason));
    }
    let mut reading = Reading::new();
    let mut problems = Problems::new();
    let root = parse(&Source::new("body", text), &mut problems);
    let posed = root.and_then(|root| Posed::from_node(&root, &mut reading));
    problems.append(reading.problems);
    match (posed, problems.iter().next()) {
        (Some(posed), None) => Ok(posed),
        (_, Some(problem)) => {
            let (line, column, message) = (problem.line, problem.column, &problem.message);
            let reason = format!("{message} (line {line}, column {column}).");
            Err(Refusal::bad_request(&reason))
        }
        (None, None) => Err(Refusal::bad_request("The request body is empty.")),
    }
}

fn words(parameters: &Parameters) -> PosedWords {
    let one = |name: &str| parameters.find(name).map(str::to_owned);
    PosedWords {
        url: one("url").unwrap_or_default(),
        method: one("method"),
        headers: parameters
            .all("header")
            .flat_map(str::lines)
            .map(str::to_owned)
            .collect(),
        ip: one("ip"),
        aal: one("aal"),
        methods: one("methods"),
        second_factors: one("second_factors"),
        authenticated_at: one("authenticated_at"),
        traits: one("traits"),
    }
}

fn explained(operations: &Operations, posed: &Posed) -> Result<Explained, Refusal> {
    let rules = operations.rules.as_ref().ok_or_else(Refusal::not_found)?;
    let trying = operations.trying.as_ref().ok_or_else(Refusal::not_found)?;
    let stage = Stage {
        rules: rules.current(),
        answers: trying.answers.clone(),
        hides_lower_sessions: trying.hides_lower_sessions,
    };
    let now = posed.now.unwrap_or_else(|| trying.clock.wall());
    Ok(stage.explain(&posed.asked, posed.person.as_ref(), now))
}

/// The form, and under it the answer to what it asked.
#[derive(Template)]
#[template(path = "explain.html")]
struct Page {
    version: &'static str,
    generation: u64,
    rules: usize,
    words: PosedWords,
    misused: Option<String>,
    explained: Option<Explained>,
}

/// A level to choose.
struct Level {
    value: &'static str,
    label: &'static str,
    chosen: bool,
}

impl Page {
    fn levels(&self) -> [Level; 4] {
        let typed = self.words.aal.as_deref().unwrap_or_default();
        [
            ("", "as the methods say"),
            ("none", "nobody is signed in"),
            ("aal1", "aal1"),
            ("aal2", "aal2"),
        ]
        .map(|(value, label)| Level {
            value,
            label,
            chosen: value == typed,
        })
    }

    /// What was typed, to be shown again.
    fn typed<'a>(&self, word: &'a Option<String>) -> &'a str {
        word.as_deref().unwrap_or_default()
    }

    fn headers(&self) -> String {
        self.words.headers.join("\n")
    }

    /// What a client gets, in words.
    fn said(&self, reply: &Reply) -> String {
        let Some(status) = reply.status else {
            return "forwarded to the application".to_owned();
        };
        match (&reply.location, reply.id) {
            (Some(location), _) => format!("{status} to {location}"),
            (None, Some(id)) => format!("{status} {id}"),
            (None, None) => status.to_string(),
        }
    }
}

async fn page(State(operations): State<Operations>, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(query.as_deref());
    let words = words(&parameters);
    let current = operations.rules.as_ref().map(|store| store.current());
    let mut page = Page {
        version: env!("CARGO_PKG_VERSION"),
        generation: current.as_ref().map_or(0, |rules| rules.number()),
        rules: current.as_ref().map_or(0, |rules| rules.rules().len()),
        words,
        misused: None,
        explained: None,
    };
    if !page.words.url.is_empty() {
        match page.words.read() {
            Ok(posed) => page.explained = explained(&operations, &posed).ok(),
            Err(misused) => page.misused = Some(misused.to_string()),
        }
    }
    let Ok(body) = page.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (headers, body).into_response()
}

async fn style() -> Response {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    let sniffing = HeaderValue::from_static("nosniff");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, sniffing),
    ];
    (headers, include_str!("templates/dashboard.css")).into_response()
}
