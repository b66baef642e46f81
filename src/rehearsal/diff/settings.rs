//! Queries and headers on either side of what rules ask of them.

use http::HeaderMap;

/// Query and headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) query: Option<Box<str>>,
    pub(super) headers: HeaderMap,
}
