//! Queries and headers on either side of what rules ask of them.

use http::{HeaderMap, HeaderValue};

use crate::policy::{Conditions, Expected};

/// Stands for a value that no rule names.
const OTHER: &str = "x1";

/// Query and headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) query: Option<Box<str>>,
    pub(super) headers: HeaderMap,
}

/// One setting where all conditions hold, and for each condition one where it alone does not.
pub(super) fn settings_of(conditions: &Conditions) -> Vec<Setting> {
    let count = conditions.query.len() + conditions.headers.len();
    let misses = std::iter::once(None).chain((0..count).map(Some));
    misses
        .map(|missed| setting_of(conditions, missed))
        .collect()
}

fn setting_of(conditions: &Conditions, missed: Option<usize>) -> Setting {
    let mut query: Vec<String> = Vec::new();
    for (place, (name, wanted)) in conditions.query.iter().enumerate() {
        if let Some(value) = value_of(wanted, missed == Some(place)) {
            query.push(format!("{}={}", encoded(name), encoded(&value)));
        }
    }
    let mut headers = HeaderMap::new();
    for (place, (name, wanted)) in conditions.headers.iter().enumerate() {
        let missed = missed == Some(conditions.query.len() + place);
        let value = value_of(wanted, missed);
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name.clone(), value);
        }
    }
    Setting {
        query: (!query.is_empty()).then(|| query.join("&").into()),
        headers,
    }
}

/// A value that meets a wish, or misses it; `None`: no value at all.
fn value_of(wanted: &Expected, missed: bool) -> Option<String> {
    match (wanted, missed) {
        (Expected::Present, false) | (Expected::Absent, true) => Some(OTHER.to_owned()),
        (Expected::Present, true) | (Expected::Absent, false) => None,
        (Expected::Exactly(value), false) => Some(value.to_string()),
        (Expected::Exactly(_), true) => Some(OTHER.to_owned()),
    }
}

fn encoded(text: &str) -> String {
    let set = percent_encoding::NON_ALPHANUMERIC;
    percent_encoding::utf8_percent_encode(text, set).to_string()
}
