//! `explain`: why a request would be answered as it would.

use super::arguments::ExplainArguments;
use super::basis::Basis;
use crate::cli::{Ending, output};
use crate::clock::Clock;
use crate::config::Environment;
use crate::rehearsal::{Places, PosedWords, to_text};

/// What was typed makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("--{flag}: {why}")]
struct Misused {
    flag: String,
    why: String,
}

pub(in crate::cli) fn run(arguments: &ExplainArguments, environment: &Environment) -> Ending {
    let posed = match words(arguments).read() {
        Ok(posed) => posed,
        Err(misused) => {
            output::failure(&Misused {
                flag: misused.name.replace('_', "-"),
                why: misused.why,
            });
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
    let explained = stage.explain(&posed.asked, posed.person.as_ref(), now);
    output::tell(&match arguments.format.is_json() {
        true => format!("{:#}\n", explained.to_json()),
        false => to_text(&explained, &mut Places::default()),
    });
    Ending::Well
}

fn words(arguments: &ExplainArguments) -> PosedWords {
    PosedWords {
        url: arguments.url.clone(),
        method: arguments.method.clone(),
        headers: arguments.header.clone(),
        ip: arguments.ip.clone(),
        aal: arguments.aal.clone(),
        methods: arguments.methods.clone(),
        second_factors: arguments.second_factors.clone(),
        authenticated_at: arguments.authenticated_at.clone(),
        traits: arguments.traits.clone(),
    }
}
