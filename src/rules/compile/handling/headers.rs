//! `request_headers` and `response_headers`: written to meant.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use super::super::super::Context;
use super::super::super::raw::{RawFieldSource, RawHeaders};
use super::field_names::{Act, Side, objection};
use crate::document::{Key, Located, Place, Problem, Reading};
use crate::expression::{Kind, Scope, compile_at};
use crate::policy::{ComputedField, FieldPattern, FieldSource, HeaderChanges, is_own_cookie};

pub(super) fn of_requests(
    raw: &RawHeaders,
    context: &Context,
    reading: &mut Reading,
) -> HeaderChanges {
    changes_of(raw, Side::Request, context, reading)
}

pub(super) fn of_answers(
    raw: &RawHeaders,
    context: &Context,
    reading: &mut Reading,
) -> HeaderChanges {
    changes_of(raw, Side::Answer, context, reading)
}

fn changes_of(
    raw: &RawHeaders,
    side: Side,
    context: &Context,
    reading: &mut Reading,
) -> HeaderChanges {
    let mut remove = Vec::new();
    for written in &raw.remove {
        let act = (side, Act::Remove);
        remove.extend(pattern_of(
            &written.value,
            &written.place,
            act,
            context,
            reading,
        ));
    }
    let mut set: Vec<(HeaderName, FieldSource)> = Vec::new();
    for (key, source) in &raw.set {
        let Some((name, source)) = field_of(key, source, side, context, reading) else {
            continue;
        };
        let pattern = FieldPattern::of(&name);
        if set.iter().any(|(other, _)| pattern.covers(other.as_str())) {
            let message = format!(
                "`{}` is set twice: applications may not tell them apart",
                key.text
            );
            reading.problem(Problem::at(&key.place, "duplicate_key", message));
        }
        set.push((name, source));
    }
    HeaderChanges::new(remove, set)
}

fn pattern_of(
    text: &str,
    place: &Place,
    (side, act): (Side, Act),
    context: &Context,
    reading: &mut Reading,
) -> Option<FieldPattern> {
    let Some(pattern) = FieldPattern::parse(text) else {
        let message = format!("`{text}` is no header name");
        let help = "write a name such as X-Role, or a family such as X-Role-*";
        reading.problem(Problem::at(place, "invalid_value", message).help(help));
        return None;
    };
    if let Some(why) = objection(&pattern, text, (side, act), context) {
        let verb = match act {
            Act::Set => "set",
            Act::Remove => "remove",
        };
        let message = format!("a rule can't {verb} `{text}`: {why}");
        reading.problem(Problem::at(place, "reserved_header", message));
        return None;
    }
    Some(pattern)
}

fn field_of(
    key: &Key,
    source: &Located<RawFieldSource>,
    side: Side,
    context: &Context,
    reading: &mut Reading,
) -> Option<(HeaderName, FieldSource)> {
    let is_cookie = key.text.eq_ignore_ascii_case("set-cookie");
    let source = match &source.value {
        RawFieldSource::Text(text) if is_cookie && sets_own_cookie(text, context) => {
            let message = "this cookie is Stepgate's own";
            reading.problem(Problem::at(&source.place, "reserved_header", message));
            None
        }
        RawFieldSource::Text(text) => text_value(text, &source.place, reading),
        RawFieldSource::Cel(text) => compile_at(text, Kind::Text, Scope::Request, reading)
            .map(|program| FieldSource::Computed(Arc::new(ComputedField::new(program)))),
    };
    if key.text.ends_with('*') {
        let message = format!("`{}` is a family; a value is for one name", key.text);
        reading.problem(Problem::at(&key.place, "invalid_value", message));
        return None;
    }
    pattern_of(&key.text, &key.place, (side, Act::Set), context, reading)?;
    let name = HeaderName::from_bytes(key.text.as_bytes()).ok()?;
    Some((name, source?))
}

fn sets_own_cookie(text: &str, context: &Context) -> bool {
    let name = text.split('=').next().unwrap_or_default().trim();
    is_own_cookie(name.as_bytes(), context.session_cookie.as_bytes())
}

/// Visible ASCII, blanks and tabs inside: what every reader of headers takes for the same.
fn text_value(text: &str, place: &Place, reading: &mut Reading) -> Option<FieldSource> {
    let clean = text.trim() == text && text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    let value = HeaderValue::from_str(text).ok().filter(|_| clean);
    if value.is_none() {
        let message = "a header value is ASCII on one line, without blanks at its ends";
        reading.problem(Problem::at(place, "invalid_value", message));
    }
    value.map(FieldSource::Text)
}
