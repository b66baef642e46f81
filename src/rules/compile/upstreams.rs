//! The upstreams of a file.

use std::collections::HashMap;

use super::super::raw::{RawDefaults, RawRule};
use super::super::{Context, UpstreamSettings};
use super::Compiled;
use crate::document::{Fields, Node, Problem, Reading, Value, nearest};
use crate::policy::{Endpoint, Upstream, UpstreamIndex, UpstreamProtocol};

/// Upstreams by name. `None`: something is wrong with it, and told already.
pub(super) type Names = HashMap<Box<str>, Option<UpstreamIndex>>;

/// The name of the upstream that stands for the program which decides itself.
const HERE: &str = "";

impl Compiled {
    /// Lets rules of this file do without an upstream.
    pub(super) fn stay_here(&mut self, names: &mut Names) {
        let here = UpstreamSettings::default().upstream(HERE, Vec::new());
        self.upstreams.push(here);
        names.insert(HERE.into(), Some(UpstreamIndex(self.upstreams.len() - 1)));
    }

    pub(super) fn add_upstreams(
        &mut self,
        node: &Node,
        context: &Context,
        reading: &mut Reading,
    ) -> Names {
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
}

pub(super) fn find_upstream(
    raw: &RawRule,
    defaults: &RawDefaults,
    names: &Names,
    reading: &mut Reading,
) -> Option<UpstreamIndex> {
    let Some(wanted) = raw.upstream.as_ref().or(defaults.upstream.as_ref()) else {
        if let Some(here) = names.get(HERE) {
            return *here;
        }
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
