//! One line of the access log.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde::Serialize;

use super::Door;

/// Who asked, as far as the access log says it.
pub trait Who: Send + Sync {
    /// The identity's id.
    fn subject(&self) -> &str;
    /// The session's id, never its token.
    fn session(&self) -> &str;
    /// The session's level by its wire name.
    fn aal(&self) -> &'static str;
    /// The methods of its completed steps, in order.
    fn methods(&self) -> Vec<&'static str>;
    /// When the last step was completed.
    fn authenticated_at(&self) -> Timestamp;
}

/// One request, as the access log tells it. Filled by a worker, written elsewhere: strings that
/// outlive the request are shared, not copied.
#[derive(Clone)]
pub struct AccessEntry {
    /// Where the request came in.
    pub door: Door,
    /// When the request arrived.
    pub time: Timestamp,
    /// The request's id.
    pub request_id: Box<str>,
    /// The client's address, trusted proxies looked through; `None` on a unix socket.
    pub client_ip: Option<IpAddr>,
    /// Canonical host; `None` when the request had none that could be read.
    pub host: Option<Box<str>>,
    /// Method.
    pub method: Method,
    /// Canonical path without query; `None` when it could not be read.
    pub path: Option<Box<str>>,
    /// Status of the answer; 0 when the client left before there was one.
    pub status: u16,
    /// Bytes of the request's body that were read.
    pub bytes_in: u64,
    /// Bytes of the answer's body that were handed on.
    pub bytes_out: u64,
    /// The rule that judged it.
    pub rule: Option<Arc<str>>,
    /// The generation of rules; 0 when it came to none.
    pub generation: u64,
    /// What became of it (`allow`, `log_in`, ..).
    pub decision: &'static str,
    /// It was forwarded all the same: the rule only reports.
    pub reported: bool,
    /// It has a line with its decision already: this one is about its answer.
    pub repeated: bool,
    /// Who asked.
    pub who: Option<Arc<dyn Who>>,
    /// How the session was found: `hit`, `miss`, `bypass` or `coalesced`.
    pub cache: Option<&'static str>,
    /// How long the identity service took, where it was waited for.
    pub whoami: Option<Duration>,
    /// The upstream that answered.
    pub upstream: Option<Arc<str>>,
    /// From the first byte sent to it to the head of its answer.
    pub upstream_time: Option<Duration>,
    /// From the request's arrival to the end of the answer.
    pub total: Duration,
    /// The trace it belongs to.
    pub trace_id: Option<Box<str>>,
}

impl AccessEntry {
    /// An entry with nothing known but where, when and what.
    #[must_use]
    pub fn new(door: Door, time: Timestamp, request_id: Box<str>, method: Method) -> Self {
        Self {
            door,
            time,
            request_id,
            client_ip: None,
            host: None,
            method,
            path: None,
            status: 0,
            bytes_in: 0,
            bytes_out: 0,
            rule: None,
            generation: 0,
            decision: "bad_request",
            reported: false,
            repeated: false,
            who: None,
            cache: None,
            whoami: None,
            upstream: None,
            upstream_time: None,
            total: Duration::ZERO,
            trace_id: None,
        }
    }

    /// Writes the entry as one line of JSON, line end included.
    pub fn write_line(&self, line: &mut Vec<u8>) {
        let start = line.len();
        if serde_json::to_writer(&mut *line, &self.line()).is_err() {
            // Nothing in a line can fail to serialise; half a line would spoil the next one.
            line.truncate(start);
            return;
        }
        line.push(b'\n');
    }

    fn line(&self) -> Line<'_> {
        Line {
            time: self.time,
            request_id: &self.request_id,
            client_ip: self.client_ip,
            host: self.host.as_deref(),
            method: self.method.as_str(),
            path: self.path.as_deref(),
            status: self.status,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            rule: self.rule.as_deref(),
            generation: self.generation,
            decision: self.decision,
            reported: self.reported,
            repeated: self.repeated,
            aal: self.who.as_deref().map(Who::aal),
            subject: self.who.as_deref().map(Who::subject),
            session: self.who.as_deref().map(Who::session),
            cache: self.cache,
            whoami_ms: self.whoami.map(milliseconds),
            upstream: self.upstream.as_deref(),
            upstream_ms: self.upstream_time.map(milliseconds),
            total_ms: milliseconds(self.total),
            trace_id: self.trace_id.as_deref(),
            methods: self.who.as_deref().map(Who::methods),
            authenticated_at: self.who.as_deref().map(Who::authenticated_at),
            door: self.door.as_str(),
        }
    }
}

impl fmt::Debug for AccessEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Vec::new();
        self.write_line(&mut line);
        f.write_str(String::from_utf8_lossy(&line).trim_end())
    }
}

/// Milliseconds with three digits behind the point.
fn milliseconds(duration: Duration) -> f64 {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The names and their order, as documented.
#[derive(Serialize)]
struct Line<'a> {
    time: Timestamp,
    request_id: &'a str,
    client_ip: Option<IpAddr>,
    host: Option<&'a str>,
    method: &'a str,
    path: Option<&'a str>,
    status: u16,
    bytes_in: u64,
    bytes_out: u64,
    rule: Option<&'a str>,
    generation: u64,
    decision: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    reported: bool,
    #[serde(skip_serializing_if = "is_false")]
    repeated: bool,
    aal: Option<&'static str>,
    subject: Option<&'a str>,
    session: Option<&'a str>,
    cache: Option<&'static str>,
    whoami_ms: Option<f64>,
    upstream: Option<&'a str>,
    upstream_ms: Option<f64>,
    total_ms: f64,
    trace_id: Option<&'a str>,
    methods: Option<Vec<&'static str>>,
    authenticated_at: Option<Timestamp>,
    door: &'static str,
}
