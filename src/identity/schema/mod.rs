//! Identity schemas: the shape of traits, and which of them are identifiers or addresses.
//!
//! A schema is JSON Schema (draft-07 or later; no references to other documents) over an object
//! with `traits`, with the extension key `ory.sh/kratos` on its string properties.

mod coerce;
mod extension;
mod field;
mod violation;

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

pub use coerce::coerce_traits;
pub use extension::{Extracted, Found};
pub use field::{Extension, TraitField, TraitKind};
pub use violation::Violation;

use super::credential::Credentials;
use super::person::Identity;

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SchemaError {
    /// It is not JSON Schema, or refers to something that is not in it.
    #[error("not a usable JSON Schema: {0}")]
    Invalid(String),
    /// It lacks `properties.traits`.
    #[error("`properties.traits` is missing or not an object")]
    NoTraits,
    /// The extension key holds something unknown.
    #[error("at `{path}`: {problem}")]
    Extension {
        /// The trait.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

/// A compiled identity schema.
pub struct IdentitySchema {
    id: String,
    document: Value,
    validator: Validator,
    fields: Vec<TraitField>,
}

impl fmt::Debug for IdentitySchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentitySchema")
            .field("id", &self.id)
            .field("fields", &self.fields.len())
            .finish_non_exhaustive()
    }
}

/// Nothing is fetched: a schema must be whole.
struct NoRetrieval;

impl jsonschema::Retrieve for NoRetrieval {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("references to other documents are not followed: {uri}").into())
    }
}

impl IdentitySchema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// When it is no JSON Schema, has no traits, or misuses the extension.
    pub fn compile(id: impl Into<String>, document: Value) -> Result<Self, SchemaError> {
        let validator = jsonschema::options()
            .with_draft(draft_of(&document))
            .should_validate_formats(true)
            .with_retriever(NoRetrieval)
            .with_format("tel", violation::is_phone)
            .build(&document)
            .map_err(|error| SchemaError::Invalid(error.to_string()))?;
        let fields = field::read(&document)?;
        Ok(Self {
            id: id.into(),
            document,
            validator,
            fields,
        })
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The schema as written.
    #[must_use]
    pub const fn document(&self) -> &Value {
        &self.document
    }

    /// The traits in the schema's own order, leaves only: the order of form fields.
    #[must_use]
    pub fn fields(&self) -> &[TraitField] {
        &self.fields
    }

    /// The name of the schema in URLs: base64url of its id.
    #[must_use]
    pub fn encoded_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.id)
    }

    /// Checks traits; every violation is reported, in the order of the schema's check.
    ///
    /// # Errors
    /// All violations, at least one.
    pub fn validate(&self, traits: &Value) -> Result<(), Vec<Violation>> {
        let whole = json!({ "traits": traits });
        let violations: Vec<Violation> = self
            .validator
            .iter_errors(&whole)
            .flat_map(|error| Violation::from_schema(&error))
            .collect();
        if violations.is_empty() {
            Ok(())
        } else {
            Err(violations)
        }
    }

    /// What the extension finds in these traits.
    #[must_use]
    pub fn extract(&self, traits: &Value) -> Extracted {
        extension::extract(&self.fields, traits)
    }

    /// Brings addresses and identifiers of an identity in line with its traits: addresses that
    /// stayed keep their state, new ones begin as pending, and identifiers of `password`,
    /// `webauthn` and `code` follow the traits even when nothing else of the credential is set.
    pub fn apply(&self, identity: &mut Identity, credentials: &mut Credentials, now: Timestamp) {
        let extracted = self.extract(&identity.traits);
        extension::apply(&extracted, identity, credentials, now);
    }
}

fn draft_of(document: &Value) -> Draft {
    match document.get("$schema").and_then(Value::as_str) {
        Some(uri) if uri.contains("2020-12") => Draft::Draft202012,
        Some(uri) if uri.contains("2019-09") => Draft::Draft201909,
        Some(uri) if uri.contains("draft-06") => Draft::Draft6,
        Some(uri) if uri.contains("draft-04") => Draft::Draft4,
        Some(_) | None => Draft::Draft7,
    }
}

/// All schemas of the service.
#[derive(Debug)]
pub struct Schemas {
    default_id: String,
    in_order: Vec<IdentitySchema>,
    by_id: HashMap<String, usize>,
}

impl Schemas {
    /// The schemas in the configuration's order; `None` when `default_id` is not among them or
    /// two share an id.
    #[must_use]
    pub fn new(default_id: impl Into<String>, schemas: Vec<IdentitySchema>) -> Option<Self> {
        let default_id = default_id.into();
        let mut by_id = HashMap::new();
        for (index, schema) in schemas.iter().enumerate() {
            if by_id.insert(schema.id.clone(), index).is_some() {
                return None;
            }
        }
        by_id.contains_key(&default_id).then_some(Self {
            default_id,
            in_order: schemas,
            by_id,
        })
    }

    /// The one that is meant when none is named.
    #[must_use]
    pub fn default_id(&self) -> &str {
        &self.default_id
    }

    /// The schema of this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&IdentitySchema> {
        self.by_id
            .get(id)
            .and_then(|&index| self.in_order.get(index))
    }

    /// The schema that is meant when none is named.
    #[must_use]
    pub fn default_schema(&self) -> Option<&IdentitySchema> {
        self.find(&self.default_id)
    }

    /// The schema that a URL names, by its id or the base64url form of it.
    #[must_use]
    pub fn find_in_url(&self, name: &str) -> Option<&IdentitySchema> {
        self.find(name).or_else(|| {
            let bytes = URL_SAFE_NO_PAD.decode(name).ok()?;
            self.find(std::str::from_utf8(&bytes).ok()?)
        })
    }

    /// All of them, in the configuration's order.
    pub fn iter(&self) -> impl Iterator<Item = &IdentitySchema> {
        self.in_order.iter()
    }
}

#[cfg(test)]
mod tests;
