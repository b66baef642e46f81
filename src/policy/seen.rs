//! A request as expressions see it.

use std::borrow::Cow;
use std::net::IpAddr;

use http::{HeaderMap, HeaderValue};
use url::form_urlencoded;

use super::Request;
use crate::expression::RequestFacts;

/// A canonical request with its headers. Nothing is prepared: what no expression reads costs
/// nothing.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its headers as the client sent them.
    pub headers: &'a HeaderMap,
}

impl Seen<'_> {
    fn pairs(&self) -> form_urlencoded::Parse<'_> {
        let query = self.request.query.as_deref().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
    }
}

impl RequestFacts for Seen<'_> {
    fn method(&self) -> &str {
        self.request.method.as_str()
    }

    fn scheme(&self) -> &str {
        self.request.scheme.as_str()
    }

    fn host(&self) -> &str {
        self.request.host.as_str()
    }

    fn path(&self) -> &str {
        self.request.path.as_str()
    }

    fn ip(&self) -> IpAddr {
        self.request.client_ip
    }

    fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        let found = self.pairs().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    fn query_length(&self) -> usize {
        self.request.query.as_ref().map_or(0, |query| query.len())
    }

    fn query_names(&self) -> Vec<Cow<'_, str>> {
        let mut names: Vec<Cow<'_, str>> = self.pairs().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let value = self.headers.get(name).map(HeaderValue::as_bytes);
        value.map(String::from_utf8_lossy)
    }

    fn header_names(&self) -> Vec<&str> {
        self.headers.keys().map(http::HeaderName::as_str).collect()
    }
}
