//! A configuration in Kratos' own format, to [`Settings`].
//!
//! The same keys, defaults and refusals as Kratos where this program has the part; keys of parts
//! that it has not are accepted, and it says so at the start.

mod courier;
mod flow;
mod hook;
mod keys;
mod linked;
mod method;
mod oidc;
mod schema;
mod serve;
mod session;
mod tokenizer;
mod values;
mod variables;

use std::sync::Arc;

use serde_json::json;

use super::database::DatabaseUrl;
use crate::document::{Fields, Node, Problem, Reading};
use crate::identity::schema::Schemas;
use crate::identity::settings::{
    ClientSettings, CookieAttributes, Features, Hashers, Listener, MethodSettings, Secrets,
    SelfService, SessionSettings, Settings, Ui,
};
use crate::identity::throttle::ThrottleSettings;
use crate::store::Dsn;
use values::GoDuration;
pub(super) use variables::overrides as variables_of;

/// Who runs with the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The identity service by itself: what Kratos requires is required.
    Alone,
    /// The service within the gateway, which knows the public URL and the database; every key may
    /// be left out.
    Embedded {
        /// Whether a file in Kratos' format was given, such as a Kratos' own.
        in_file: bool,
    },
}

/// What was read, as far as it does not depend on the public URL.
#[derive(Clone, Debug)]
pub struct Draft {
    form: Form,
    dev: bool,
    public: Listener,
    admin: Listener,
    dsn: Option<Dsn>,
    self_service: SelfService,
    methods: MethodSettings,
    hashers: Hashers,
    schemas: Arc<Schemas>,
    session: SessionSettings,
    session_secure: Option<bool>,
    cookies: CookieAttributes,
    cookies_secure: Option<bool>,
    secrets: Secrets,
    hide_accounts: bool,
    clients: ClientSettings,
    features: Features,
    courier: courier::CourierDraft,
    notices: Vec<String>,
}

