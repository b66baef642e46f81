//! What a rule asks of query, headers and the client's network before it is about a request.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::holds::Holds;
use super::query::Query;
use super::{Networks, Request};

/// Conditions of a rule beside host, path and method. All must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Parameters by their decoded name.
    pub query: Vec<(Box<str>, Expected)>,
    /// Headers.
    pub headers: Vec<(HeaderName, Expected)>,
    /// Where the client is.
    pub networks: Option<Networks>,
}

/// What is expected of a query parameter or a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It is there, with whatever value.
    Present,
    /// It is not there.
    Absent,
    /// It is there, and every occurrence has this value.
    Exactly(Box<str>),
}

/// What conditions look at.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) query: Option<&'a str>,
    pub(super) headers: &'a HeaderMap,
    pub(super) client_ip: IpAddr,
}

impl<'a> Asked<'a> {
    pub(super) fn of(request: &'a Request, headers: &'a HeaderMap) -> Self {
        Self {
            query: request.query.as_deref(),
            headers,
            client_ip: request.client_ip,
        }
    }
}

/// One condition, for saying which one does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionName<'a> {
    /// `match.query`, of this parameter.
    Query(&'a str),
    /// `match.headers`, of this header.
    Header(&'a HeaderName),
    /// `match.networks`.
    Networks,
}

impl std::fmt::Display for ConditionName<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Query(name) => write!(f, "query parameter `{name}`"),
            Self::Header(name) => write!(f, "header `{name}`"),
            Self::Networks => f.write_str("the client's network"),
        }
    }
}

impl Conditions {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.query.is_empty() && self.headers.is_empty() && self.networks.is_none()
    }

    /// How many there are: each parameter, each header, and `networks` as one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.query.len() + self.headers.len() + usize::from(self.networks.is_some())
    }

    pub(super) fn hold(&self, asked: Asked<'_>) -> Holds {
        let each = self.each(asked);
        each.fold(Holds::Yes, |all, (_, holds)| all.and(holds))
    }

    /// The condition that does not hold; of several, the first that fails in every reading.
    pub(super) fn unmet<'s>(&'s self, asked: Asked<'s>) -> Option<ConditionName<'s>> {
        let first = |wanted| {
            let mut each = self.each(asked);
            each.find(|(_, holds)| *holds == wanted)
        };
        let found = first(Holds::No).or_else(|| first(Holds::Maybe))?;
        Some(found.0)
    }

    fn each<'s>(
        &'s self,
        asked: Asked<'s>,
    ) -> impl Iterator<Item = (ConditionName<'s>, Holds)> + 's {
        let networks = self.networks.iter().map(move |networks| {
            let holds = Holds::of(networks.contain(asked.client_ip));
            (ConditionName::Networks, holds)
        });
        let headers = self.headers.iter().map(move |(name, expected)| {
            let holds = expected.hold_in_header(name, asked.headers);
            (ConditionName::Header(name), holds)
        });
        let query = self.query.iter().map(move |(name, expected)| {
            let holds = Query(asked.query.unwrap_or_default()).holds(name, expected);
            (ConditionName::Query(name), holds)
        });
        networks.chain(headers).chain(query)
    }

    /// Whether these hold for every request that the others hold for.
    pub(super) fn cover(&self, others: &Self) -> bool {
        self.query
            .iter()
            .all(|(name, expected)| find(&others.query, name).is_some_and(|it| expected.covers(it)))
            && self.headers.iter().all(|(name, expected)| {
                find(&others.headers, name).is_some_and(|it| expected.covers(it))
            })
            && self.networks.iter().all(|networks| {
                let theirs = others.networks.as_ref();
                theirs.is_some_and(|theirs| networks.cover(theirs))
            })
    }

    /// Whether no request has both these and the others hold for sure.
    pub(super) fn exclude(&self, others: &Self) -> bool {
        self.query.iter().any(|(name, expected)| {
            find(&others.query, name).is_some_and(|it| expected.excludes(it))
        }) || self.headers.iter().any(|(name, expected)| {
            find(&others.headers, name).is_some_and(|it| expected.excludes(it))
        }) || self.networks.iter().any(|networks| {
            let theirs = others.networks.as_ref();
            theirs.is_some_and(|theirs| !networks.meet(theirs))
        })
    }
}

