//! The traits of a schema, leaf by leaf.

use serde_json::{Map, Value};

use super::SchemaError;
use crate::identity::person::Channel;

/// Nested deeper than this, a schema is refused.
const MAX_DEPTH: usize = 16;

/// The type of a trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraitKind {
    /// `string`, or none stated.
    String,
    /// `number`
    Number,
    /// `integer`
    Integer,
    /// `boolean`
    Boolean,
    /// `array`
    Array,
    /// `object` without properties of its own.
    Object,
    /// `null`
    Null,
}

/// What `ory.sh/kratos` says of a trait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// Identifies the person for passwords.
    pub password_identifier: bool,
    /// Identifies the person for security keys.
    pub webauthn_identifier: bool,
    /// Names the account in authenticator apps.
    pub totp_account_name: bool,
    /// Codes go to it.
    pub code_identifier: Option<Channel>,
    /// Names the account for passkeys.
    pub passkey_display_name: bool,
    /// Ownership of it can be shown.
    pub verification: Option<Channel>,
    /// The account can be recovered by it.
    pub recovery: Option<Channel>,
}

impl Extension {
    /// Whether a change of the trait needs a privileged session.
    #[must_use]
    pub const fn is_sensitive(&self) -> bool {
        self.is_identifier() || self.verification.is_some() || self.recovery.is_some()
    }

    /// Whether the trait identifies the person for some credential.
    #[must_use]
    pub const fn is_identifier(&self) -> bool {
        self.password_identifier || self.webauthn_identifier || self.code_identifier.is_some()
    }

    /// Whether any credential is mentioned.
    #[must_use]
    pub const fn has_credentials(&self) -> bool {
        self.is_identifier() || self.totp_account_name || self.passkey_display_name
    }
}

/// A leaf of the traits: one field of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct TraitField {
    /// The keys from the traits down, without `traits`.
    pub segments: Vec<String>,
    /// `traits.` and the keys joined by dots: the form field's name.
    pub name: String,
    /// `title`
    pub title: Option<String>,
    /// `type`
    pub kind: TraitKind,
    /// `format`
    pub format: Option<String>,
    /// `pattern`
    pub pattern: Option<String>,
    /// `maxLength`
    pub max_length: Option<u64>,
    /// `enum`
    pub options: Vec<Value>,
    /// `const`, the value that is expected.
    pub constant: Option<Value>,
    /// `readOnly`
    pub read_only: bool,
    /// Listed in `required` of the object it belongs to.
    pub required: bool,
    /// What the extension says.
    pub extension: Extension,
}

impl TraitField {
    /// The field's value in these traits.
    #[must_use]
    pub fn value<'a>(&self, traits: &'a Value) -> Option<&'a Value> {
        self.segments.iter().try_fold(traits, |at, key| at.get(key))
    }
}

/// Reads the leaves of a schema in its own order.
pub(super) fn read(document: &Value) -> Result<Vec<TraitField>, SchemaError> {
    let traits = document
        .pointer("/properties/traits")
        .filter(|traits| traits.is_object())
        .ok_or(SchemaError::NoTraits)?;
    let mut fields = Vec::new();
    let mut reader = Reader {
        document,
        fields: &mut fields,
    };
    reader.object(traits, &mut Vec::new())?;
    Ok(fields)
}

struct Reader<'a> {
    document: &'a Value,
    fields: &'a mut Vec<TraitField>,
}

impl Reader<'_> {
    fn resolve<'b>(&'b self, schema: &'b Value) -> &'b Value {
        let reference = schema.get("$ref").and_then(Value::as_str);
        reference
            .and_then(|text| text.strip_prefix('#'))
            .and_then(|pointer| self.document.pointer(pointer))
            .unwrap_or(schema)
    }

    fn object(&mut self, schema: &Value, path: &mut Vec<String>) -> Result<(), SchemaError> {
        if path.len() > MAX_DEPTH {
            return Err(SchemaError::Extension {
                path: path.join("."),
                problem: format!("nested deeper than {MAX_DEPTH} levels"),
            });
        }
        let required = names(schema.get("required"));
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Ok(());
        };
        for (name, property) in properties {
            let property = self.resolve(property).clone();
            path.push(name.clone());
            if property.get("properties").is_some_and(Value::is_object) {
                self.object(&property, path)?;
            } else {
                let required = required.iter().any(|one| one == name);
                self.fields.push(leaf(&property, path, required)?);
            }
            path.pop();
        }
        Ok(())
    }
}

