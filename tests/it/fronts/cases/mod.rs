//! What is asked, and what must come of it whoever stands in front.

mod credentials;
mod forged;
mod levels;
mod paths;
mod requests;

use super::case::Case;

/// Every case. The names are unique.
pub(super) fn all() -> Vec<Case> {
    let cases = [
        levels::cases(),
        requests::cases(),
        credentials::cases(),
        forged::cases(),
        paths::cases(),
    ]
    .concat();
    for (at, case) in cases.iter().enumerate() {
        let again = cases[..at].iter().any(|other| other.name == case.name);
        assert!(!again, "two cases are called {:?}", case.name);
    }
    cases
}
