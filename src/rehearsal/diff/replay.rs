//! Requests of a log, put to two sets of rules.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Sets;
use super::changes::{Change, Changes};
use super::classes::{rules_of, suppositions};
use super::verdicts::{Verdict, judged};
use crate::policy::{Host, Request, Scheme};
use crate::rehearsal::person::{Factors, Person, Step, When};
use crate::rehearsal::words::{parse_level, parse_name};

/// No line of a file is a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no line of it is a request of an access log: JSON with `host`, `method` and `path`")]
pub struct NotALog;

/// Puts the requests of an access log, with the level and the methods that were logged, to both
/// sets of rules.
///
/// # Errors
/// There is no request in it at all.
pub fn replay(sets: &Sets, log: &str, now: Timestamp) -> Result<Changes, NotALog> {
    let mut changes = Changes::default();
    let mut known: HashMap<(Verdict, Verdict), usize> = HashMap::new();
    for line in log.lines().filter(|line| !line.trim().is_empty()) {
        let Some(logged) = Logged::read(line, now) else {
            changes.lines_left_out += 1;
            continue;
        };
        changes.requests += 1;
        logged.put(sets, now, &mut changes, &mut known);
    }
    if changes.requests == 0 && changes.lines_left_out > 0 {
        return Err(NotALog);
    }
    changes.sort();
    Ok(changes)
}

/// One line.
struct Logged {
    request: Request,
    person: Option<Person>,
}

impl Logged {
    fn read(line: &str, now: Timestamp) -> Option<Self> {
        let line: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| line.get(name).and_then(Value::as_str);
        let (path, _) = Request::parse_target(text("path")?).ok()?;
        let ip = text("client_ip").and_then(|ip| ip.parse::<IpAddr>().ok());
        let scheme = match text("scheme") {
            Some("http") => Scheme::Http,
            Some(_) | None => Scheme::Https,
        };
        let request = Request {
            method: Method::from_bytes(text("method")?.as_bytes()).ok()?,
            scheme,
            host: Host::parse(text("host")?).ok()?,
            port: None,
            path,
            query: None,
            client_ip: ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        };
        let person = match text("aal") {
            Some(aal) => Some(person(aal, &line, now)?),
            None => None,
        };
        Some(Self { request, person })
    }

    fn put(
        &self,
        sets: &Sets,
        now: Timestamp,
        changes: &mut Changes,
        known: &mut HashMap<(Verdict, Verdict), usize>,
    ) {
        let subject = self.person.as_ref().map(|person| person.subject(now));
        let standing = match &subject {
            None => crate::policy::Standing::Anonymous,
            Some(subject) => crate::policy::Standing::Known(subject),
        };
        let headers = HeaderMap::new();
        let old = sets.old.find(&self.request, &headers);
        let new = sets.new.find(&self.request, &headers);
        // A log does not have what conditions read.
        let possible = suppositions(&rules_of(&sets.old, &old), &rules_of(&sets.new, &new));
        let changes_of = possible.into_iter().filter_map(|(old_holds, new_holds)| {
            let before = judged(&sets.old, &old, standing, old_holds, now);
            let after = judged(&sets.new, &new, standing, new_holds, now);
            let direction = before.towards(after)?;
            Some((direction, before, after, old_holds != new_holds))
        });
        let Some((direction, before, after, changed)) = changes_of.min_by_key(|change| change.0)
        else {
            return;
        };
        if let Some(change) = known
            .get(&(before, after))
            .and_then(|place| changes.changes.get_mut(*place))
        {
            change.alike += 1;
            return;
        }
        known.insert((before, after), changes.changes.len());
        changes.changes.push(Change {
            direction,
            request: format!("{} {}", self.request.method, self.request.url()),
            session: self.in_words(),
            before: before.told(&sets.old),
            after: after.told(&sets.new),
            note: changed.then(|| "changed condition".to_owned()),
            alike: 0,
        });
    }

    fn in_words(&self) -> String {
        let Some(person) = &self.person else {
            return "no session".to_owned();
        };
        let mut words = person.aal.unwrap_or_default().to_string();
        let steps = person.methods.iter().flatten();
        let names: Vec<&str> = steps.map(|step| step.method.as_str()).collect();
        if !names.is_empty() {
            words.push_str(&format!(" by {}", names.join(" and ")));
        }
        words
    }
}

/// The session of a line. Its steps are as old as they were when the request came.
fn person(aal: &str, line: &Value, now: Timestamp) -> Option<Person> {
    let methods = line.get("methods").and_then(Value::as_array);
    let steps = methods.map(|methods| {
        let names = methods.iter().filter_map(Value::as_str);
        let known = names.filter_map(|name| parse_name(name).ok());
        known.map(|name| Step::by(&name)).collect()
    });
    let time = |name: &str| -> Option<Timestamp> { line.get(name)?.as_str()?.parse().ok() };
    let age = match (time("time"), time("authenticated_at")) {
        (Some(time), Some(authenticated)) => time.duration_since(authenticated),
        (_, _) => SignedDuration::ZERO,
    };
    Some(Person {
        aal: Some(parse_level(aal).ok()?),
        methods: steps,
        authenticated: Some(When::At(now - age)),
        second_factors: Factors::Unsaid,
        ..Person::default()
    })
}
