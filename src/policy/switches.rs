//! What a rule turns on and off.

use std::time::Duration;

/// The switches of a rule, each off unless the operator turns it on (`strict_paths`: on unless
/// turned off).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Requests that this rule's methods leave out may reach a wider public rule.
    pub fall_through: bool,
    /// A path that a lax application would read as another one must be allowed there too.
    pub strict_paths: bool,
    /// `//` is read as `/` instead of being refused.
    pub merge_slashes: bool,
    /// `%2F` is passed on instead of being refused.
    pub allow_encoded_slash: bool,
    /// `X-HTTP-Method-Override` and its kin reach the application.
    pub allow_method_override: bool,
    /// Script of the application may install a service worker although Stepgate's own pages live
    /// on the same host.
    pub allow_service_worker: bool,
    /// On a public rule: a valid session is looked up and told to the application, but never asked
    /// for.
    pub identify: bool,
    /// `mode: report_only`: what the rule refuses is told, and passes.
    pub report_only: bool,
    /// How long past its time what is known of a session may serve this rule while the identity
    /// service is out of reach; `None`: as long as the configuration allows, which a rule can only
    /// lower.
    pub serve_stale_when_down: Option<Duration>,
    /// A browser's unsafe request that is asked for more waits, body and all, until the person
    /// goes on with it.
    pub keep_body: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            fall_through: false,
            strict_paths: true,
            merge_slashes: false,
            allow_encoded_slash: false,
            allow_method_override: false,
            allow_service_worker: false,
            identify: false,
            report_only: false,
            serve_stale_when_down: None,
            keep_body: false,
        }
    }
}
