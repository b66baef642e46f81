//! Where a rule sends its requests: to an upstream, or back with an answer of its own.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use url::Url;

use super::super::super::raw::{RawDefaults, RawRedirect, RawRespond, RawRule};
use super::super::upstreams::{Names, find_upstream};
use crate::document::{Located, Place, Problem, Reading};
use crate::policy::{CanonicalPath, StaticAnswer, Target};

/// A larger body belongs into an application.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The target of a rule; `None`: what is wrong was told.
pub(in crate::rules::compile) fn target_of(
    raw: &RawRule,
    defaults: &RawDefaults,
    names: &Names,
    reading: &mut Reading,
) -> Option<Target> {
    let handling = &raw.handling;
    let answer = match (&handling.respond, &handling.redirect) {
        (None, None) => {
            return find_upstream(raw, defaults, names, reading).map(Target::Upstream);
        }
        (Some(_), Some(redirect)) => {
            let message = "a rule answers in one way: `respond` or `redirect`";
            reading.problem(Problem::at(&redirect.place, "contradiction", message));
            return None;
        }
        (Some(respond), None) => respond_of(respond, reading),
        (None, Some(redirect)) => redirect_of(redirect, reading),
    };
    check_alone(raw, reading);
    answer.map(|answer| Target::Answer(Box::new(answer)))
}

/// What is about upstreams has no meaning where there is none.
fn check_alone(raw: &RawRule, reading: &mut Reading) {
    let handling = &raw.handling;
    let place_of = |place: Option<&Place>, name| place.map(|place| (place.clone(), name));
    let idle: Vec<(Place, &str)> = [
        place_of(raw.upstream.as_ref().map(|found| &found.place), "upstream"),
        place_of(
            handling.rewrite.as_ref().map(|found| &found.place),
            "rewrite",
        ),
        place_of(
            handling.request_headers.as_ref().map(|found| &found.place),
            "request_headers",
        ),
        place_of(
            handling.timeouts.as_ref().map(|found| &found.place),
            "timeouts",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    for (place, name) in idle {
        let message = format!("the rule answers itself, so `{name}` would do nothing");
        reading.problem(Problem::at(&place, "contradiction", message));
    }
}

fn respond_of(raw: &Located<RawRespond>, reading: &mut Reading) -> Option<StaticAnswer> {
    let respond = &raw.value;
    let mut wrong = |place: &Place, message: &str, help: Option<&str>| {
        let problem = Problem::at(place, "invalid_value", message);
        reading.problem(problem.maybe_help(help.map(str::to_owned)));
    };
    let mut status = StatusCode::OK;
    if let Some(written) = &respond.status {
        match StatusCode::from_u16(written.value) {
            Ok(code) if code.is_redirection() => {
                let message = "an answer with this status says where to go";
                wrong(&written.place, message, Some("use `redirect`"));
            }
            Ok(code) if (200..600).contains(&code.as_u16()) => status = code,
            Ok(_) | Err(_) => wrong(&written.place, "a status is 200 to 599", None),
        }
    }
    let body = respond.body.as_ref();
    if let Some(body) = body {
        if body.value.len() > MAX_BODY_BYTES {
            wrong(&body.place, "a body has 64 KiB at most", None);
        }
        let empty = matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
        if empty && !body.value.is_empty() {
            wrong(&body.place, "an answer with this status has no body", None);
        }
    }
    let content_type = match &respond.content_type {
        None => Some(HeaderValue::from_static("text/plain; charset=utf-8")),
        Some(written) => {
            let value = HeaderValue::from_str(&written.value).ok();
            let value = value.filter(|_| written.value.is_ascii() && written.value.contains('/'));
            if value.is_none() {
                let help = Some("write it as text/html; charset=utf-8");
                wrong(&written.place, "this is no content type", help);
            }
            value
        }
    };
    Some(StaticAnswer::Respond {
        status,
        content_type: content_type?,
        body: Bytes::from(body.map(|body| body.value.clone()).unwrap_or_default()),
    })
}

fn redirect_of(raw: &Located<RawRedirect>, reading: &mut Reading) -> Option<StaticAnswer> {
    let redirect = &raw.value;
    let status = match redirect.status.as_ref().map(|status| status.value) {
        None => Some(StatusCode::PERMANENT_REDIRECT),
        Some(code @ (301 | 302 | 303 | 307 | 308)) => StatusCode::from_u16(code).ok(),
        Some(_) => None,
    };
    if status.is_none()
        && let Some(written) = &redirect.status
    {
        let message = "a redirect has status 301, 302, 303, 307 or 308";
        reading.problem(Problem::at(&written.place, "invalid_value", message));
    }
    let to = redirect.to.as_ref()?;
    let value = HeaderValue::from_str(&to.value).ok();
    let value = value.filter(|_| is_destination(&to.value));
    if value.is_none() {
        let message = "this is neither a path nor an absolute URL";
        let help = "write /path or https://host/path";
        reading.problem(Problem::at(&to.place, "invalid_value", message).help(help));
    }
    Some(StaticAnswer::Redirect {
        status: status?,
        to: value?,
    })
}

/// A path on the same host, or an absolute URL, each in a spelling that every browser reads alike.
fn is_destination(text: &str) -> bool {
    let plain = text
        .bytes()
        .all(|byte| (b'!'..=b'~').contains(&byte) && byte != b'\\');
    if !plain {
        return false;
    }
    if text.starts_with('/') {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        return CanonicalPath::parse(path).is_ok();
    }
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let web = matches!(url.scheme(), "http" | "https") && text.contains("://");
    web && url.has_host() && url.username().is_empty() && url.password().is_none()
}