impl Draft {
    /// `serve.public.base_url` as written; empty when it is not there.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.public.base_url
    }

    /// What is accepted and has no effect here, a sentence each that names the key.
    #[must_use]
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// `dsn` as written.
    #[must_use]
    pub const fn dsn(&self) -> Option<&Dsn> {
        self.dsn.as_ref()
    }

    /// `secrets` as written.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// `session.cookie.name`
    #[must_use]
    pub fn session_cookie(&self) -> &str {
        &self.session.cookie_name
    }

    /// `session.cookie.domain`, or else `cookies.domain`.
    #[must_use]
    pub fn session_cookie_domain(&self) -> Option<&str> {
        self.session.cookie.domain.as_deref()
    }

    /// All places outside that a browser may be sent to after a flow, as written.
    pub fn return_urls(&self) -> impl Iterator<Item = &str> {
        self.self_service.return_urls()
    }

    /// The flows that people can be sent to and that have no page of their own written down.
    #[must_use]
    pub fn flows_without_page(&self) -> Vec<&'static str> {
        let flows = &self.self_service;
        let pages = [
            ("login", true, &flows.login.ui_url),
            (
                "registration",
                flows.registration.enabled,
                &flows.registration.flow.ui_url,
            ),
            ("settings", true, &flows.settings.flow.ui_url),
            (
                "recovery",
                flows.recovery.enabled,
                &flows.recovery.flow.ui_url,
            ),
            (
                "verification",
                flows.verification.enabled,
                &flows.verification.flow.ui_url,
            ),
            ("error", true, &flows.error_ui_url),
        ];
        let missing = pages
            .into_iter()
            .filter(|(_, on, url)| *on && url.is_empty());
        missing.map(|(name, ..)| name).collect()
    }

    /// The pages of the flows that are written down.
    pub fn written_pages(&self) -> impl Iterator<Item = &str> {
        self.self_service.pages().filter(|url| !url.is_empty())
    }

    /// The public URL of a service that runs by itself: `serve.public.base_url`, else made of
    /// host and port.
    #[must_use]
    pub fn own_url(&self) -> String {
        if !self.public.base_url.is_empty() {
            return self.public.base_url.clone();
        }
        let scheme = if self.dev { "http" } else { "https" };
        format!("{scheme}://{}:{}/", self.public.host, self.public.port)
    }

    /// How a service whose public URL is `public_url` sends mail.
    #[must_use]
    pub fn courier(&self, public_url: &str) -> crate::courier::Config {
        self.courier.settle(public_url)
    }

    /// The settings of a service whose public URL is `public_url`: what was left open is named
    /// after it (pages, the issuer in authenticator apps, the origin of security keys).
    #[must_use]
    pub fn settle(self, public_url: &str) -> Settings {
        let Self {
            form,
            dev,
            mut public,
            mut admin,
            dsn: _,
            mut self_service,
            mut methods,
            hashers,
            schemas,
            mut session,
            session_secure,
            mut cookies,
            cookies_secure,
            secrets,
            hide_accounts,
            clients,
            features,
            courier: _,
            notices,
        } = self;
        public_url.clone_into(&mut public.base_url);
        if admin.base_url.is_empty() {
            admin.base_url = format!("http://{}:{}/", admin.host, admin.port);
        }
        name_pages(&mut self_service, public_url);
        let parsed = url::Url::parse(public_url).ok();
        let host = parsed
            .as_ref()
            .and_then(url::Url::host_str)
            .unwrap_or_default();
        if methods.totp.issuer.is_empty() {
            host.clone_into(&mut methods.totp.issuer);
        }
        keys::settle_origins(&mut methods, public_url);
        let secure_by_default = match form {
            Form::Alone => !dev,
            Form::Embedded { .. } => !dev && public_url.starts_with("https:"),
        };
        cookies.secure = cookies_secure.unwrap_or(secure_by_default);
        session.cookie.secure = session_secure.unwrap_or(cookies.secure);
        Settings {
            dev,
            public,
            admin,
            self_service,
            methods,
            hashers,
            schemas,
            session,
            cookies,
            secrets,
            throttle: ThrottleSettings::default(),
            hide_accounts,
            clients,
            features,
            rotate_on_step_up: form != Form::Alone,
            ui: Ui::BuiltIn,
            notices,
        }
    }
}

/// Flows without a page of their own have the built-in ones below the public URL.
fn name_pages(self_service: &mut SelfService, public_url: &str) {
    let base = public_url.trim_end_matches('/');
    let pages = [
        (&mut self_service.login.ui_url, "login"),
        (&mut self_service.registration.flow.ui_url, "registration"),
        (&mut self_service.settings.flow.ui_url, "settings"),
        (&mut self_service.recovery.flow.ui_url, "recovery"),
        (&mut self_service.verification.flow.ui_url, "verification"),
        (&mut self_service.error_ui_url, "error"),
    ];
    for (ui_url, name) in pages {
        if ui_url.is_empty() {
            *ui_url = format!("{base}/{name}");
        }
    }
    if self_service.default_return_url.is_empty() {
        let root = url::Url::parse(public_url).and_then(|url| url.join("/"));
        self_service.default_return_url =
            root.map_or_else(|_| "/".to_owned(), |root| root.to_string());
    }
}

