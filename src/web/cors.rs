//! Cross-origin rules of the public API.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::identity::settings::Cors;

/// Whether this is a preflight: `OPTIONS` with an origin and the method that is meant.
#[must_use]
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Headers of the answer to a preflight. What is not allowed gets none but `Vary`.
#[must_use]
pub fn preflight(cors: &Cors, headers: &HeaderMap) -> HeaderMap {
    let mut answer = HeaderMap::new();
    for name in [
        "Origin",
        "Access-Control-Request-Method",
        "Access-Control-Request-Headers",
    ] {
        answer.append(VARY, HeaderValue::from_static(name));
    }
    let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD);
    let (Some(origin), Some(method)) = (allowed_origin(cors, headers), wanted) else {
        return answer;
    };
    let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS);
    if !method_allowed(cors, method) || !headers_allowed(cors, asked) {
        return answer;
    }
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
    if let Some(asked) = asked {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    allow_credentials(cors, &mut answer);
    let seconds = cors.max_age.as_secs();
    if seconds > 0 {
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
    }
    answer
}

/// Adds the headers of an actual answer. A foreign origin is served, without them.
pub fn answer(cors: &Cors, request: &HeaderMap, answer: &mut HeaderMap) {
    answer.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = allowed_origin(cors, request) else {
        return;
    };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    allow_credentials(cors, answer);
    let exposed = cors.exposed_headers.join(", ");
    if let Ok(exposed) = HeaderValue::from_str(&exposed)
        && !exposed.is_empty()
    {
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

fn allow_credentials(cors: &Cors, answer: &mut HeaderMap) {
    if cors.allow_credentials {
        answer.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
}

/// The request's origin, if it may read answers.
#[must_use]
pub fn allowed_origin(cors: &Cors, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let text = origin.to_str().ok()?.to_ascii_lowercase();
    let allowed = cors.allowed_origins.iter().any(|pattern| {
        let pattern = pattern.to_ascii_lowercase();
        match pattern.split_once('*') {
            None => pattern == text,
            Some((start, end)) => {
                text.len() >= start.len() + end.len()
                    && text.starts_with(start)
                    && text.ends_with(end)
            }
        }
    });
    allowed.then(|| origin.clone())
}

fn method_allowed(cors: &Cors, method: &HeaderValue) -> bool {
    let listed = cors
        .allowed_methods
        .iter()
        .any(|known| known.as_bytes().eq_ignore_ascii_case(method.as_bytes()));
    listed || method.as_bytes() == Method::OPTIONS.as_str().as_bytes()
}

/// Browsers send the names sorted and in lower case; anything else is refused.
fn headers_allowed(cors: &Cors, asked: Option<&HeaderValue>) -> bool {
    let Some(asked) = asked else { return true };
    let Ok(asked) = asked.to_str() else {
        return false;
    };
    let names: Vec<&str> = asked.split(',').map(str::trim).collect();
    names.is_sorted()
        && names.iter().all(|name| {
            let known = cors
                .allowed_headers
                .iter()
                .any(|known| known == "*" || known.eq_ignore_ascii_case(name));
            known && HeaderName::from_lowercase(name.as_bytes()).is_ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> Cors {
        Cors {
            enabled: true,
            allowed_origins: vec!["https://app.example.org".to_owned()],
            ..Cors::default()
        }
    }

    fn asking(origin: &'static str, names: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        let method = HeaderValue::from_static("POST");
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, method);
        let names = HeaderValue::from_static(names);
        headers.insert(ACCESS_CONTROL_REQUEST_HEADERS, names);
        headers
    }

    #[test]
    fn a_known_origin_may_call_and_a_foreign_one_may_not() {
        let known = preflight(&cors(), &asking("https://app.example.org", "content-type"));
        assert_eq!(
            known.get(ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(),
            "https://app.example.org"
        );
        let foreign = preflight(&cors(), &asking("https://evil.example.org", "content-type"));
        assert!(!foreign.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }

    #[test]
    fn unknown_or_unsorted_header_names_are_refused() {
        for names in [
            "x-forwarded-for",
            "x-csrf-token,content-type",
            "Content-Type",
        ] {
            let answer = preflight(&cors(), &asking("https://app.example.org", names));
            assert!(!answer.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{names}");
        }
    }
}
