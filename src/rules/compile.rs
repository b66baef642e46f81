//! One rule file: what is written to what is meant.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;

use super::raw::{Given, RawDefaults, RawRule};
use super::{Context, UpstreamSettings};
use crate::document::{Fields, FromNode, Located, Node, Place, Problem, Reading, Value, nearest};
use crate::policy::{
    Endpoint, Enrolment, HostPattern, Location, Matcher, Methods, RequiredAal, Requirement, RuleId,
    RuleParts, Upstream, UpstreamIndex, UpstreamProtocol,
};

/// What the files mean, as far as they can be read.
#[derive(Default)]
pub(super) struct Compiled {
    pub(super) rules: Vec<RuleParts>,
    /// Of each rule, in the same order, where it is written.
    pub(super) places: Vec<RulePlaces>,
    pub(super) upstreams: Vec<Upstream>,
}

/// Where the parts of a rule are written.
pub(super) struct RulePlaces {
    pub(super) id: Place,
    pub(super) hosts: Vec<Place>,
    pub(super) paths: Vec<Place>,
}

/// Upstreams by name. `None`: something is wrong with it, and told already.
type Names = HashMap<Box<str>, Option<UpstreamIndex>>;

impl Compiled {
    /// Adds a file.
    pub(super) fn add_file(&mut self, file: &Node, context: &Context, reading: &mut Reading) {
        let Some(mut fields) = Fields::open(file, reading) else {
            return;
        };
        let upstreams = fields.raw("upstreams", json!({ "type": "object" }));
        let defaults: RawDefaults = fields.get("defaults").unwrap_or_default();
        let rules = fields.raw("rules", json!({ "type": "array" }));
        fields.close();
        let names = match upstreams {
            Some(node) => self.add_upstreams(node, context, reading),
            None => Names::new(),
        };
        let Some(rules) = rules.filter(|node| !node.is_null()) else {
            return;
        };
        let Some(rules) = rules.as_list() else {
            let message = format!("expected a list, found {}", rules.described());
            reading.problem(Problem::at(&rules.place, "wrong_type", message));
            return;
        };
        for node in rules {
            let Some(rule) = RawRule::from_node(node, reading) else {
                continue;
            };
            self.add_rule(rule, &defaults, &names, context, reading);
        }
    }

    fn add_upstreams(&mut self, node: &Node, context: &Context, reading: &mut Reading) -> Names {
        let mut names = Names::new();
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            Value::Scalar(_) | Value::List(_) => {
                let message = format!("expected upstreams by name, found {}", node.described());
                reading.problem(Problem::at(&node.place, "wrong_type", message));
                &[]
            }
        };
        for entry in entries {
            let name = &*entry.key.text;
            let upstream = read_upstream(name, &entry.value, &context.upstream_defaults, reading);
            let index = upstream.map(|upstream| {
                self.upstreams.push(upstream);
                UpstreamIndex(self.upstreams.len() - 1)
            });
            names.insert(name.into(), index);
        }
        names
    }

    fn add_rule(
        &mut self,
        raw: RawRule,
        defaults: &RawDefaults,
        names: &Names,
        context: &Context,
        reading: &mut Reading,
    ) {
        let upstream = find_upstream(&raw, defaults, names, reading);
        let requirement = requirement_of(&raw, defaults, context, reading);
        let encoded = raw
            .matching
            .paths
            .iter()
            .find(|path| path.value.has_encoded_slash());
        if let Some(path) = encoded
            && !raw.switches.allow_encoded_slash
        {
            let message = "requests with an encoded slash are refused, so this matches nothing";
            let help = "add `allow_encoded_slash: true`";
            reading.problem(Problem::at(&path.place, "invalid_value", message).help(help));
        }
        let (Some(upstream), Some(requirement)) = (upstream, requirement) else {
            return;
        };
        let id = &raw.id;
        let hosts = once(raw.matching.hosts);
        let paths = once(raw.matching.paths);
        self.places.push(RulePlaces {
            id: id.place.clone(),
            hosts: places_of(&hosts),
            paths: places_of(&paths),
        });
        self.rules.push(RuleParts {
            id: RuleId::new(&id.value),
            location: Location {
                file: Arc::clone(id.place.file()),
                line: id.place.line(),
                column: id.place.column(),
            },
            requirement,
            upstream,
            reason: raw.reason.map(Arc::from),
            switches: raw.switches,
            matcher: Matcher {
                hosts: if hosts.is_empty() {
                    vec![HostPattern::Any]
                } else {
                    values_of(hosts)
                },
                paths: values_of(paths),
                methods: match raw.matching.methods {
                    Some(methods) => Methods::only(values_of(once(methods))),
                    None => Methods::ALL,
                },
                priority: raw.priority,
            },
        });
    }
}

fn places_of<T>(values: &[Located<T>]) -> Vec<Place> {
    values.iter().map(|value| value.place.clone()).collect()
}

fn values_of<T>(values: Vec<Located<T>>) -> Vec<T> {
    values.into_iter().map(|located| located.value).collect()
}

/// Each value once, where it is written first.
fn once<T: PartialEq>(values: Vec<Located<T>>) -> Vec<Located<T>> {
    let mut once: Vec<Located<T>> = Vec::with_capacity(values.len());
    for located in values {
        if once.iter().all(|present| present.value != located.value) {
            once.push(located);
        }
    }
    once
}

