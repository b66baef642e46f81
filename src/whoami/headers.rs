//! Values of identity headers, from the session document.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::Value;

use super::HeaderSource;
use crate::expression::{Facts, Reads, Session};
use crate::policy::{ComputedField, fit_field_value};

/// The headers of an application's requests, and which of them wait for the request.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Those that are worked out once a session.
    pub(super) names: Vec<HeaderName>,
    sources: Vec<Source>,
    /// Those that are worked out for each request.
    pub(super) by_request: Vec<ByRequest>,
    /// What the expressions read that are worked out once a session.
    reads: Arc<Reads>,
}

/// Where a value comes from that is worked out once a session.
#[derive(Debug)]
enum Source {
    Plain(HeaderSource),
    Computed(ComputedField),
}

/// A header that is worked out for each request.
#[derive(Debug)]
pub(super) struct ByRequest {
    pub(super) name: HeaderName,
    field: ComputedField,
}

impl Prepared {
    pub(super) fn new(headers: &[(HeaderName, HeaderSource)]) -> Self {
        let mut prepared = Self {
            names: Vec::new(),
            sources: Vec::new(),
            by_request: Vec::new(),
            reads: Arc::default(),
        };
        let mut reads = Reads::nothing();
        for (name, source) in headers {
            let source = match source {
                HeaderSource::Program(program) => {
                    let field = ComputedField::new(program.clone());
                    if program.changes_by_request() {
                        let name = name.clone();
                        prepared.by_request.push(ByRequest { name, field });
                        continue;
                    }
                    reads = reads.with(program.reads());
                    Source::Computed(field)
                }
                HeaderSource::Methods | HeaderSource::Path(_) => Source::Plain(source.clone()),
            };
            prepared.names.push(name.clone());
            prepared.sources.push(source);
        }
        prepared.reads = Arc::new(reads);
        prepared
    }

    /// What has to be kept for the headers that are worked out for each request.
    pub(super) fn reads_by_request(&self) -> Reads {
        let programs = self.by_request.iter().map(|header| header.field.program());
        programs.fold(Reads::nothing(), |reads, program| {
            reads.with(program.reads())
        })
    }

    /// The values of `names`, in order.
    pub(super) fn values(&self, document: &Value, now: Timestamp) -> Vec<Option<String>> {
        let session = (!self.reads.is_nothing()).then(|| Session::of_whoami(document, &self.reads));
        let facts = Facts {
            session: session.as_ref(),
            request: None,
            now,
        };
        let named = self.names.iter().zip(&self.sources);
        named
            .map(|(name, source)| match source {
                Source::Computed(field) => field.text(name, &facts),
                Source::Plain(source) => value(source, document),
            })
            .collect()
    }
}

impl ByRequest {
    pub(super) fn value(&self, facts: &Facts<'_>) -> Option<HeaderValue> {
        self.field.value(&self.name, facts)
    }
}

/// The value that `source` names; `None` where the session has nothing there, or something that
/// is no plain value.
fn value(source: &HeaderSource, document: &Value) -> Option<String> {
    let text = match source {
        HeaderSource::Methods => methods(document)?,
        HeaderSource::Path(path) => {
            let found = path
                .iter()
                .try_fold(document, |value, name| value.get(&**name))?;
            plain(found)?
        }
        HeaderSource::Program(_) => return None,
    };
    fit_field_value(&text)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items
                .iter()
                .map(|item| if item.is_array() { None } else { plain(item) })
                .collect();
            items.map(|items| items.join(","))
        }
        Value::Null | Value::Object(_) => None,
    }
}

fn methods(document: &Value) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for entry in document.get("authentication_methods")?.as_array()? {
        let name = entry.get("method").and_then(Value::as_str);
        names.extend(name.filter(|name| !names.contains(name)));
    }
    Some(names.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(path: &str, document: &Value) -> Option<String> {
        value(&HeaderSource::parse(path).unwrap(), document)
    }

    #[test]
    fn plain_values_are_taken_as_they_are() {
        let document = json!({
            "id": "s", "active": true,
            "identity": {"traits": {"email": "a@b@c", "age": 7, "groups": ["x", "y"], "o": {}}},
            "authentication_methods": [
                {"method": "password"}, {"method": "totp"}, {"method": "password"}
            ],
        });
        assert_eq!(of("session.id", &document).as_deref(), Some("s"));
        assert_eq!(of("session.active", &document).as_deref(), Some("true"));
        assert_eq!(
            of("session.identity.traits.email", &document).as_deref(),
            Some("a@b@c")
        );
        assert_eq!(
            of("session.identity.traits.age", &document).as_deref(),
            Some("7")
        );
        assert_eq!(
            of("session.identity.traits.groups", &document).as_deref(),
            Some("x,y")
        );
        assert_eq!(
            of("session.methods", &document).as_deref(),
            Some("password,totp")
        );
        assert_eq!(of("session.identity.traits.o", &document), None);
        assert_eq!(of("session.identity.traits.none", &document), None);
    }

    #[test]
    fn values_that_could_break_out_of_a_header_are_encoded() {
        for (raw, encoded) in [
            ("a\r\nX-Role: admin", "a%0D%0AX-Role: admin"),
            ("a\0b", "a%00b"),
            ("J\u{f6}rg \u{65e5}", "J%C3%B6rg %E6%97%A5"),
            ("100%", "100%25"),
            ("admin ", "admin%20"),
            (" admin", "%20admin"),
            ("  ", "%20%20"),
            ("", ""),
        ] {
            let document = json!({"identity": {"traits": {"name": raw}}});
            let value = of("session.identity.traits.name", &document).unwrap();
            assert_eq!(value, encoded);
            assert!(http::HeaderValue::from_str(&value).is_ok());
        }
    }

    #[test]
    fn a_value_beyond_measure_is_left_out() {
        let document = json!({"id": "x".repeat(5000)});
        assert_eq!(of("session.id", &document), None);
    }
}
