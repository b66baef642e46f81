//! JSON Patch (RFC 6902), with Kratos' leniency: replacing what is not there adds it.

use serde::Deserialize;
use serde_json::Value;

/// One operation.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Operation {
    op: String,
    path: String,
    from: Option<String>,
    #[serde(default, deserialize_with = "present")]
    value: Option<Value>,
}

/// Keeps an explicit `null` apart from an absent value.
fn present<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(input).map(Some)
}

/// Operations at most in one patch.
const MAX_OPERATIONS: usize = 1000;
/// Copies can double a document each time.
const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// Applies all operations to a document, or tells why it cannot.
pub(super) fn apply(document: &mut Value, operations: &[Operation]) -> Result<(), String> {
    if operations.len() > MAX_OPERATIONS {
        return Err(format!("A patch has {MAX_OPERATIONS} operations at most."));
    }
    for operation in operations {
        for path in std::iter::once(&operation.path).chain(&operation.from) {
            if is_forbidden(path) {
                return Err(format!("The path {path} can not be patched."));
            }
        }
        if tells_secrets(operation) {
            let path = operation.from.as_deref().unwrap_or(&operation.path);
            return Err(format!(
                "What is at {path} can not be copied, moved or tested."
            ));
        }
        step(document, operation)?;
    }
    check_size(document)
}

/// A credential stays where it is: copied elsewhere it would be shown to its owner's programs, and
/// a test would tell what it holds.
fn tells_secrets(operation: &Operation) -> bool {
    let within = |path: &str| {
        let first = path.split('/').nth(1).unwrap_or_default();
        unescape(first).eq_ignore_ascii_case("credentials")
    };
    operation.from.as_deref().is_some_and(within)
        || (operation.op == "test" && within(&operation.path))
}

/// What is stored must be read again: neither too large nor nested too deep.
fn check_size(document: &Value) -> Result<(), String> {
    let text = serde_json::to_vec(document).unwrap_or_default();
    let readable = serde_json::from_slice::<Value>(&text).is_ok();
    if text.len() > MAX_DOCUMENT_BYTES || !readable {
        return Err("The patched identity is larger than 1 MiB or nested too deep.".to_owned());
    }
    Ok(())
}

/// What nobody may change this way, however its letters are written.
fn is_forbidden(path: &str) -> bool {
    let keys: Vec<String> = path
        .split('/')
        .skip(1)
        .map(|key| unescape(key).to_lowercase())
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    matches!(
        keys.as_slice(),
        [] | ["id" | "statechangedat" | "state_changed_at" | "credentials"]
            | ["credentials", "oidc" | "saml", ..]
    )
}

fn step(document: &mut Value, operation: &Operation) -> Result<(), String> {
    let path = operation.path.as_str();
    let given = || {
        let value = operation.value.clone();
        value.ok_or_else(|| format!("The operation at {path} needs a value."))
    };
    let source = || {
        let from = operation.from.as_deref();
        from.ok_or_else(|| format!("The operation at {path} needs `from`."))
    };
    match operation.op.as_str() {
        "add" => put(document, path, given()?, true),
        "replace" => put(document, path, given()?, false),
        "remove" => take(document, path).map(|_| ()),
        "move" => {
            let value = take(document, source()?)?;
            put(document, path, value, true)
        }
        "copy" => {
            let from = source()?;
            let value = document.pointer(from).cloned();
            let value = value.ok_or_else(|| format!("There is nothing at {from}."))?;
            put(document, path, value, true)?;
            check_size(document)
        }
        "test" => {
            if document.pointer(path) == Some(&given()?) {
                Ok(())
            } else {
                Err(format!("The test at {path} failed."))
            }
        }
        other => Err(format!("There is no operation {other:?}.")),
    }
}

