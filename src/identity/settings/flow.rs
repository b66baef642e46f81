//! `selfservice` of the configuration: the flows.

use std::time::Duration;

use super::{Hook, RequiredAal};

/// One hour, the life of every flow unless configured.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// All flows and where they lead.
#[derive(Clone, Debug)]
pub struct SelfService {
    /// Where browsers go when nothing else says so.
    pub default_return_url: String,
    /// Where `return_to` may lead, as written: absolute URLs, the host possibly `*.domain`.
    pub allowed_return_urls: Vec<String>,
    /// Signing in.
    pub login: FlowSettings,
    /// How the sign-in form is laid out.
    pub login_style: LoginStyle,
    /// Signing up.
    pub registration: RegistrationSettings,
    /// Changing one's own account.
    pub settings: SettingsFlowSettings,
    /// Getting back into an account.
    pub recovery: RecoverySettings,
    /// Showing that an address is one's own.
    pub verification: RecoverySettings,
    /// Signing out.
    pub logout: LogoutSettings,
    /// The page that explains errors.
    pub error_ui_url: String,
}

impl SelfService {
    /// The pages of all flows, and of errors.
    pub fn pages(&self) -> impl Iterator<Item = &str> {
        let pages = [
            &self.login.ui_url,
            &self.registration.flow.ui_url,
            &self.settings.flow.ui_url,
            &self.recovery.flow.ui_url,
            &self.verification.flow.ui_url,
            &self.error_ui_url,
        ];
        pages.into_iter().map(String::as_str)
    }

    /// All places outside that a browser may be sent to after a flow, as written.
    pub fn return_urls(&self) -> impl Iterator<Item = &str> {
        let after = [
            &self.login.after,
            &self.registration.flow.after,
            &self.settings.flow.after,
            &self.recovery.flow.after,
            &self.verification.flow.after,
        ];
        let after = after.into_iter().flat_map(AfterFlow::return_urls);
        let allowed = self.allowed_return_urls.iter().map(String::as_str);
        let logout = self.logout.return_url.as_deref();
        let default = Some(self.default_return_url.as_str());
        allowed.chain(after).chain(logout).chain(default)
    }
}

/// What every flow has.
#[derive(Clone, Debug, Default)]
pub struct FlowSettings {
    /// The page that shows the flow; may carry a query.
    pub ui_url: String,
    /// How long a flow lives.
    pub lifespan: Duration,
    /// Hooks before the flow begins.
    pub before: Vec<Hook>,
    /// What follows success.
    pub after: AfterFlow,
}

impl FlowSettings {
    /// Settings with this page and defaults otherwise.
    #[must_use]
    pub fn with_page(ui_url: impl Into<String>) -> Self {
        Self {
            ui_url: ui_url.into(),
            lifespan: HOUR,
            before: Vec::new(),
            after: AfterFlow::default(),
        }
    }
}

/// `after` of a flow: what follows success, in general and by method.
#[derive(Clone, Debug, Default)]
pub struct AfterFlow {
    /// Where browsers go.
    pub return_url: Option<String>,
    /// What is done, unless the method has a list of its own.
    pub hooks: Vec<Hook>,
    /// By method's wire name (`password`, `totp`, `profile`, ..).
    pub by_method: Vec<(String, AfterMethod)>,
}

/// `after.<method>` of a flow.
#[derive(Clone, Debug, Default)]
pub struct AfterMethod {
    /// Where browsers go.
    pub return_url: Option<String>,
    /// What is done; `None` leaves it to the general list, a list replaces that one.
    pub hooks: Option<Vec<Hook>>,
}

impl AfterFlow {
    fn of(&self, method: &str) -> Option<&AfterMethod> {
        let found = self.by_method.iter().find(|(name, _)| name == method);
        found.map(|(_, after)| after)
    }

    fn return_urls(&self) -> impl Iterator<Item = &str> {
        let methods = self.by_method.iter();
        let methods = methods.filter_map(|(_, after)| after.return_url.as_deref());
        methods.chain(self.return_url.as_deref())
    }

    /// The hooks that run after success with `method`.
    #[must_use]
    pub fn hooks_for(&self, method: &str) -> &[Hook] {
        self.of(method)
            .and_then(|after| after.hooks.as_deref())
            .unwrap_or(&self.hooks)
    }

    /// Where browsers go after success with `method`, if configured.
    #[must_use]
    pub fn return_url_for(&self, method: &str) -> Option<&str> {
        self.of(method)
            .and_then(|after| after.return_url.as_deref())
            .or(self.return_url.as_deref())
    }
}

/// `login.style`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginStyle {
    /// One form with everything.
    #[default]
    Unified,
    /// The identifier first, then its methods.
    IdentifierFirst,
}

/// `registration.style`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationStyle {
    /// One form.
    Unified,
    /// Traits first, then the credential.
    #[default]
    ProfileFirst,
}

/// Signing up.
#[derive(Clone, Debug)]
pub struct RegistrationSettings {
    /// Whether people may sign up.
    pub enabled: bool,
    /// What every flow has.
    pub flow: FlowSettings,
    /// One form or two (`enable_legacy_one_step` makes it one).
    pub style: RegistrationStyle,
    /// Whether a taken identifier's answer tells how its owner signs in.
    pub login_hints: bool,
}

/// Changing one's own account.
#[derive(Clone, Debug)]
pub struct SettingsFlowSettings {
    /// What every flow has.
    pub flow: FlowSettings,
    /// How old the last completed step may be for sensitive changes.
    pub privileged_session_max_age: Duration,
    /// What the flow asks of a session.
    pub required_aal: RequiredAal,
}

/// `use` of recovery and verification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// A code to type.
    #[default]
    Code,
    /// A link to open.
    Link,
}

/// Recovery or verification.
#[derive(Clone, Debug)]
pub struct RecoverySettings {
    /// Whether the flow exists.
    pub enabled: bool,
    /// What every flow has.
    pub flow: FlowSettings,
    /// By code or link.
    pub strategy: Strategy,
    /// Whether strangers' addresses get a mail that says so.
    pub notify_unknown_recipients: bool,
}

/// Signing out.
#[derive(Clone, Debug, Default)]
pub struct LogoutSettings {
    /// Where browsers go afterwards.
    pub return_url: Option<String>,
    /// Whether the browser is told to clear what it keeps of the host.
    pub clear_browser_data: bool,
}
