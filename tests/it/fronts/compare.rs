//! What came of a request, so that two ways to the same application can be compared.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::case::{Case, Want};
use super::world::World;
use crate::support::client::{Connection, Response};
use crate::support::server::Message;

/// Where a front may differ from the proxy itself, and why it can't do otherwise. Nothing here lets
/// a request through that the proxy refuses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// The case's name.
    pub(crate) case: &'static str,
    pub(crate) allow: Allow,
    /// Why, for who reads the list.
    #[allow(dead_code, reason = "every allowance says why")]
    pub(crate) because: &'static str,
}

impl Allowance {
    /// The front ends the stream of this case.
    pub(crate) const fn reset(case: &'static str, because: &'static str) -> Self {
        let allow = Allow::Reset;
        Self {
            case,
            allow,
            because,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Allow {
    /// The front refuses by this status what the proxy refuses otherwise, or lets through after
    /// removing something.
    RefusedBy(u16),
    /// The front ends the stream instead of answering it.
    #[allow(dead_code, reason = "not every machine has a front that needs it")]
    Reset,
    /// The application gets this header, or not, as the front likes: it says nothing about who
    /// asks.
    #[allow(dead_code, reason = "not every machine has a front that needs it")]
    Header(&'static str),
    /// The front hands on this target, and asked about it.
    Target(&'static str),
}

/// The fault of a front that says nothing.
const NO_ANSWER: &str = "no answer";

/// What a client and the application saw of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) challenges: Vec<String>,
    /// The names of the cookies that the answer sets.
    pub(super) cookies: Vec<String>,
    pub(super) retry_after: bool,
    /// `error.id` of the JSON, empty for anything else.
    pub(super) error_id: String,
    pub(super) content_type: String,
    /// What the WebSocket answered.
    pub(super) shouted: String,
    pub(super) reached: Option<Reached>,
    /// What must not be in any answer.
    pub(super) faults: Vec<String>,
}

/// What the application saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) body: String,
    /// All headers but those of the connection, names in lower case.
    pub(super) headers: BTreeMap<String, Vec<String>>,
}

/// Headers that depend on who carries the request, not on whose it is.
const OF_THE_WAY: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "forwarded",
    "host",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-server",
    "x-real-ip",
    "x-request-id",
];

/// Sends the case's request to `address`, and looks at what came of it.
pub(super) fn observe(case: &Case, round: usize, address: SocketAddr, world: &World) -> Seen {
    observe_by(case, world, |cookies| {
        let mut connection = Connection::open_from(case.from, address);
        connection.send(case.bytes(round, cookies));
        let answer = connection.receive(case.method == "HEAD")?;
        let shouted = if answer.status == 101 {
            connection.send("hello");
            String::from_utf8_lossy(&connection.read(5)).into_owned()
        } else {
            String::new()
        };
        Some((answer, shouted))
    })
}

/// Looks at what comes of a request that `ask` sends, with the cookies that earlier answers set; it
/// gives the answer, and what a WebSocket answered.
pub(super) fn observe_by(
    case: &Case,
    world: &World,
    ask: impl Fn(&[String]) -> Option<(Response, String)>,
) -> Seen {
    let mut cookies = Vec::new();
    let mut seen = Seen::default();
    for _ in 0..case.times {
        world.application.take();
        let answered = ask(&cookies);
        let reached = reached(case, &world.application.take());
        let Some((answer, shouted)) = answered else {
            let faults = vec![NO_ANSWER.to_owned()];
            return Seen {
                reached,
                faults,
                ..Seen::default()
            };
        };
        seen = Seen {
            shouted,
            reached,
            ..Seen::of(&answer)
        };
        cookies = set_cookies(&answer);
    }
    seen
}

fn reached(case: &Case, requests: &[Message]) -> Option<Reached> {
    assert!(
        requests.len() <= 1,
        "{}: asked twice: {requests:?}",
        case.name
    );
    let request = requests.first()?;
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in request.fields() {
        // No case sends a forged value that anybody may hand on.
        assert!(!value.contains("forged"), "{}: {name}: {value}", case.name);
        let name = name.to_ascii_lowercase();
        // An empty header says as much as none: some fronts can't take one out.
        if !OF_THE_WAY.contains(&name.as_str()) && !value.is_empty() {
            let value = match name.as_str() {
                // Some say so of a WebSocket.
                "x-forwarded-proto" => value.replace("ws", "http"),
                _ => value.to_owned(),
            };
            headers.entry(name).or_default().push(value);
        }
    }
    Some(Reached {
        method: request.method().to_owned(),
        target: request.target().to_owned(),
        body: request.text(),
        headers,
    })
}

fn set_cookies(answer: &Response) -> Vec<String> {
    let lines = answer.headers("set-cookie");
    let pair = |line: &&str| line.split(';').next().unwrap_or_default().to_owned();
    lines.iter().map(pair).collect()
}

impl Seen {
    fn of(answer: &Response) -> Self {
        let json: Option<serde_json::Value> = serde_json::from_slice(&answer.body).ok();
        let id = json.and_then(|json| json["error"]["id"].as_str().map(str::to_owned));
        let name = |cookie: &String| cookie.split('=').next().unwrap_or_default().to_owned();
        let kind = answer.header("content-type").unwrap_or_default();
        let mut challenges: Vec<String> = answer
            .headers("www-authenticate")
            .into_iter()
            .map(str::to_owned)
            .collect();
        challenges.sort();
        Self {
            status: answer.status,
            location: answer.header("location").map(str::to_owned),
            challenges,
            cookies: set_cookies(answer).iter().map(name).collect(),
            retry_after: answer.header("retry-after").is_some(),
            error_id: id.unwrap_or_default(),
            content_type: kind.split(';').next().unwrap_or_default().to_owned(),
            ..Self::default()
        }
    }

    /// Whether it is what the case wants; `Err` says what is wrong.
    pub(super) fn is(&self, want: &Want) -> Result<(), String> {
        if let Some(fault) = self.faults.first() {
            return Err(fault.clone());
        }
        let right = match want {
            Want::Reached(target, headers) => {
                let reached = self.reached.as_ref().ok_or("the application got nothing")?;
                for (name, value) in headers {
                    let got = reached.headers.get(*name).map(|all| all.join(" and "));
                    if got.as_deref().unwrap_or_default() != *value {
                        return Err(format!("the application got {name}: {got:?}"));
                    }
                }
                self.status == 200 && same_target(target, &reached.target)
            }
            Want::Socket => self.status == 101 && self.shouted == "HELLO",
            Want::Refused(status, id) => {
                self.reached.is_none() && self.status == *status && self.error_id == *id
            }
            Want::Own(status) => self.reached.is_none() && self.status == *status,
            Want::Sent(to) => {
                let location = self.location.as_deref().unwrap_or_default();
                self.reached.is_none() && self.status == 303 && location.contains(to)
            }
        };
        if right {
            Ok(())
        } else {
            Err("not as wanted".into())
        }
    }

    /// Whether a front led to the same as the proxy did, but for what it is allowed.
    pub(super) fn is_as(&self, proxy: &Self, allowed: &[Allow]) -> bool {
        let refused = allowed.iter().any(|it| match it {
            Allow::RefusedBy(status) => *status == self.status && (400..600).contains(status),
            Allow::Reset => self.faults == [NO_ANSWER],
            Allow::Header(_) | Allow::Target(_) => false,
        });
        if refused && self.reached.is_none() {
            return true;
        }
        // Bytes that are no HTTP at all get a bare 400 of whoever reads them first.
        if proxy.status == 400 && proxy.content_type.is_empty() {
            return self.reached.is_none() && (400..500).contains(&self.status);
        }
        let (mut front, mut own) = (self.clone(), proxy.clone());
        let (Some(left), Some(right)) = (&mut front.reached, &mut own.reached) else {
            return front == own;
        };
        if same_target(&left.target, &right.target) {
            left.target.clone_from(&right.target);
        }
        for allow in allowed {
            match allow {
                Allow::RefusedBy(_) | Allow::Reset => {}
                Allow::Header(name) => {
                    left.headers.remove(*name);
                    right.headers.remove(*name);
                }
                Allow::Target(target) if left.target == *target => {
                    right.target.clone_from(&left.target);
                }
                Allow::Target(_) => {}
            }
        }
        front == own
    }
}

/// Equal but for unreserved characters that are encoded in one of them, and the case of digits: the
/// proxy hands on the canonical spelling, and a decision can't change what the front hands on.
fn same_target(left: &str, right: &str) -> bool {
    canonical(left) == canonical(right)
}

fn canonical(target: &str) -> String {
    let mut pieces = target.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.get(..2).unwrap_or_default();
        let byte = u8::from_str_radix(digits, 16).map(char::from);
        match byte {
            Ok(code) if code.is_ascii_alphanumeric() || "-._~".contains(code) => text.push(code),
            _ => text.push_str(&format!("%{}", digits.to_ascii_uppercase())),
        }
        text.push_str(piece.get(2..).unwrap_or_default());
    }
    text
}