/// Reads the tree. Every problem is told in `reading`; `None` when something is missing that has
/// no default.
pub fn read(tree: &Node, form: Form, reading: &mut Reading) -> Option<Draft> {
    let problems_before = reading.problems.len();
    let mut notices = Vec::new();
    let mut root = Fields::open(tree, reading)?;
    let dev = root.or("dev", false);
    let dsn: Option<DatabaseUrl> = match form {
        Form::Alone => root.required("dsn"),
        Form::Embedded { .. } => root.get("dsn"),
    };
    let (public, admin) = root.within("serve", serve::read);
    let mut methods = MethodSettings::default();
    let self_service = root.within("selfservice", |section| {
        methods = section.within("methods", |all| method::read(all, &mut notices));
        flow::read(section, form, &mut notices)
    });
    let hashers = root.within("hashers", |section| method::read_hashers(section, dev));
    let schemas = root.within("identity", |section| schema::read(section, form));
    let (mut session, session_secure) = root.within("session", session::read);
    let (cookies, cookies_secure) = root.within("cookies", session::read_cookies);
    session.inherit(&cookies);
    let secrets = root.within("secrets", session::read_secrets);
    let hide_accounts = root.within("security", read_security);
    let clients = root.within("clients", hook::read_clients);
    let features = root.within("feature_flags", |section| {
        read_features(section, &mut notices)
    });
    let courier = root.within("courier", |section| courier::read(section, form));
    ignore(&mut root, &mut notices);
    root.close();
    if reading.problems.len() > problems_before {
        return None;
    }
    Some(Draft {
        form,
        dev,
        public,
        admin,
        dsn: dsn.map(|url| url.0),
        self_service,
        methods,
        hashers,
        schemas: Arc::new(schemas?),
        session: session.settings,
        session_secure,
        cookies,
        cookies_secure,
        secrets,
        hide_accounts,
        clients,
        features,
        courier,
        notices,
    })
}

/// Root keys of Kratos that this program has no part for.
fn ignore(root: &mut Fields<'_, '_>, notices: &mut Vec<String>) {
    // Without effect on what people see, so nothing is said of them.
    for key in [
        "version",
        "help",
        "sqa-opt-out",
        "watch-courier",
        "config",
        "revision",
        "log",
    ] {
        root.raw(key, json!({}));
    }
    for key in [
        "tracing",
        "database",
        "preview",
        "organizations",
        "enterprise",
        "expose-metrics-port",
        "oauth2_provider",
        "ciphers",
    ] {
        if root.raw(key, json!({})).is_some_and(|node| !node.is_null()) {
            notices.push(format!("`{key}` is accepted and has no effect"));
        }
    }
}

fn read_security(section: &mut Fields<'_, '_>) -> bool {
    let hide = section.within("account_enumeration", |inner| inner.or("mitigate", false));
    section.raw(
        "disallow_ref_in_identity_schemas",
        json!({"type": "boolean"}),
    );
    hide
}

fn read_features(section: &mut Fields<'_, '_>, notices: &mut Vec<String>) -> Features {
    let max_age = section.get::<GoDuration>("cacheable_sessions_max_age");
    let features = Features {
        cacheable_sessions: section.or("cacheable_sessions", false),
        cacheable_sessions_max_age: max_age.unwrap_or_default().0,
        faster_session_extend: section.or("faster_session_extend", false),
        use_continue_with_transitions: section.or("use_continue_with_transitions", false),
        choose_recovery_address: section.or("choose_recovery_address", false),
        legacy_require_verified_login_error: section
            .or("legacy_require_verified_login_error", false),
    };
    for key in [
        "legacy_continue_with_verification_ui",
        "legacy_oidc_registration_node_group",
        "legacy_allow_insecure_origins",
        "refresh_login_choose_address",
    ] {
        if section.or(key, false) {
            notices.push(format!(
                "`feature_flags.{key}` is accepted and has no effect"
            ));
        }
    }
    let group: Option<String> = section.get("password_profile_registration_node_group");
    if group.is_some_and(|group| group != "default") {
        let message = "`feature_flags.password_profile_registration_node_group` has no effect";
        notices.push(message.to_owned());
    }
    features
}

/// Tells a problem at a key of the section.
fn refuse(section: &mut Fields<'_, '_>, key: &str, message: &str, help: Option<&str>) {
    section.problem_at(key, "invalid_value", message, help);
}

/// Tells a problem at a node.
fn refuse_node(reading: &mut Reading, node: &Node, message: String) {
    reading.problem(Problem::at(&node.place, "invalid_value", message));
}

#[cfg(test)]
mod tests;
