//! What is asked, and what must come of it whoever stands in front.

mod credentials;
mod forged;
mod levels;
mod paths;
mod requests;
mod secured;

use super::case::Case;

/// Every case without TLS.
pub(super) fn all() -> Vec<Case> {
    named_once([usual(), secured::over_http()].concat())
}

/// Every case by TLS.
pub(super) fn secured() -> Vec<Case> {
    let usual = usual().into_iter().map(Case::over_https);
    named_once(usual.chain(secured::cases()).collect())
}

fn usual() -> Vec<Case> {
    [
        levels::cases(),
        requests::cases(),
        credentials::cases(),
        forged::cases(),
        paths::cases(),
    ]
    .concat()
}

fn named_once(cases: Vec<Case>) -> Vec<Case> {
    for (at, case) in cases.iter().enumerate() {
        let again = cases[..at].iter().any(|other| other.name == case.name);
        assert!(!again, "two cases are called {:?}", case.name);
    }
    cases
}
