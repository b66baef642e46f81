//! Headers that no rule may set or remove, and why.

use super::super::super::Context;
use crate::policy::FieldPattern;

/// Which message a header belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Answer,
}

/// What is done to a header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Set,
    Remove,
}

/// Names, each with what to tell whoever writes it.
type Table = &'static [(&'static [&'static str], &'static str)];

/// Neither set nor removed in either direction.
const FRAMING: Table = &[(
    &[
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "http2-settings",
        "sec-websocket-*",
    ],
    "it belongs to the connection or delimits the message",
)];

/// Neither set nor removed on the way to the upstream.
const OURS: Table = &[
    (&["host"], "`rewrite.host` says what the upstream sees"),
    (&["expect"], "it is answered here"),
    (
        &[
            "forwarded",
            "forwarded-*",
            "x-forwarded",
            "x-forwarded-*",
            "x-original-*",
            "x-rewrite-url",
            "x-envoy-*",
            "x-real-ip",
        ],
        "it says where a request came from and what it asked for, which Stepgate does itself",
    ),
    (&["x-request-id", "x-stepgate-*"], "Stepgate sets it itself"),
    (
        &[
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
        ],
        "it would change the method that was judged",
    ),
];

/// Not set on the way to the upstream.
const CREDENTIALS: Table = &[(
    &[
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-session-token",
    ],
    "it is a credential, and a rule file is no place for one",
)];

/// Not set in answers.
const OF_ANSWERS: Table = &[
    (
        &["content-encoding", "content-range"],
        "it describes the body, which is passed on as it is",
    ),
    (
        &["access-control-allow-*", "access-control-max-age"],
        "`cors` says who may read answers, and refuses what would be unsafe",
    ),
    (
        &["strict-transport-security"],
        "`hsts` of the listener says it for the host as a whole",
    ),
];

/// Why a rule may not do this to a header; `None`: it may.
pub(super) fn objection(
    name: &FieldPattern,
    written: &str,
    (side, act): (Side, Act),
    context: &Context,
) -> Option<String> {
    let tables: &[Table] = match (side, act) {
        (Side::Request, Act::Set) => &[FRAMING, OURS, CREDENTIALS],
        (Side::Request, Act::Remove) => &[FRAMING, OURS],
        (Side::Answer, Act::Set) => &[FRAMING, OF_ANSWERS],
        (Side::Answer, Act::Remove) => &[FRAMING],
    };
    // A family that reaches beyond what is ours is meant for the rest of it.
    let is_meant = |reserved: &str| {
        let start = reserved.trim_end_matches('*');
        match name.is_family() {
            true => reserved.ends_with('*') && is_below(written, start),
            false => FieldPattern::parse(reserved).is_some_and(|all| all.covers(written)),
        }
    };
    let mut rows = tables.iter().flat_map(|table| table.iter());
    if let Some((_, why)) = rows.find(|(names, _)| names.iter().any(|name| is_meant(name))) {
        return Some((*why).to_owned());
    }
    let is_identity = side == Side::Request
        && !name.is_family()
        && context.identity_headers.iter().any(|own| name.covers(own));
    is_identity.then(|| {
        "it carries the identity, and `upstream_identity.headers` says what is in it".to_owned()
    })
}

/// Whether every name of the family `written` begins with `start`.
fn is_below(written: &str, start: &str) -> bool {
    let family = crate::policy::fold_field(written.trim_end_matches('*'));
    family.starts_with(start)
}
