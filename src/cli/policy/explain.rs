//! `explain`: why a request would be answered as it would.

use super::arguments::ExplainArguments;
use super::basis::Basis;
use crate::cli::{Ending, output};
use crate::clock::Clock;
use crate::config::Environment;
use crate::rehearsal::{Asked, Factors, Person, Places, parse_level, parse_method, to_text};

/// What was typed makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{flag}: {why}")]
struct Misused {
    flag: &'static str,
    why: String,
}

pub(in crate::cli) fn run(arguments: &ExplainArguments, environment: &Environment) -> Ending {
    let (asked, person) = match read(arguments) {
        Ok(read) => read,
        Err(misused) => {
            output::failure(&misused);
            return Ending::Invalid;
        }
    };
    let basis = Basis::named(&arguments.paths, arguments.config.as_deref());
    let stage = match basis.load(environment) {
        Ok(stage) => stage,
        Err(problems) => {
            output::problems(&problems);
            return Ending::Invalid;
        }
    };
    let now = arguments.now.unwrap_or_else(|| Clock::system().wall());
    let explained = stage.explain(&asked, person.as_ref(), now);
    output::tell(&match arguments.format.is_json() {
        true => format!("{:#}\n", explained.to_json()),
        false => to_text(&explained, &mut Places::default()),
    });
    Ending::Well
}

fn read(arguments: &ExplainArguments) -> Result<(Asked, Option<Person>), Misused> {
    let mut asked = Asked::new(&arguments.url).map_err(wrong("--url"))?;
    asked.method = parse_method(&arguments.method).map_err(wrong("--method"))?;
    for line in &arguments.header {
        asked.add_header(line).map_err(wrong("--header"))?;
    }
    asked.ip = arguments.ip.unwrap_or(asked.ip);
    Ok((asked, person(arguments)?))
}

/// Who asks; `None` when nothing is said of anybody.
fn person(arguments: &ExplainArguments) -> Result<Option<Person>, Misused> {
    let ExplainArguments {
        aal,
        methods,
        second_factors,
        authenticated_at,
        traits,
        ..
    } = arguments;
    let aal = match aal.as_deref() {
        Some("none") => return Ok(None),
        Some(aal) => Some(parse_level(aal).map_err(wrong("--aal"))?),
        None => None,
    };
    let steps = methods.as_ref().map(|methods| {
        let named = methods.iter().filter(|method| !method.is_empty());
        named.map(|method| method.parse()).collect()
    });
    let person = Person {
        aal,
        methods: steps.transpose().map_err(wrong("--methods"))?,
        authenticated: parsed(authenticated_at.as_deref(), "--authenticated-at")?,
        expires: None,
        traits: match traits {
            Some(traits) => serde_json::from_str(traits).map_err(wrong("--traits"))?,
            None => serde_json::Value::Null,
        },
        identity: serde_json::Map::new(),
        second_factors: parsed::<Factors>(second_factors.as_deref(), "--second-factors")?
            .unwrap_or_default(),
    };
    Ok((person != Person::default()).then_some(person))
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: Option<&str>,
    flag: &'static str,
) -> Result<Option<T>, Misused> {
    text.map(str::parse).transpose().map_err(wrong(flag))
}

fn wrong<E: std::fmt::Display>(flag: &'static str) -> impl Fn(E) -> Misused {
    move |error| Misused {
        flag,
        why: error.to_string(),
    }
}
