//! `STEPGATE__PROXY__LISTEN=..` and `--set proxy.listen=..`: values of the file replaced.

use crate::document::{Entry, Key, Node, Place, Problem, Problems, Scalar, Source, Value, parse};

/// What names of overriding variables begin with.
pub(super) const PREFIX: &str = "STEPGATE__";

/// One value that replaces what the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Where it was given, for messages: the variable's name, or the flag.
    pub source: String,
    /// Keys from the top. Names of variables come in capitals, which don't count.
    pub path: Vec<String>,
    /// The value: a scalar, or a whole list or section as `[..]` or `{..}`.
    pub value: String,
    /// Whether the value is a list, its items separated by commas.
    pub several: bool,
}

impl Override {
    /// The override that a variable stands for; `None` when its name says it is none.
    #[must_use]
    pub fn from_variable(name: &str, value: &str) -> Option<Self> {
        let path = name.strip_prefix(PREFIX)?;
        Some(Self {
            source: format!("environment variable {name}"),
            path: path
                .to_ascii_lowercase()
                .split("__")
                .map(str::to_owned)
                .collect(),
            value: value.to_owned(),
            several: false,
        })
    }

    /// The override of `--set KEY=VALUE`.
    ///
    /// # Errors
    /// The text has no `=`, or nothing before it.
    pub fn from_flag(text: &str) -> Result<Self, String> {
        let (path, value) = text
            .split_once('=')
            .filter(|(path, _)| !path.is_empty())
            .ok_or_else(|| "write KEY=VALUE, such as proxy.listen=127.0.0.1:4455".to_owned())?;
        Ok(Self {
            source: format!("--set {path}"),
            path: path.split('.').map(str::to_owned).collect(),
            value: value.to_owned(),
            several: false,
        })
    }
}

/// Puts each value in its place, in order. A path that names a section or list is a problem;
/// unknown names are found when the tree is read.
pub(super) fn apply(root: &mut Node, overrides: &[Override], problems: &mut Problems) {
    for given in overrides {
        // An empty text: the value may be a secret, so no excerpt shows it.
        let source = Source::new(&given.source, "");
        let place = Place::start_of(&source);
        if let Err(problem) = put(root, &given.path, given, &place) {
            problems.add(*problem);
        }
    }
}

fn put(
    node: &mut Node,
    path: &[String],
    given: &Override,
    place: &Place,
) -> Result<(), Box<Problem>> {
    let Some((key, rest)) = path.split_first() else {
        if given.several {
            *node = list(&given.value, place);
            return Ok(());
        }
        if is_collection(&given.value) {
            *node = collection(&given.value, place)?;
            return Ok(());
        }
        return replace(node, &given.value, place);
    };
    if node.is_null() {
        *node = Node {
            place: place.clone(),
            value: Value::Map(Vec::new()),
        };
    }
    match &mut node.value {
        Value::Map(entries) => {
            let found = entries
                .iter()
                .position(|entry| entry.key.text.eq_ignore_ascii_case(key));
            let entry = match found.and_then(|index| entries.get_mut(index)) {
                Some(entry) => entry,
                None => {
                    entries.push(absent(key, place));
                    let Some(entry) = entries.last_mut() else {
                        return Ok(());
                    };
                    entry
                }
            };
            put(&mut entry.value, rest, given, place)
        }
        Value::List(items) => {
            let item = key
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get_mut(index));
            match item {
                Some(item) => put(item, rest, given, place),
                None => Err(out_of_place(place, &format!("there is no item {key}"))),
            }
        }
        Value::Scalar(_) => Err(out_of_place(
            place,
            &format!("there is a single value where `{key}` should be"),
        )),
        Value::Null => Ok(()),
    }
}

/// Replaces a scalar. A section with an `address`, or a list of just one of them, stands for its
/// address: so a variable moves a listener and keeps its certificates.
fn replace(node: &mut Node, text: &str, place: &Place) -> Result<(), Box<Problem>> {
    match &mut node.value {
        Value::Null | Value::Scalar(_) => {
            *node = scalar(text, place);
            Ok(())
        }
        Value::Map(entries) => {
            let address = entries
                .iter_mut()
                .find(|entry| &*entry.key.text == "address");
            match address {
                Some(entry) => replace(&mut entry.value, text, place),
                None => Err(out_of_place(
                    place,
                    "a section can't be replaced by one value",
                )),
            }
        }
        Value::List(items) => match items.as_mut_slice() {
            [only] => replace(only, text, place),
            _ => Err(out_of_place(place, "a list can't be replaced by one value")),
        },
    }
}

fn out_of_place(place: &Place, message: &str) -> Box<Problem> {
    let help = "name a single value: its keys joined by `__` in a variable, by `.` after --set";
    Box::new(Problem::at(place, "override", message).help(help))
}

fn absent(key: &str, place: &Place) -> Entry {
    let value = Node {
        place: place.clone(),
        value: Value::Null,
    };
    Entry {
        key: Key {
            text: Box::from(key),
            place: place.clone(),
        },
        value,
    }
}

fn list(text: &str, place: &Place) -> Node {
    let items = text.split(',').map(str::trim).filter(|one| !one.is_empty());
    Node {
        place: place.clone(),
        value: Value::List(items.map(|one| scalar(one, place)).collect()),
    }
}

/// Whether a value is written as a list `[..]` or a section `{..}`.
fn is_collection(text: &str) -> bool {
    let text = text.trim();
    let within = |open, close| text.starts_with(open) && text.ends_with(close);
    within('[', ']') || within('{', '}')
}

/// A list or section in YAML's flow form, which takes the place of what was there.
fn collection(text: &str, place: &Place) -> Result<Node, Box<Problem>> {
    let mut problems = Problems::new();
    let parsed = parse(&Source::unshown(place.file(), text), &mut problems);
    let mut parsed = parsed
        .filter(|_| problems.is_empty())
        .ok_or_else(|| unreadable(place))?;
    hide(&mut parsed, place);
    Ok(parsed)
}

fn unreadable(place: &Place) -> Box<Problem> {
    let message = "the value is no list `[a, b]` and no section `{ a: b }`";
    let help = "write it as YAML, in one line or several";
    Box::new(Problem::at(place, "override", message).help(help))
}

/// Whatever is told of the values, the values themselves are not.
fn hide(node: &mut Node, place: &Place) {
    node.place = place.clone();
    match &mut node.value {
        Value::Null => {}
        Value::Scalar(scalar) => scalar.hidden = true,
        Value::List(items) => items.iter_mut().for_each(|item| hide(item, place)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key.place = place.clone();
                hide(&mut entry.value, place);
            }
        }
    }
}

fn scalar(text: &str, place: &Place) -> Node {
    let value = match text {
        "" | "null" | "~" => Value::Null,
        _ => Value::Scalar(Scalar {
            text: Box::from(text),
            plain: true,
            hidden: true,
        }),
    };
    Node {
        place: place.clone(),
        value,
    }
}
