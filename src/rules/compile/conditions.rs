//! Query, headers and networks of a `match`: written to meant.

use std::sync::Arc;

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, HOST};

use super::super::raw::{RawConditions, RawNetwork};
use super::super::{Context, NetworkSets};
use super::requirement::Common;
use crate::document::{Located, Place, Problem, Reading, nearest};
use crate::policy::{Conditions, Networks, Switches};

/// What a rule's conditions may name.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) context: &'a Context,
    /// `networks` of the file.
    pub(super) networks: &'a NetworkSets,
    /// What the rules of the file ask for together.
    pub(super) common: &'a Common,
}

/// The conditions; `Some(None)`: there are none. `None`: what is wrong with them was told.
pub(super) fn conditions_of(
    raw: RawConditions,
    switches: &Switches,
    around: Surroundings<'_>,
    reading: &mut Reading,
) -> Option<Option<Arc<Conditions>>> {
    let before = reading.problems.len();
    for (name, _) in &raw.headers {
        check_header(name, switches, around.context, reading);
    }
    let networks = raw.networks.map(|networks| {
        let sets: Vec<Networks> = networks
            .into_iter()
            .filter_map(|network| networks_of(&network, around, reading))
            .collect();
        Networks::union(&sets)
    });
    let headers = raw.headers.into_iter();
    let conditions = Conditions {
        query: raw.query,
        headers: headers.map(|(name, value)| (name.value, value)).collect(),
        networks,
    };
    (reading.problems.len() == before)
        .then(|| (!conditions.is_empty()).then(|| Arc::new(conditions)))
}

/// What a client says in a header that never reaches the application must not open a way to it.
fn check_header(
    name: &Located<HeaderName>,
    switches: &Switches,
    context: &Context,
    reading: &mut Reading,
) {
    let (why, help) = match &name.value {
        &COOKIE | &AUTHORIZATION => (
            "is a credential, which says who asks and not what for",
            "ask for a session with `required_aal`, or look at it in a `condition`",
        ),
        &HOST => ("is what `host` is about", "write `host` beside `path`"),
        name if context.strips(name, switches.allow_method_override) => (
            "is never passed on as the client sent it, so rules can't rest on it",
            "for the client's address write `networks`; for the session, `required_aal`",
        ),
        _ => return,
    };
    let message = format!("header `{}` {why}", name.value);
    reading.problem(Problem::at(&name.place, "invalid_value", message).help(help));
}

fn networks_of(
    network: &Located<RawNetwork>,
    around: Surroundings<'_>,
    reading: &mut Reading,
) -> Option<Networks> {
    let name = match &network.value {
        RawNetwork::Network(network) => return Some(Networks::of([*network])),
        RawNetwork::Named(name) => name,
    };
    let found = around.networks.find(name);
    let found = found.or_else(|| around.context.networks.find(name));
    if found.is_none() {
        tell_unknown(name, &network.place, around, reading);
    }
    found.cloned()
}

fn tell_unknown(name: &str, place: &Place, around: Surroundings<'_>, reading: &mut Reading) {
    let known = around
        .networks
        .names()
        .chain(around.context.networks.names());
    let help = match nearest(name, known) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "define it under `networks` of this file or of stepgate.yaml".to_owned(),
    };
    let message = format!("there are no networks named `{name}`");
    reading.problem(Problem::at(place, "unknown_network", message).help(help));
}
