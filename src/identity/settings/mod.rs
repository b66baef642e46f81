//! How the identity service behaves: the typed form of a configuration in Kratos' own format.
//!
//! Plain data; `config` reads the files. Defaults are Kratos' own where it has them, ours where
//! it leaves the matter open or where ours is stricter (hashing).

mod flow;
mod hook;
mod method;
mod oidc;
mod server;
mod tokenizer;
mod ui;

use std::sync::Arc;
use std::time::Duration;

pub use crate::keyring::Secrets;
pub use flow::{
    AfterFlow, AfterMethod, FlowSettings, LoginStyle, LogoutSettings, RecoverySettings,
    RegistrationSettings, RegistrationStyle, SelfService, SettingsFlowSettings, Strategy,
};
pub use hook::{ClientSettings, Hook, HookAnswer, HookAuth, WebHook};
pub use method::{
    Argon2Settings, BcryptSettings, CodeSettings, HasherAlgorithm, Hashers, LinkSettings,
    MethodSettings, PasskeySettings, PasswordSettings, TotpSettings, WebauthnSettings,
};
pub use oidc::{ClaimsSource, OidcProvider, OidcSettings, Pkce};
pub use server::{CookieAttributes, Cors, Listener, SameSite};
pub use tokenizer::{SubjectSource, TokenTemplate};

use super::schema::Schemas;
use super::throttle::ThrottleSettings;

/// The whole identity service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Development mode: cookies without `Secure`, details in errors.
    pub dev: bool,
    /// The public API; its `base_url` is the service's name for itself.
    pub public: Listener,
    /// The admin API.
    pub admin: Listener,
    /// The flows.
    pub self_service: SelfService,
    /// What people prove themselves with.
    pub methods: MethodSettings,
    /// How passwords are hashed.
    pub hashers: Hashers,
    /// Identity schemas, compiled.
    pub schemas: Arc<Schemas>,
    /// Sessions and their cookie.
    pub session: SessionSettings,
    /// Attributes of the other cookies.
    pub cookies: CookieAttributes,
    /// Secrets as configured; none given means that the store makes them.
    pub secrets: Secrets,
    /// Limits on guessing.
    pub throttle: ThrottleSettings,
    /// Whether answers hide that an account exists.
    pub hide_accounts: bool,
    /// How other services are called.
    pub clients: ClientSettings,
    /// Switches of Kratos' that change answers.
    pub features: Features,
    /// A browser session gets a new token at each completed factor.
    pub rotate_on_step_up: bool,
    /// Whose pages people see.
    pub ui: Ui,
    /// What was configured and has no effect in this version, as sentences for the log.
    pub notices: Vec<String>,
}

/// Whose pages people see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ui {
    /// Ours, for flows whose page is below the public URL.
    #[default]
    BuiltIn,
    /// The operator's, at the `ui_url` of each flow.
    External,
}

/// What whoami and the settings flow ask of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequiredAal {
    /// One factor is enough.
    Aal1,
    /// The highest level that the identity can reach.
    #[default]
    HighestAvailable,
}

impl RequiredAal {
    /// Reads the word of the configuration.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "aal1" => Some(Self::Aal1),
            "highest_available" => Some(Self::HighestAvailable),
            _ => None,
        }
    }
}

/// `session` of the configuration.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// How long a session lives after a login step.
    pub lifespan: Duration,
    /// How much of its life may be left when it is extended. Kratos' default is the lifespan.
    pub earliest_possible_extend: Duration,
    /// What whoami asks of a session.
    pub required_aal: RequiredAal,
    /// The cookie's name.
    pub cookie_name: String,
    /// The cookie's attributes, with `cookies` and `dev` taken into account.
    pub cookie: CookieAttributes,
    /// Whether the cookie outlives the browser.
    pub cookie_persistent: bool,
    /// What `whoami?tokenize_as=` makes of a session.
    pub tokenizer_templates: Vec<TokenTemplate>,
}

impl Default for SessionSettings {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        Self {
            lifespan: day,
            earliest_possible_extend: day,
            required_aal: RequiredAal::HighestAvailable,
            cookie_name: "ory_kratos_session".to_owned(),
            cookie: CookieAttributes::default(),
            cookie_persistent: true,
            tokenizer_templates: Vec::new(),
        }
    }
}

/// `feature_flags` of the configuration; all off by default.
#[derive(Clone, Debug, Default)]
pub struct Features {
    /// whoami says for how long its answer may be kept.
    pub cacheable_sessions: bool,
    /// The longest time it says; zero means the session's own life.
    pub cacheable_sessions_max_age: Duration,
    /// Extending a session answers 204 without a body.
    pub faster_session_extend: bool,
    /// Transitions of JSON clients go by `continue_with` in place of 422.
    pub use_continue_with_transitions: bool,
    /// Recovery lets people choose which of their addresses gets the code.
    pub choose_recovery_address: bool,
    /// Who has no verified address is told so in the login form, and no code is sent.
    pub legacy_require_verified_login_error: bool,
}

impl Settings {
    /// The public base URL without a trailing slash, for building links.
    #[must_use]
    pub fn public_url(&self) -> &str {
        self.public.base_url.trim_end_matches('/')
    }
}
