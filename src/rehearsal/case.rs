//! Cases as they are written: a request, a session, and what is to become of it.

use std::net::IpAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::asked::{Asked, parse_method};
use super::expectation::Expectation;
use super::person::Person;
use super::words::read_person;
use crate::document::{Fields, FromNode, Located, Node, Place, Problem, Reading};

/// A file of cases.
#[derive(Debug)]
pub struct CaseFile {
    /// The rules that its cases are put to, where the file says so: files and folders.
    pub rules: Vec<PathBuf>,
    /// The configuration whose rules its cases are put to, where the file says so.
    pub config: Option<PathBuf>,
    /// The cases, in order.
    pub cases: Vec<Case>,
}

/// A case of a policy test.
#[derive(Debug)]
pub struct Case {
    /// What it says of the policy.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// The request.
    pub asked: Asked,
    /// Who asks; `None`: nobody is signed in.
    pub person: Option<Person>,
    /// When; `None`: now.
    pub now: Option<Timestamp>,
    /// What is to become of it.
    pub expected: Expectation,
}

/// A session by its name in `sessions`, or written out.
pub(super) enum Who {
    Nobody,
    Named(Located<String>),
    Person(Box<Person>),
}

struct RawCase {
    place: Place,
    name: String,
    asked: Asked,
    who: Who,
    now: Option<Timestamp>,
    expected: Expectation,
}

/// A fixed time, `2026-03-02T10:00:00Z`.
pub(super) struct Instant(pub(super) Timestamp);

impl FromNode for CaseFile {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let rules: Option<crate::document::OneOrMany<PathBuf>> = fields.get("rules");
        let config = fields.get("config");
        let now: Option<Instant> = fields.get("now");
        let sessions: Option<NamedPersons> = fields.get("sessions");
        let cases: Option<Vec<RawCase>> = fields.required("tests");
        fields.close();
        let sessions = sessions.map(|sessions| sessions.0).unwrap_or_default();
        let now = now.map(|now| now.0);
        let mut read = Vec::new();
        for raw in cases? {
            let person = match raw.who {
                Who::Nobody => None,
                Who::Person(person) => Some(*person),
                Who::Named(name) => {
                    let found = sessions.iter().find(|(known, _)| *known == name.value);
                    if found.is_none() {
                        tell_unknown(&name, &sessions, reading);
                    }
                    Some(found?.1.clone())
                }
            };
            read.push(Case {
                name: raw.name,
                place: raw.place,
                asked: raw.asked,
                person,
                now: raw.now.or(now),
                expected: raw.expected,
            });
        }
        Some(Self {
            rules: rules.map(|rules| rules.0).unwrap_or_default(),
            config,
            cases: read,
        })
    }
}

fn tell_unknown(name: &Located<String>, sessions: &[(String, Person)], reading: &mut Reading) {
    let names = sessions.iter().map(|(known, _)| known.as_str());
    let near = crate::document::nearest(&name.value, names);
    let message = format!("`sessions` has no session `{}`", name.value);
    let problem = Problem::at(&name.place, "unknown_session", message);
    reading.problem(problem.maybe_help(near.map(|near| format!("did you mean `{near}`?"))));
}

struct NamedPersons(Vec<(String, Person)>);

impl FromNode for NamedPersons {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let named = Fields::open(node, reading)?.named::<Person>();
        let owned = |(key, person): (&crate::document::Key, Person)| (key.text.to_string(), person);
        Some(Self(named.into_iter().map(owned).collect()))
    }
}

impl FromNode for RawCase {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let name = fields.required("name");
        let asked = fields.required("request");
        let who: Option<Who> = fields.get("session");
        let now: Option<Instant> = fields.get("now");
        let expected = fields.required("expect");
        fields.close();
        Some(Self {
            place: node.place.clone(),
            name: name?,
            asked: asked?,
            who: who.unwrap_or(Who::Nobody),
            now: now.map(|now| now.0),
            expected: expected?,
        })
    }
}

/// `POST https://bank.example.com/transfer`, a URL alone, or a section.
impl FromNode for Asked {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if let Some(scalar) = node.as_scalar() {
            let text = scalar.text.trim();
            let (method, url) = text.split_once(' ').unwrap_or(("GET", text));
            return asked(node, method, url.trim(), reading);
        }
        let mut fields = Fields::open(node, reading)?;
        let asked = read_asked(&mut fields);
        fields.close();
        asked
    }

    fn schema() -> Json {
        json!({ "type": ["string", "object"] })
    }
}

/// The keys of a request in a section that may have others.
pub(super) fn read_asked(fields: &mut Fields<'_, '_>) -> Option<Asked> {
    let method: Option<Located<String>> = fields.get("method");
    let url: Option<Located<String>> = fields.required("url");
    let headers = fields.raw("headers", json!({ "type": "object" }));
    let ip: Option<Located<String>> = fields.get("ip");
    let node = fields.section();
    let reading = fields.reading();
    let mut asked = {
        let method = method
            .as_ref()
            .map_or("GET", |method| method.value.as_str());
        asked(node, method, &url?.value, reading)?
    };
    if let Some(ip) = ip {
        match ip.value.parse::<IpAddr>() {
            Ok(address) => asked.ip = address,
            Err(_) => {
                let message = format!("`{}` is no IP address", ip.value);
                reading.problem(Problem::at(&ip.place, "invalid_value", message));
                return None;
            }
        }
    }
    if let Some(headers) = headers {
        read_headers(headers, &mut asked, reading)?;
    }
    Some(asked)
}

fn asked(node: &Node, method: &str, url: &str, reading: &mut Reading) -> Option<Asked> {
    let read = Asked::new(url).and_then(|mut asked| {
        asked.method = parse_method(method)?;
        Ok(asked)
    });
    match read {
        Ok(asked) => Some(asked),
        Err(error) => {
            let problem = Problem::at(&node.place, "invalid_value", error.to_string());
            reading.problem(problem);
            None
        }
    }
}

/// A name with one value or a list of them.
fn read_headers(node: &Node, asked: &mut Asked, reading: &mut Reading) -> Option<()> {
    let lines = Fields::open(node, reading)?.named::<crate::document::OneOrMany<String>>();
    for (key, values) in lines {
        for value in values.0 {
            if let Err(error) = asked.append(&key.text, &value) {
                reading.problem(Problem::at(&key.place, "invalid_value", error.to_string()));
                return None;
            }
        }
    }
    Some(())
}

impl FromNode for Who {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if node.is_null() {
            return Some(Self::Nobody);
        }
        if node.as_scalar().is_some() {
            return Located::from_node(node, reading).map(Self::Named);
        }
        let person = Person::from_node(node, reading)?;
        Some(Self::Person(Box::new(person)))
    }

    fn takes_null() -> bool {
        true
    }

    fn schema() -> Json {
        json!({ "type": ["string", "object", "null"] })
    }
}

impl FromNode for Person {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let person = read_person(&mut fields);
        fields.close();
        person
    }
}

impl FromNode for Instant {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let time = text.parse().ok();
        if time.is_none() {
            let message = "expected a time such as 2026-03-02T10:00:00Z";
            reading.problem(Problem::at(&node.place, "wrong_type", message));
        }
        time.map(Self)
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

/// A JSON object under a key, as it is.
pub(super) fn object_of(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
) -> Option<Map<String, Json>> {
    let node = fields.raw(name, json!({ "type": "object" }))?;
    match node.to_json() {
        Json::Null => Some(Map::new()),
        Json::Object(object) => Some(object),
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            fields.problem_at(name, "wrong_type", "expected a section with keys", None);
            None
        }
    }
}
