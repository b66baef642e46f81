//! `cors`: written to meant.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::super::super::raw::{RawCors, RawMatch};
use crate::document::{Located, Place, Problem, Reading};
use crate::policy::{Cors, CorsOrigins, Methods};

/// Browsers keep the answer to a preflight no longer than this.
const LONGEST_AGE: Duration = Duration::from_hours(24);

pub(super) fn cors_of(
    raw: &Located<RawCors>,
    matching: &RawMatch,
    reading: &mut Reading,
) -> Option<Cors> {
    let cors = &raw.value;
    let origins = origins_of(cors, &raw.place, reading);
    let allow_methods = methods_of(cors, matching, reading);
    let allow_headers = headers_of(cors, reading);
    if let Some(max_age) = &cors.max_age
        && max_age.value > LONGEST_AGE
    {
        let message = "browsers keep the answer to a preflight for a day at most";
        reading.problem(Problem::at(&max_age.place, "invalid_value", message));
    }
    Some(Cors {
        origins: origins?,
        allow_methods: allow_methods?,
        allow_headers,
        credentials: cors.credentials,
        max_age: cors
            .max_age
            .as_ref()
            .map(|max_age| HeaderValue::from(max_age.value.as_secs())),
    })
}

fn origins_of(cors: &RawCors, place: &Place, reading: &mut Reading) -> Option<CorsOrigins> {
    if cors.origins.is_empty() {
        let message = "`origins` is an empty list: no page could ask";
        reading.problem(Problem::at(place, "invalid_value", message));
        return None;
    }
    if let Some(any) = cors.origins.iter().find(|origin| origin.value == "*") {
        let told = match (cors.credentials, cors.origins.len()) {
            (false, 1) => return Some(CorsOrigins::Any),
            (true, _) => "any page of the web could act for whoever is signed in",
            (false, _) => "`*` covers the other origins of this list",
        };
        let help = "name the origins, such as https://app.example.com";
        reading.problem(Problem::at(&any.place, "contradiction", told).help(help));
        return None;
    }
    let origins: Vec<HeaderValue> = cors
        .origins
        .iter()
        .filter_map(|origin| origin_of(origin, reading))
        .collect();
    (origins.len() == cors.origins.len()).then(|| CorsOrigins::Listed(origins.into()))
}

/// An origin as browsers write it: scheme, host in lower case, the port unless it is the scheme's.
fn origin_of(written: &Located<String>, reading: &mut Reading) -> Option<HeaderValue> {
    let text = &*written.value;
    let usual = Url::parse(text).ok().and_then(|url| {
        let (scheme, host) = (url.scheme(), url.host_str()?.to_owned());
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        Some(format!("{scheme}://{host}{port}"))
    });
    if usual.as_deref() == Some(text) && !text.contains('*') {
        return HeaderValue::from_str(text).ok();
    }
    let message = format!("`{text}` is no origin: scheme, host and port, as browsers send it");
    let help = match usual.filter(|usual| !usual.contains('*') && !text.contains('*')) {
        Some(usual) => format!("write `{usual}`"),
        None => "write each origin in full, such as https://app.example.com".to_owned(),
    };
    reading.problem(Problem::at(&written.place, "invalid_value", message).help(help));
    None
}

/// The methods that pages may use: those listed, else those of the rule, else those that forms
/// could use too.
fn methods_of(cors: &RawCors, matching: &RawMatch, reading: &mut Reading) -> Option<HeaderValue> {
    let own = matching
        .methods
        .as_ref()
        .map(|named| Methods::only(named.iter().map(|method| method.value.clone()).collect()));
    let names: Vec<String> = match (&cors.methods, &own) {
        (Some(listed), own) => {
            for method in listed {
                if own.as_ref().is_some_and(|own| !own.contain(&method.value)) {
                    let message = format!("this rule is not about {}", method.value);
                    reading.problem(Problem::at(&method.place, "contradiction", message));
                }
            }
            listed
                .iter()
                .map(|method| method.value.to_string())
                .collect()
        }
        (None, Some(own)) => own.named().map(ToString::to_string).collect(),
        (None, None) => ["GET", "HEAD", "POST"].map(str::to_owned).into(),
    };
    HeaderValue::from_str(&names.join(", ")).ok()
}

fn headers_of(cors: &RawCors, reading: &mut Reading) -> Option<HeaderValue> {
    for written in &cors.headers {
        let known = written.value.parse::<HeaderName>().is_ok();
        if written.value == "*" || !known {
            let message = format!("`{}` is no header name", written.value);
            let help = "name the headers that pages may send";
            reading.problem(Problem::at(&written.place, "invalid_value", message).help(help));
        }
    }
    let names: Vec<&str> = cors.headers.iter().map(|name| &*name.value).collect();
    let line = HeaderValue::from_str(&names.join(", ")).ok();
    line.filter(|_| !names.is_empty())
}
