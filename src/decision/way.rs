//! What a rule changes on the way beside the headers of the request, for a proxy in front that can
//! be told to.

use http::header::VARY;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::decider::Decider;
use crate::authz::Forward;
use crate::policy::{AmbiguousRequest, HostRewrite, Seen};
use crate::whoami::Record;

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The request and its answer as they go on.
#[derive(Debug, Default)]
pub struct Way {
    /// Path and query, as Stepgate's own proxy would send them.
    pub target: String,
    /// The host: canonical, or the one that the rule names.
    pub host: Option<HeaderValue>,
    /// Parameters that the rule takes out of the query; `target` is without them already.
    pub removed_parameters: Vec<String>,
    /// What the application learns of the way so far.
    pub told: HeaderMap,
    /// Headers that the rule sets on the application's answer.
    pub answer: HeaderMap,
}

impl Decider {
    /// Works it out. `headers` are the request's own.
    pub(super) fn way(
        &self,
        forward: &Forward,
        headers: &HeaderMap,
    ) -> Result<Way, AmbiguousRequest> {
        let permit = &forward.permit;
        let request = permit.request();
        let mut target = permit.path()?.into_owned();
        let query = permit.query();
        if let Some(query) = &query {
            target.push('?');
            target.push_str(query);
        }
        let own_host = HeaderValue::try_from(request.authority()).ok();
        let mut told = HeaderMap::with_capacity(2);
        if let Some(host) = &own_host {
            told.insert(X_FORWARDED_HOST, host.clone());
        }
        let mut way = Way {
            target,
            host: own_host,
            told,
            ..Way::default()
        };
        let Some(changes) = permit.rule().handling().changes() else {
            return Ok(way);
        };
        if let Some(rewrite) = &changes.rewrite {
            match &rewrite.host {
                // The proxy in front chooses the endpoint.
                HostRewrite::Preserve | HostRewrite::Upstream => {}
                HostRewrite::Name(host) => way.host = Some(host.clone()),
            }
            let prefix = rewrite.strip_prefix.as_deref().map(HeaderValue::from_str);
            if let Some(Ok(prefix)) = prefix {
                way.told.insert(X_FORWARDED_PREFIX, prefix);
            }
            if query.as_deref() != request.query.as_deref() {
                let names = rewrite.remove_query.iter();
                way.removed_parameters = names.map(|name| name.to_string()).collect();
            }
        }
        let seen = Seen { request, headers };
        let subject = forward.facts.session.as_deref().map(Record::subject);
        let values = changes
            .response_headers
            .values(subject, seen, self.clock.wall());
        for (name, value) in values {
            way.answer.append(name, value);
        }
        if let Some(cors) = &changes.cors {
            let grant = cors.grant(headers);
            way.answer.extend(grant.headers);
            if grant.varies {
                way.answer.insert(VARY, HeaderValue::from_static("Origin"));
            }
        }
        Ok(way)
    }
}
