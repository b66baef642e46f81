//! Rules, requests and subjects for tests.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::Method;
use jiff::Timestamp;

use super::*;
use crate::aal::{Aal, AuthenticationMethod};

/// A rule for `path` on any host that asks for `required_aal`.
pub(crate) fn rule(id: &str, path: &str, required_aal: RequiredAal) -> RuleParts {
    RuleParts {
        id: RuleId::new(id),
        location: Location {
            file: Arc::from("rules/test.yaml"),
            line: 1,
            column: 1,
        },
        matcher: Matcher {
            hosts: vec![HostPattern::Any],
            paths: vec![PathPattern::parse(path).unwrap()],
            path_regexes: Vec::new(),
            methods: Methods::ALL,
            conditions: None,
            priority: 0,
        },
        requirement: Requirement::level(required_aal),
        target: Target::Upstream(UpstreamIndex(0)),
        handling: Handling::default(),
        reason: None,
        limits: None,
        switches: Switches::default(),
    }
}

impl RuleParts {
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.matcher.hosts = vec![HostPattern::parse(host).unwrap()];
        self
    }

    pub(crate) fn methods(mut self, methods: &[&str]) -> Self {
        self.matcher.methods = Methods::only(methods.iter().map(|name| method(name)).collect());
        self
    }

    pub(crate) fn priority(mut self, priority: i32) -> Self {
        self.matcher.priority = priority;
        self
    }

    pub(crate) fn switched(mut self, set: impl FnOnce(&mut Switches)) -> Self {
        set(&mut self.switches);
        self
    }
}

pub(crate) fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap()
}

pub(crate) fn set(rules: Vec<RuleParts>) -> Arc<RuleSet> {
    Arc::new(RuleSet::build(rules, Vec::new()).unwrap())
}

/// `http://HOST/TARGET` with `GET`.
pub(crate) fn get(host: &str, target: &str) -> Request {
    request("GET", host, target).unwrap()
}

pub(crate) fn request(name: &str, host: &str, target: &str) -> Result<Request, AmbiguousRequest> {
    let (host, port) = Host::parse_authority(host, Scheme::Http)?;
    let (path, query) = Request::parse_target(target)?;
    Ok(Request {
        method: method(name),
        scheme: Scheme::Http,
        host,
        port,
        path,
        query,
        client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
    })
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A session at `aal` whose first factor was proved at second `first`, and its second factor, if
/// any, at second `second`. It ends at second 1,000,000.
pub(crate) fn subject(aal: Aal, first: i64, second: Option<i64>, known: SecondFactor) -> Subject {
    let mut completions = vec![Completion {
        method: AuthenticationMethod::Password,
        aal: Aal::Aal1,
        completed_at: at(first),
    }];
    completions.extend(second.map(|second| Completion {
        method: AuthenticationMethod::Totp,
        aal: Aal::Aal2,
        completed_at: at(second),
    }));
    Subject {
        session_id: "session".into(),
        identity_id: "identity".into(),
        aal,
        authenticated_at: at(second.unwrap_or(first).max(first)),
        expires_at: at(1_000_000),
        completions,
        second_factor: known,
        document: None,
    }
}