fn find<'a, N: PartialEq<M>, M: ?Sized>(
    list: &'a [(N, Expected)],
    name: &M,
) -> Option<&'a Expected> {
    list.iter()
        .find(|(other, _)| *other == *name)
        .map(|(_, expected)| expected)
}

impl Expected {
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Present, Self::Present | Self::Exactly(_)) => true,
            (Self::Absent | Self::Exactly(_), _) => self == other,
            (Self::Present, Self::Absent) => false,
        }
    }

    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Present | Self::Exactly(_))
            | (Self::Present | Self::Exactly(_), Self::Absent) => true,
            (Self::Exactly(one), Self::Exactly(two)) => one != two,
            (Self::Absent, Self::Absent)
            | (Self::Present, Self::Present | Self::Exactly(_))
            | (Self::Exactly(_), Self::Present) => false,
        }
    }

    /// What holds of values by this name (`own`), and by names that some programs take for it
    /// (`alike`). Each value says whether it is the expected one.
    pub(super) fn hold_for(&self, values: impl Iterator<Item = Occurrence>) -> Holds {
        let (mut own, mut alike) = (false, false);
        let (mut equal, mut other) = (false, false);
        for value in values {
            own |= value.own;
            alike |= !value.own;
            equal |= value.equal != Holds::No;
            other |= value.equal != Holds::Yes;
        }
        let present = match (own, alike) {
            (true, _) => Holds::Yes,
            (false, true) => Holds::Maybe,
            (false, false) => Holds::No,
        };
        match self {
            Self::Present => present,
            Self::Absent => present.not(),
            Self::Exactly(_) if own && equal && !other => Holds::Yes,
            Self::Exactly(_) if equal => Holds::Maybe,
            Self::Exactly(_) => Holds::No,
        }
    }

    /// Some programs fold `-`, `_` and `.` in header names, and some join lines.
    fn hold_in_header(&self, name: &HeaderName, headers: &HeaderMap) -> Holds {
        let lines = || headers.get_all(name).iter();
        let own = lines().map(|line| Occurrence {
            own: true,
            equal: self.is_value(line.as_bytes()),
        });
        let alike = headers.keys().filter(|other| are_alike(name, other));
        let alike = alike
            .flat_map(|other| headers.get_all(other))
            .map(|line| Occurrence {
                own: false,
                equal: self.is_value(line.as_bytes()),
            });
        let apart = self.hold_for(own.chain(alike));
        match self {
            Self::Exactly(text) if apart != Holds::Yes && lines().nth(1).is_some() => {
                let lines: Vec<&[u8]> = lines().map(HeaderValue::as_bytes).collect();
                let joined = [lines.join(&b", "[..]), lines.join(&b","[..])];
                let equal = joined.iter().any(|joined| **joined == *text.as_bytes());
                apart.or_read_as(Holds::of(equal))
            }
            Self::Exactly(_) | Self::Present | Self::Absent => apart,
        }
    }

    fn is_value(&self, value: &[u8]) -> Holds {
        match self {
            Self::Present | Self::Absent => Holds::No,
            Self::Exactly(text) => Holds::of(value == text.as_bytes()),
        }
    }
}

/// One value of a parameter or header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occurrence {
    /// It has the very name; else one that some programs take for it.
    pub(super) own: bool,
    /// Whether it is the expected value.
    pub(super) equal: Holds,
}

/// Whether two different names are one for programs that read headers as CGI does.
fn are_alike(name: &HeaderName, other: &HeaderName) -> bool {
    let fold = |byte: u8| match byte {
        b'_' | b'.' => b'-',
        byte => byte,
    };
    let (one, two) = (name.as_str(), other.as_str());
    one.len() == two.len() && one != two && one.bytes().map(fold).eq(two.bytes().map(fold))
}

#[cfg(test)]
#[path = "conditions_tests.rs"]
mod tests;