fn unescape(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

fn split(path: &str) -> Result<(&str, String), String> {
    let (parent, key) = path
        .rsplit_once('/')
        .ok_or_else(|| format!("The path {path:?} does not begin with a slash."))?;
    Ok((parent, unescape(key)))
}

fn put(document: &mut Value, path: &str, value: Value, insert: bool) -> Result<(), String> {
    let (parent, key) = split(path)?;
    let nothing = || format!("There is nothing at {parent:?} to put a value into.");
    let parent_value = document.pointer_mut(parent).ok_or_else(nothing)?;
    if parent_value.is_null() && insert {
        *parent_value = Value::Object(serde_json::Map::new());
    }
    match parent_value {
        Value::Object(object) => {
            object.insert(key, value);
            Ok(())
        }
        Value::Array(items) if key == "-" && insert => {
            items.push(value);
            Ok(())
        }
        Value::Array(items) => {
            let index: usize = key
                .parse()
                .map_err(|_| format!("{key:?} is no place in a list."))?;
            if insert && index <= items.len() {
                items.insert(index, value);
                return Ok(());
            }
            let item = items.get_mut(index);
            *item.ok_or_else(|| format!("The list at {parent:?} has no item {index}."))? = value;
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(nothing()),
    }
}

fn take(document: &mut Value, path: &str) -> Result<Value, String> {
    let (parent, key) = split(path)?;
    let nothing = || format!("There is nothing at {path:?}.");
    let taken = match document.pointer_mut(parent).ok_or_else(nothing)? {
        Value::Object(object) => object.shift_remove(&key),
        Value::Array(items) => {
            let index = key
                .parse::<usize>()
                .ok()
                .filter(|&index| index < items.len());
            index.map(|index| items.remove(index))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    taken.ok_or_else(nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(operations: Value) -> Result<Value, String> {
        let mut document = json!({
            "id": "x", "traits": {"email": "a@b.example"}, "tags": ["one", "two"],
            "metadata_public": null,
        });
        let operations: Vec<Operation> = serde_json::from_value(operations).unwrap();
        apply(&mut document, &operations).map(|()| document)
    }

    #[test]
    fn operations_do_what_rfc_6902_says() {
        let document = patched(json!([
            {"op": "add", "path": "/traits/nick", "value": "ada"},
            {"op": "replace", "path": "/traits/email", "value": null},
            {"op": "add", "path": "/tags/1", "value": "between"},
            {"op": "add", "path": "/tags/-", "value": "last"},
            {"op": "remove", "path": "/tags/0"},
            {"op": "copy", "from": "/traits/nick", "path": "/traits/copy"},
            {"op": "move", "from": "/traits/nick", "path": "/traits/a~1b"},
            {"op": "test", "path": "/traits/a~1b", "value": "ada"},
            {"op": "add", "path": "/metadata_public/plan", "value": "gold"},
        ]))
        .unwrap();
        assert_eq!(
            document["traits"],
            json!({"email": null, "copy": "ada", "a/b": "ada"})
        );
        assert_eq!(document["tags"], json!(["between", "two", "last"]));
        assert_eq!(document["metadata_public"], json!({"plan": "gold"}));
    }

    #[test]
    fn replacing_what_is_not_there_adds_it() {
        let one = patched(json!([{"op": "replace", "path": "/traits/nick", "value": 1}]));
        assert_eq!(one.unwrap()["traits"]["nick"], 1);
    }

    #[test]
    fn protected_parts_cannot_be_patched_in_any_spelling() {
        for path in [
            "/id",
            "/ID",
            "",
            "/credentials",
            "/Credentials",
            "/credentials/oidc",
            "/credentials/OIDC/config/providers/0",
            "/credentials/saml/config",
            "/stateChangedAt",
        ] {
            let add = patched(json!([{"op": "add", "path": path, "value": {}}]));
            assert!(add.is_err(), "{path}");
            let copied = patched(json!([{"op": "copy", "from": "/tags", "path": path}]));
            assert!(copied.is_err(), "{path}");
        }
    }

    #[test]
    fn copies_do_not_grow_without_end() {
        let copy =
            |to: usize| json!({"op": "copy", "from": "/traits", "path": format!("/traits/{to}")});
        let wide: Vec<Value> = (0..200).map(copy).collect();
        assert!(patched(Value::Array(wide)).is_err(), "each copy doubles it");
        let deep: Vec<Value> = std::iter::repeat_n(copy(0), 200).collect();
        assert!(patched(Value::Array(deep)).is_err(), "each copy nests it");
    }

    #[test]
    fn operations_that_cannot_be_done_are_told() {
        for operation in [
            json!({"op": "remove", "path": "/nothing"}),
            json!({"op": "add", "path": "/nothing/below", "value": 1}),
            json!({"op": "add", "path": "/tags/9", "value": 1}),
            json!({"op": "add", "path": "no slash", "value": 1}),
            json!({"op": "add", "path": "/x"}),
            json!({"op": "move", "path": "/x"}),
            json!({"op": "test", "path": "/tags/0", "value": "other"}),
            json!({"op": "nonsense", "path": "/x"}),
        ] {
            assert!(patched(json!([operation])).is_err(), "{operation}");
        }
    }
}
