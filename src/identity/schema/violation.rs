//! What is wrong with traits, told with Kratos' message ids.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::{Map, Value, json};

/// One thing that is wrong with a form field.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The form field (`traits.name.first`, `traits`, `password`).
    pub name: String,
    /// Kratos' message id.
    pub id: u32,
    /// A sentence in English.
    pub text: String,
    /// Values that the sentence mentions.
    pub context: Box<Map<String, Value>>,
}

impl Violation {
    /// A violation at the field `name`; `context` must be an object.
    #[must_use]
    pub fn new(name: impl Into<String>, id: u32, text: impl Into<String>, context: Value) -> Self {
        let context = match context {
            Value::Object(map) => map,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Map::new(),
        };
        Self {
            name: name.into(),
            id,
            text: text.into(),
            context: Box::new(context),
        }
    }

    /// A missing property (`4000002`); `name` is the field, `property` the last part of it.
    #[must_use]
    pub fn required(name: impl Into<String>, property: &str) -> Self {
        let text = format!("Property {property} is missing.");
        Self::new(name, 4_000_002, text, json!({ "property": property }))
    }

    /// Anything that has no id of its own (`4000001`).
    #[must_use]
    pub fn generic(name: impl Into<String>, reason: &str) -> Self {
        Self::new(name, 4_000_001, reason, json!({ "reason": reason }))
    }

    /// A JSON pointer to the field, as error texts name it (`#/traits/name/first`).
    #[must_use]
    pub fn pointer(&self) -> String {
        format!("#/{}", self.name.replace('.', "/"))
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the library's enum, which grows; the rest is told by value"
    )]
    pub(super) fn from_schema(error: &ValidationError<'_>) -> Vec<Self> {
        let name = dotted(error.instance_path().as_str());
        let found = error.instance();
        match error.kind() {
            Kind::Required { property } => {
                let property = property.as_str().unwrap_or_default();
                vec![Self::required(join(&name, property), property)]
            }
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => unexpected
                .iter()
                .map(|key| Self::generic(name.clone(), &unknown_property(key)))
                .collect(),
            kind => vec![Self::of_value(&name, kind, found, error)],
        }
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the library's enum, which grows; the rest is told in its own words"
    )]
    fn of_value(name: &str, kind: &Kind, found: &Value, error: &ValidationError<'_>) -> Self {
        let count = || found.as_array().map_or(0, Vec::len);
        match kind {
            Kind::MinLength { limit } => {
                let actual = length(found);
                let text = format!("length must be >= {limit}, but got {actual}");
                let context = json!({"min_length": limit, "actual_length": actual});
                Self::new(name, 4_000_003, text, context)
            }
            Kind::MaxLength { limit } => {
                let actual = length(found);
                let text = format!("length must be <= {limit}, but got {actual}");
                let context = json!({"max_length": limit, "actual_length": actual});
                Self::new(name, 4_000_017, text, context)
            }
            Kind::Pattern { pattern } => {
                let text = format!("does not match pattern {pattern:?}");
                Self::new(name, 4_000_004, text, json!({ "pattern": pattern }))
            }
            Kind::Minimum { limit } => bound(name, 4_000_018, "minimum", ">=", limit, found),
            Kind::ExclusiveMinimum { limit } => {
                bound(name, 4_000_019, "minimum", ">", limit, found)
            }
            Kind::Maximum { limit } => bound(name, 4_000_020, "maximum", "<=", limit, found),
            Kind::ExclusiveMaximum { limit } => {
                bound(name, 4_000_021, "maximum", "<", limit, found)
            }
            Kind::MultipleOf { multiple_of } => {
                let text = format!("{found} not multipleOf {multiple_of}");
                let context = json!({"base": multiple_of, "actual": found});
                Self::new(name, 4_000_022, text, context)
            }
            Kind::MaxItems { limit } => {
                let text = format!("maximum {limit} items allowed, but found {} items", count());
                let context = json!({"max_items": limit, "actual_items": count()});
                Self::new(name, 4_000_023, text, context)
            }
            Kind::MinItems { limit } => {
                let text = format!("minimum {limit} items allowed, but found {} items", count());
                let context = json!({"min_items": limit, "actual_items": count()});
                Self::new(name, 4_000_024, text, context)
            }
            Kind::UniqueItems => Self::new(
                name,
                4_000_025,
                "items must differ from each other",
                json!({}),
            ),
            Kind::Constant { expected_value } => {
                let text = format!("must be equal to constant {expected_value}");
                Self::new(
                    name,
                    4_000_029,
                    text,
                    json!({ "expected": **expected_value }),
                )
            }
            Kind::Type { .. } => wrong_type(name, found, error),
            Kind::Format { format } => wrong_format(name, format, found),
            other => Self::generic(name, &format!("{error} ({})", other.keyword())),
        }
    }
}

fn unknown_property(key: &str) -> String {
    format!("additionalProperties {key:?} not allowed")
}

fn bound(name: &str, id: u32, key: &str, sign: &str, limit: &Value, found: &Value) -> Violation {
    let mut context = Map::new();
    context.insert(key.to_owned(), limit.clone());
    context.insert("actual".to_owned(), found.clone());
    let text = format!("must be {sign} {limit} but found {found}");
    Violation::new(name, id, text, Value::Object(context))
}

fn wrong_type(name: &str, found: &Value, error: &ValidationError<'_>) -> Violation {
    let actual = match found {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let said = error.to_string();
    let allowed: Vec<&str> = said
        .rsplit("of type")
        .next()
        .into_iter()
        .flat_map(|tail| tail.split('"').skip(1).step_by(2))
        .collect();
    let text = format!("expected {}, but got {actual}", allowed.join(" or "));
    Violation::new(
        name,
        4_000_026,
        text,
        json!({"allowed_types": allowed, "actual_type": actual}),
    )
}

fn wrong_format(name: &str, format: &str, found: &Value) -> Violation {
    let shown = found
        .as_str()
        .map_or_else(|| found.to_string(), str::to_owned);
    let text = format!("{shown:?} is not valid {format:?}");
    match format {
        "email" | "idn-email" => Violation::new(name, 4_000_040, text, json!({ "value": shown })),
        "tel" => Violation::new(name, 4_000_041, text, json!({ "value": shown })),
        _ => Violation::generic(name, &text),
    }
}

/// Kratos counts characters, not bytes.
fn length(found: &Value) -> usize {
    found.as_str().map_or(0, |text| text.chars().count())
}

/// `/traits/name/first` -> `traits.name.first`
fn dotted(pointer: &str) -> String {
    let keys = pointer.split('/').skip(1);
    let keys: Vec<String> = keys
        .map(|key| key.replace("~1", "/").replace("~0", "~"))
        .collect();
    keys.join(".")
}

fn join(name: &str, property: &str) -> String {
    if name.is_empty() {
        property.to_owned()
    } else {
        format!("{name}.{property}")
    }
}

/// An international telephone number: `+` and 7 to 15 digits, with blanks, dots, hyphens or
/// brackets between them.
pub(super) fn is_phone(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('+') else {
        return false;
    };
    let plain = rest
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '-' | '(' | ')'));
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    plain && (7..=15).contains(&digits)
}
