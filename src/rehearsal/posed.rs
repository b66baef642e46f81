//! A question: a request and who sends it, in the words of a command line, a form or a document.

use std::net::IpAddr;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::asked::{Asked, parse_method};
use super::case::{Instant, Who, read_asked};
use super::person::{Factors, Person};
use super::words::{parse_level, read_person};
use crate::document::{Fields, FromNode, Node, Problem, Reading};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posed {
    /// The request.
    pub asked: Asked,
    /// Who sends it; `None`: nobody is signed in.
    pub person: Option<Person>,
    /// When; `None`: now.
    pub now: Option<Timestamp>,
}

/// A question in words, each as it was typed. Empty ones count as left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PosedWords {
    /// The absolute URL.
    pub url: String,
    /// The method; left out: GET.
    pub method: Option<String>,
    /// Headers, each `Name: value`.
    pub headers: Vec<String>,
    /// The client's address; left out: this machine.
    pub ip: Option<String>,
    /// The session's level, or `none`.
    pub aal: Option<String>,
    /// Methods with commas between them.
    pub methods: Option<String>,
    /// Second factors with commas between them, `none` or `unknown`.
    pub second_factors: Option<String>,
    /// An age or a time.
    pub authenticated_at: Option<String>,
    /// The identity's traits as JSON.
    pub traits: Option<String>,
}

/// Words that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {why}")]
pub struct Misused {
    /// Which word, by its name with underscores.
    pub name: &'static str,
    /// Why.
    pub why: String,
}

impl PosedWords {
    /// Reads the words.
    ///
    /// # Errors
    /// The first that makes no sense.
    pub fn read(&self) -> Result<Posed, Misused> {
        let mut asked = Asked::new(self.url.trim()).map_err(wrong("url"))?;
        if let Some(method) = given(self.method.as_deref()) {
            asked.method = parse_method(method).map_err(wrong("method"))?;
        }
        for line in self.headers.iter().filter(|line| !line.trim().is_empty()) {
            asked.add_header(line).map_err(wrong("header"))?;
        }
        if let Some(ip) = parsed::<IpAddr>(self.ip.as_deref(), "ip")? {
            asked.ip = ip;
        }
        Ok(Posed {
            asked,
            person: self.person()?,
            now: None,
        })
    }

    /// Who asks; `None` when nothing is said of anybody.
    fn person(&self) -> Result<Option<Person>, Misused> {
        let aal = match given(self.aal.as_deref()) {
            Some("none") => return Ok(None),
            Some(aal) => Some(parse_level(aal).map_err(wrong("aal"))?),
            None => None,
        };
        let methods = given(self.methods.as_deref()).map(|methods| {
            let named = methods.split(',').map(str::trim);
            named
                .filter(|name| !name.is_empty())
                .map(str::parse)
                .collect()
        });
        let traits = match given(self.traits.as_deref()) {
            Some(traits) => serde_json::from_str(traits).map_err(wrong("traits"))?,
            None => Value::Null,
        };
        let factors: Option<Factors> = parsed(self.second_factors.as_deref(), "second_factors")?;
        let person = Person {
            aal,
            methods: methods.transpose().map_err(wrong("methods"))?,
            authenticated: parsed(self.authenticated_at.as_deref(), "authenticated_at")?,
            expires: None,
            traits,
            identity: Map::new(),
            second_factors: factors.unwrap_or_default(),
        };
        Ok((person != Person::default()).then_some(person))
    }
}

fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    text: Option<&str>,
    name: &'static str,
) -> Result<Option<T>, Misused> {
    given(text).map(str::parse).transpose().map_err(wrong(name))
}

fn wrong<E: std::fmt::Display>(name: &'static str) -> impl Fn(E) -> Misused {
    move |error| Misused {
        name,
        why: error.to_string(),
    }
}

/// A document with `request` and `session`, as a case has them, or with all their keys at the top.
impl FromNode for Posed {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let before = fields.reading().problems.len();
        let asked = match fields.has("request") {
            true => fields.get("request"),
            false => read_asked(&mut fields),
        };
        let person = match fields.has("session") {
            true => match fields.get::<Who>("session") {
                Some(Who::Person(person)) => Some(*person),
                Some(Who::Named(name)) => {
                    let message = "a session is written out here: there is no list to name one of";
                    let problem = Problem::at(&name.place, "wrong_type", message);
                    fields.reading().problem(problem);
                    None
                }
                Some(Who::Nobody) | None => None,
            },
            false => read_person(&mut fields).filter(|person| *person != Person::default()),
        };
        let now: Option<Instant> = fields.get("now");
        let well = fields.reading().problems.len() == before;
        fields.close();
        Some(Self {
            asked: asked?,
            person,
            now: now.map(|now| now.0),
        })
        .filter(|_| well)
    }
}
