//! `CheckRequest`, as much of it as a decision needs.
//!
//! The messages name the fields that are read and no others, so that the body of the request and
//! what else Envoy sends along is skipped without being copied. Text is taken as bytes: a message
//! with bytes that are no text has to be read in order to be refused.

use bytes::Bytes;
use prost::Message;

/// `envoy.service.auth.v3.CheckRequest`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct CheckRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) attributes: Option<Attributes>,
}

/// `envoy.service.auth.v3.AttributeContext`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Attributes {
    #[prost(message, optional, tag = "1")]
    pub(super) source: Option<Peer>,
    #[prost(message, optional, tag = "4")]
    pub(super) request: Option<Request>,
}

/// `envoy.service.auth.v3.AttributeContext.Peer`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Peer {
    #[prost(message, optional, tag = "1")]
    pub(super) address: Option<Address>,
}

/// `envoy.config.core.v3.Address`: of its kinds, the one that holds an IP address.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Address {
    #[prost(message, optional, tag = "1")]
    pub(super) socket_address: Option<SocketAddress>,
}

/// `envoy.config.core.v3.SocketAddress`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct SocketAddress {
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) address: Bytes,
}

/// `envoy.service.auth.v3.AttributeContext.Request`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Request {
    #[prost(message, optional, tag = "2")]
    pub(super) http: Option<HttpRequest>,
}

/// `envoy.service.auth.v3.AttributeContext.HttpRequest`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct HttpRequest {
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) method: Bytes,
    /// Entries of a map, as they are on the wire.
    #[prost(message, repeated, tag = "3")]
    pub(super) headers: Vec<Field>,
    #[prost(bytes = "bytes", tag = "4")]
    pub(super) path: Bytes,
    #[prost(bytes = "bytes", tag = "5")]
    pub(super) host: Bytes,
    #[prost(bytes = "bytes", tag = "6")]
    pub(super) scheme: Bytes,
    #[prost(bytes = "bytes", tag = "7")]
    pub(super) query: Bytes,
    #[prost(bytes = "bytes", tag = "8")]
    pub(super) fragment: Bytes,
    #[prost(message, optional, tag = "13")]
    pub(super) header_map: Option<Fields>,
}

/// `envoy.config.core.v3.HeaderMap`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Fields {
    #[prost(message, repeated, tag = "1")]
    pub(super) headers: Vec<Field>,
}

/// `envoy.config.core.v3.HeaderValue`, or an entry of a map from text to text.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Field {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) value: Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    pub(super) raw_value: Bytes,
}
