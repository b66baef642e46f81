//! Where things are: the service's public URL and the pages of its user interface.

use std::sync::Arc;

use url::Url;
use url::form_urlencoded::{Serializer, parse};

use super::return_to::{OwnPlaces, ReturnList};
use crate::contract::FlowKind;
use crate::identity::settings::{Settings, Ui};
use crate::identity::{ErrorId, FlowId};

/// URLs of the service, built from its configuration and never from a request.
#[derive(Clone)]
pub struct Site {
    base: String,
    login_ui: String,
    registration_ui: String,
    settings_ui: String,
    recovery_ui: String,
    verification_ui: String,
    error_ui: String,
    default_return: String,
    built_in: bool,
    returns: Option<ReturnList>,
    own: Arc<dyn OwnPlaces>,
}

impl Site {
    /// Reads the URLs of the configuration. `own` knows where else people may come back to.
    #[must_use]
    pub fn new(settings: &Settings, own: Arc<dyn OwnPlaces>) -> Self {
        let base = settings.public_url().to_owned();
        let flows = &settings.self_service;
        let implied = format!("{base}/self-service");
        let sessions = format!("{base}/sessions");
        let own_pages = [
            &flows.login.ui_url,
            &flows.registration.flow.ui_url,
            &flows.settings.flow.ui_url,
            &sessions,
        ];
        // Pages that we serve ourselves are places that we hand out as `return_to`, and so are
        // those of a user interface that the operator calls theirs.
        let below = format!("{base}/");
        let external = settings.ui == Ui::External;
        let built_in = !external && flows.login.ui_url.starts_with(&below);
        let known_pages = own_pages
            .into_iter()
            .filter(|page| external || (built_in && page.starts_with(&below)))
            .map(String::as_str);
        let allowed = flows.allowed_return_urls.iter().map(String::as_str);
        let allowed = allowed.chain([implied.as_str()]).chain(known_pages);
        Self {
            returns: ReturnList::new(&flows.default_return_url, allowed),
            login_ui: flows.login.ui_url.clone(),
            registration_ui: flows.registration.flow.ui_url.clone(),
            settings_ui: flows.settings.flow.ui_url.clone(),
            recovery_ui: flows.recovery.flow.ui_url.clone(),
            verification_ui: flows.verification.flow.ui_url.clone(),
            error_ui: flows.error_ui_url.clone(),
            default_return: flows.default_return_url.clone(),
            built_in,
            base,
            own,
        }
    }

    /// The public URL, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where browsers go when nothing else says so.
    #[must_use]
    pub fn default_return(&self) -> &str {
        &self.default_return
    }

    /// The absolute form of a `return_to` that is allowed.
    #[must_use]
    pub fn allowed_return(&self, wanted: &str) -> Option<String> {
        self.returns.as_ref()?.check(wanted, &*self.own)
    }

    /// Where the form of a flow is posted to.
    #[must_use]
    pub fn submit_url(&self, kind: FlowKind, id: FlowId) -> String {
        format!("{}/self-service/{}?flow={id}", self.base, kind.as_str())
    }

    /// Where a flow is fetched.
    #[must_use]
    pub fn fetch_url(&self, kind: FlowKind, id: FlowId) -> String {
        format!("{}/self-service/{}/flows?id={id}", self.base, kind.as_str())
    }

    /// Where a mail leads: the flow with `name`, a code or token, in the URL.
    #[must_use]
    pub fn mail_link(&self, kind: FlowKind, id: FlowId, name: &str, secret: &str) -> String {
        let path = format!("{}/self-service/{}", self.base, kind.as_str());
        let id = id.to_string();
        let mut query = [("flow", id.as_str()), (name, secret)];
        query.sort_unstable();
        with_query(&path, &query)
    }

    /// Where a flow of this kind is opened.
    #[must_use]
    pub fn init_url(&self, kind: FlowKind, api: bool, query: &[(&str, &str)]) -> String {
        let client = if api { "api" } else { "browser" };
        let path = format!("{}/self-service/{}/{client}", self.base, kind.as_str());
        with_query(&path, query)
    }

    /// The second step of a login.
    #[must_use]
    pub fn second_factor_url(&self, return_to: Option<&str>) -> String {
        let mut query = vec![("aal", "aal2")];
        query.extend(return_to.map(|to| ("return_to", to)));
        self.init_url(FlowKind::Login, false, &query)
    }

    /// The page of a kind of flow, without a flow.
    #[must_use]
    pub fn ui(&self, kind: FlowKind) -> &str {
        match kind {
            FlowKind::Login => &self.login_ui,
            FlowKind::Registration => &self.registration_ui,
            FlowKind::Settings => &self.settings_ui,
            FlowKind::Recovery => &self.recovery_ui,
            FlowKind::Verification => &self.verification_ui,
        }
    }

    /// The page of this flow.
    #[must_use]
    pub fn ui_of(&self, kind: FlowKind, id: FlowId) -> String {
        merged(self.ui(kind), "flow", &id.to_string())
    }

    /// The page of this error.
    #[must_use]
    pub fn error_ui(&self, id: ErrorId) -> String {
        merged(&self.error_ui, "id", &id.to_string())
    }

    /// Where an identity schema can be read, by its encoded id.
    #[must_use]
    pub fn schema_url(&self, encoded_id: &str) -> String {
        format!("{}/schemas/{encoded_id}", self.base)
    }

    /// Whether the login page is ours, and not somebody's user interface.
    #[must_use]
    pub const fn has_own_pages(&self) -> bool {
        self.built_in
    }

    /// The origins that forms of this service are shown on.
    #[must_use]
    pub fn is_own_origin(&self, origin: &str) -> bool {
        let same = |url: &str| {
            Url::parse(url).is_ok_and(|url| url.origin().ascii_serialization() == origin)
        };
        [
            &self.base,
            &self.login_ui,
            &self.registration_ui,
            &self.settings_ui,
            &self.recovery_ui,
            &self.verification_ui,
        ]
        .into_iter()
        .any(|url| same(url))
    }
}

fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let mut written = Serializer::new(String::new());
    written.extend_pairs(query);
    format!("{path}?{}", written.finish())
}

/// `url` with one more parameter; all parameters sorted by name.
fn merged(url: &str, name: &str, value: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<(String, String)> = parse(query.as_bytes()).into_owned().collect();
    pairs.retain(|(key, _)| key != name);
    pairs.push((name.to_owned(), value.to_owned()));
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    let mut written = Serializer::new(String::new());
    written.extend_pairs(pairs);
    format!("{path}?{}", written.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_with_a_query_keeps_it_sorted() {
        assert_eq!(
            merged("https://ui/login?x=1", "flow", "2"),
            "https://ui/login?flow=2&x=1"
        );
        assert_eq!(
            merged("https://ui/login", "flow", "2"),
            "https://ui/login?flow=2"
        );
    }
}
