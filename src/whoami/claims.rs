//! Further claims of identity tokens, worked out of the session document.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::expression::{Facts, Program, Reads, Session};

/// The claims as JSON text; empty where there are none. A claim that can't be worked out, or is
/// null, is left out: what reads the token must not take a missing one for a yes.
pub(super) fn prepare(
    claims: &[(Box<str>, Program)],
    document: &Value,
    now: Timestamp,
) -> Box<str> {
    if claims.is_empty() {
        return Box::default();
    }
    let reads = claims.iter().fold(Reads::nothing(), |reads, (_, claim)| {
        reads.with(claim.reads())
    });
    let session = Session::of_whoami(document, &Arc::new(reads));
    let facts = Facts {
        session: Some(&session),
        request: None,
        now,
    };
    let mut values = Map::new();
    for (name, claim) in claims {
        match claim.value(&facts) {
            Ok(Value::Null) => {}
            Ok(value) => {
                values.insert(name.to_string(), value);
            }
            Err(failure) => tracing::debug!(claim = &**name, %failure, "a claim is left out"),
        }
    }
    Value::Object(values).to_string().into()
}