fn find_upstream(
    raw: &RawRule,
    defaults: &RawDefaults,
    names: &Names,
    reading: &mut Reading,
) -> Option<UpstreamIndex> {
    let Some(wanted) = raw.upstream.as_ref().or(defaults.upstream.as_ref()) else {
        let message = format!("rule `{}` has no upstream", raw.id.value);
        let help = "add `upstream: NAME`, or one to `defaults` of this file";
        reading.problem(Problem::at(&raw.id.place, "missing_key", message).help(help));
        return None;
    };
    if let Some(index) = names.get(&*wanted.value) {
        return *index;
    }
    let message = format!("this file has no upstream `{}`", wanted.value);
    let help = match nearest(&wanted.value, names.keys().map(|name| &**name)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "upstreams are defined in the file that uses them".to_owned(),
    };
    reading.problem(Problem::at(&wanted.place, "unknown_upstream", message).help(help));
    None
}

fn required_aal_of(
    raw: &RawRule,
    defaults: &RawDefaults,
    reading: &mut Reading,
) -> Option<RequiredAal> {
    let default = match raw.required_aal {
        Given::Value(required_aal) => return Some(required_aal),
        Given::Wrong => return None,
        Given::Absent => defaults.required_aal,
    };
    if default.is_none() {
        let id = &raw.id.value;
        let message = format!("rule `{id}` does not say which level it requires");
        let help = "add `required_aal`: none, aal1, aal2 or highest_available";
        reading.problem(Problem::at(&raw.id.place, "missing_key", message).help(help));
    }
    default
}

fn requirement_of(
    raw: &RawRule,
    defaults: &RawDefaults,
    context: &Context,
    reading: &mut Reading,
) -> Option<Requirement> {
    let required_aal = required_aal_of(raw, defaults, reading)?;
    let place = &raw.id.place;
    if required_aal == RequiredAal::HighestAvailable && !context.second_factor_is_known {
        let message = "it can't be learnt here who has a second factor, so `highest_available` \
                       would mean aal2 for everyone";
        let help = "set `identity.external.admin_url`, or write aal1 or aal2";
        reading.problem(Problem::at(place, "contradiction", message).help(help));
    }
    if let Some(max_age) = &raw.max_age {
        if required_aal == RequiredAal::None {
            let message = "`max_age` asks for a fresh session, but the rule asks for none";
            reading.problem(Problem::at(&max_age.place, "contradiction", message));
        } else if max_age.value.is_zero() {
            let message = "no session is ever this fresh";
            reading.problem(Problem::at(&max_age.place, "invalid_value", message));
        }
    }
    let needs_factor = match required_aal {
        RequiredAal::None | RequiredAal::Aal1 | RequiredAal::HighestAvailable => false,
        RequiredAal::Aal2 => true,
    };
    if let Some(enrolment) = &raw.enrolment
        && enrolment.value == Enrolment::Denied
        && !needs_factor
    {
        let message = "`enrol: deny` needs `required_aal: aal2`: nobody is asked to enrol here";
        reading.problem(Problem::at(&enrolment.place, "contradiction", message));
    }
    let written = raw.max_age.as_ref().map(|max_age| max_age.value);
    let default = defaults
        .max_age
        .filter(|_| required_aal != RequiredAal::None);
    Some(Requirement {
        required_aal,
        max_age: written.or(default),
        enrolment: raw
            .enrolment
            .as_ref()
            .map(|found| found.value)
            .unwrap_or_default(),
    })
}

fn read_upstream(
    name: &str,
    node: &Node,
    base: &UpstreamSettings,
    reading: &mut Reading,
) -> Option<Upstream> {
    let mut fields = Fields::open(node, reading)?;
    let url: Option<Endpoint> = fields.get("url");
    let endpoints: Option<Vec<Endpoint>> = fields.get("endpoints");
    if fields.has("url") == fields.has("endpoints") {
        let message = format!("upstream `{name}` needs either `url` or `endpoints`");
        fields.problem_at("url", "contradiction", message, None);
    } else if endpoints.as_ref().is_some_and(Vec::is_empty) {
        let message = "an upstream needs at least one endpoint";
        fields.problem_at("endpoints", "invalid_value", message, None);
    }
    let settings = UpstreamSettings::read(&mut fields, base);
    let endpoints = url.map(|url| vec![url]).or(endpoints);
    if let Some(endpoints) = &endpoints {
        check_protocol(settings.protocol, endpoints, &mut fields);
    }
    fields.close();
    let endpoints = endpoints.filter(|endpoints| !endpoints.is_empty())?;
    Some(settings.upstream(name, endpoints))
}

fn check_protocol(protocol: UpstreamProtocol, endpoints: &[Endpoint], fields: &mut Fields<'_, '_>) {
    let message = match protocol {
        UpstreamProtocol::Auto | UpstreamProtocol::Http1 => return,
        UpstreamProtocol::H2 if endpoints.iter().all(|endpoint| endpoint.tls) => return,
        UpstreamProtocol::H2c if endpoints.iter().all(|endpoint| !endpoint.tls) => return,
        UpstreamProtocol::H2 => "`h2` is HTTP/2 over TLS, but an endpoint has no https://",
        UpstreamProtocol::H2c => "`h2c` is HTTP/2 without TLS, but an endpoint has https://",
    };
    fields.problem_at("protocol", "contradiction", message, None);
}