fn names(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn leaf(schema: &Value, path: &[String], required: bool) -> Result<TraitField, SchemaError> {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = format!("traits.{}", path.join("."));
    let extension =
        read_extension(schema.get("ory.sh/kratos")).map_err(|problem| SchemaError::Extension {
            path: name.clone(),
            problem,
        })?;
    Ok(TraitField {
        segments: path.to_vec(),
        name,
        title: text("title"),
        kind: kind_of(schema),
        format: text("format"),
        pattern: text("pattern"),
        max_length: schema.get("maxLength").and_then(Value::as_u64),
        options: schema
            .get("enum")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default(),
        constant: schema.get("const").cloned(),
        read_only: schema.get("readOnly").and_then(Value::as_bool) == Some(true),
        required,
        extension,
    })
}

fn kind_of(schema: &Value) -> TraitKind {
    let stated = match schema.get("type") {
        Some(Value::String(one)) => Some(one.as_str()),
        Some(Value::Array(several)) => several
            .iter()
            .filter_map(Value::as_str)
            .find(|&one| one != "null"),
        Some(_) | None => None,
    };
    match stated {
        Some("number") => TraitKind::Number,
        Some("integer") => TraitKind::Integer,
        Some("boolean") => TraitKind::Boolean,
        Some("array") => TraitKind::Array,
        Some("object") => TraitKind::Object,
        Some("null") => TraitKind::Null,
        Some(_) | None => TraitKind::String,
    }
}

fn read_extension(value: Option<&Value>) -> Result<Extension, String> {
    let mut extension = Extension::default();
    for (key, inner) in object(value, "ory.sh/kratos")? {
        match key.as_str() {
            "credentials" => read_credentials(inner, &mut extension)?,
            "verification" => extension.verification = via(inner, key)?,
            "recovery" => extension.recovery = via(inner, key)?,
            "mappings" | "organizations" => {}
            other => return Err(format!("unknown key `{other}` in `ory.sh/kratos`")),
        }
    }
    Ok(extension)
}

fn read_credentials(value: &Value, extension: &mut Extension) -> Result<(), String> {
    for (kind, inner) in object(Some(value), "credentials")? {
        let flag = |key: &str| inner.get(key).and_then(Value::as_bool) == Some(true);
        match kind.as_str() {
            "password" => extension.password_identifier = flag("identifier"),
            "webauthn" => extension.webauthn_identifier = flag("identifier"),
            "totp" => extension.totp_account_name = flag("account_name"),
            "passkey" => extension.passkey_display_name = flag("display_name"),
            "code" if flag("identifier") => {
                extension.code_identifier = via(inner, kind)?.or(Some(Channel::Email));
            }
            "code" => {}
            other => return Err(format!("unknown credential `{other}`")),
        }
    }
    Ok(())
}

fn via(value: &Value, key: &str) -> Result<Option<Channel>, String> {
    match value.get("via").and_then(Value::as_str) {
        None | Some("") => Ok(None),
        Some(text) => Channel::parse(text)
            .map(Some)
            .ok_or_else(|| format!("`{key}.via` must be `email` or `sms`, not `{text}`")),
    }
}

fn object<'a>(
    value: Option<&'a Value>,
    name: &str,
) -> Result<Vec<(&'a String, &'a Value)>, String> {
    match value {
        None => Ok(Vec::new()),
        Some(value) => {
            let object: Option<&Map<String, Value>> = value.as_object();
            object
                .map(|object| object.iter().collect())
                .ok_or_else(|| format!("`{name}` must be an object"))
        }
    }
}
