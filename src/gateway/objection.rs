//! What stands against a request although its rule lets it through.

use super::config::PublicUrl;
use super::proxy::Passing;
use super::upgrade::Wanted;
use crate::authz::{self, Answer, Forward, Permitted};

/// What stands against a request beside its rule. An upgrade comes with whether its credential is
/// a cookie.
pub(super) fn objection(
    passing: &Passing<'_>,
    forward: &Forward,
    upgrade: Option<&(Wanted, bool)>,
) -> Option<Answer> {
    let shared = &passing.exchange.client.worker.shared;
    let public_url = upgrade.and(shared.config.public_url.as_ref());
    let public_origin = public_url.map(PublicUrl::origin);
    let permitted = Permitted {
        headers: &passing.head.headers,
        upgrade: upgrade.is_some(),
        by_cookie: upgrade.is_some_and(|(_, by_cookie)| *by_cookie),
        public_origin: public_origin.as_deref(),
        beside_pages: shared.mounted.is_some(),
    };
    authz::objection(forward, permitted)
}
