//! Making a gate.

use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderName;
use tokio::runtime::Handle;

use super::gate::{Gate, Parts};
use crate::authz::{self, Checker, IdentityBase, Strip};
use crate::clock::Clock;
use crate::document::Problems;
use crate::pages::{self, Pages};
use crate::policy::{RuleSet, Scheme};
use crate::rules::{self, RuleStore};
use crate::whoami::{self, External, HeaderSource, HttpIdentity, IdentityService, Resolver};

/// What a gate is made of. Begin with [`Gate::behind_kratos`] or [`Gate::asking`].
pub struct GateBuilder {
    identity: Identity,
    rules: Rules,
    answers: authz::Config,
    sessions: whoami::Config,
    session_cookie: Box<str>,
    scheme: Scheme,
    clock: Clock,
}

enum Identity {
    Kratos(Box<External>),
    Other(Box<str>, Arc<dyn IdentityService>),
}

enum Rules {
    Files(Vec<PathBuf>),
    Text(String, String),
}

/// A gate can't be made.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// A URL is none.
    #[error("`{0}` is no URL")]
    Url(String),
    /// The rules are wrong; each problem says where.
    #[error("the rules are not valid:\n{}", crate::document::to_text(.0, crate::document::Rendering::Plain))]
    Rules(Problems),
    /// A rule asks for what only the proxy does.
    #[error("rule `{rule}` changes requests or answers on the way, which only the proxy does")]
    Handling {
        /// The rule.
        rule: String,
    },
    /// A header's value is no path into the session.
    #[error("`{0}` is no path into the session; write one such as session.identity.id")]
    Header(String),
    /// The system's trusted certificates can't be read.
    #[error(transparent)]
    Identity(#[from] whoami::NotUsable),
    /// The pages' texts are broken.
    #[error(transparent)]
    Pages(#[from] pages::TextError),
}

impl GateBuilder {
    pub(super) fn behind_kratos(public_url: &str) -> Result<Self, GateError> {
        let external =
            External::at(public_url).map_err(|_| GateError::Url(public_url.to_owned()))?;
        let base = IdentityBase::Url(public_url.trim_end_matches('/').into());
        let cookie = external.session_cookie.clone();
        Ok(Self::new(
            Identity::Kratos(Box::new(external)),
            base,
            cookie,
        ))
    }

    pub(super) fn asking(name: &str, service: Arc<dyn IdentityService>, browser_url: &str) -> Self {
        let base = IdentityBase::Url(browser_url.trim_end_matches('/').into());
        let identity = Identity::Other(name.into(), service);
        Self::new(identity, base, "ory_kratos_session".into())
    }

    fn new(identity: Identity, base: IdentityBase, session_cookie: Box<str>) -> Self {
        Self {
            identity,
            rules: Rules::Files(vec![PathBuf::from("rules/")]),
            answers: authz::Config {
                identity: base,
                ..authz::Config::default()
            },
            sessions: whoami::Config::default(),
            session_cookie,
            scheme: Scheme::Http,
            clock: Clock::system(),
        }
    }

    /// Rule files, and folders of them; `rules/` unless told otherwise. Rules need no `upstream`.
    #[must_use]
    pub fn rules(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.rules = Rules::Files(paths.into_iter().collect());
        self
    }

    /// One text as if it were the only rule file; `name` stands in its problems.
    #[must_use]
    pub fn rules_text(mut self, name: &str, text: &str) -> Self {
        self.rules = Rules::Text(name.to_owned(), text.to_owned());
        self
    }

    /// Where people reach the service: people come back there after signing in, and its scheme is
    /// that of every request.
    #[must_use]
    pub fn public_url(mut self, url: &str) -> Self {
        let url = url.trim_end_matches('/');
        if url.starts_with("https://") {
            self.scheme = Scheme::Https;
        }
        self.answers.public_url = Some(url.into());
        self
    }

    /// Where people are sent to sign in, when that is not where sessions are checked.
    #[must_use]
    pub fn browser_url(mut self, url: &str) -> Self {
        self.answers.identity = IdentityBase::Url(url.trim_end_matches('/').into());
        self
    }

    /// The name of the session cookie; `ory_kratos_session` unless told otherwise.
    #[must_use]
    pub fn session_cookie(mut self, name: &str) -> Self {
        self.session_cookie = name.into();
        self
    }

    /// Hosts that people may be sent back to besides those that rules name.
    #[must_use]
    pub fn return_to_hosts(mut self, hosts: impl IntoIterator<Item = String>) -> Self {
        let hosts = hosts.into_iter().map(String::into_boxed_str);
        self.answers.return_to_hosts = hosts.collect();
        self
    }

    /// A header that the service gets, with a value from the session such as
    /// `session.identity.traits.email`. What clients send under its name is removed.
    ///
    /// # Errors
    /// The value is no path into the session.
    pub fn identity_header(mut self, name: HeaderName, value: &str) -> Result<Self, GateError> {
        let source =
            HeaderSource::parse(value).ok_or_else(|| GateError::Header(value.to_owned()))?;
        self.sessions.identity_headers.push((name, source));
        Ok(self)
    }

    /// Life of cached sessions and limits on questions.
    #[must_use]
    pub fn sessions(mut self, change: impl FnOnce(&mut whoami::Config)) -> Self {
        change(&mut self.sessions);
        self
    }

    /// Another clock than the system's, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the gate. Questions to the identity service run on `runtime`.
    ///
    /// # Errors
    /// The rules are wrong, or ask for what only the proxy does.
    pub fn start(self, runtime: Handle) -> Result<Gate, GateError> {
        let rules = self.load()?;
        for rule in rules.rules() {
            if !rule.only_judges() {
                let rule = rule.id().to_string();
                return Err(GateError::Handling { rule });
            }
        }
        let (name, service): (Box<str>, Arc<dyn IdentityService>) = match self.identity {
            Identity::Kratos(external) => {
                let name = external.public_url.to_string().into();
                let mut external = *external;
                external.session_cookie.clone_from(&self.session_cookie);
                let service = HttpIdentity::new(external, self.clock.clone())?;
                (name, Arc::new(service))
            }
            Identity::Other(name, service) => (name, service),
        };
        let names: Vec<HeaderName> = self
            .sessions
            .identity_headers
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let strip = Strip::new(names.iter().map(HeaderName::as_str));
        let resolver = Resolver::new(self.sessions, &name, service, runtime, self.clock.clone());
        let store = Arc::new(RuleStore::new(rules, self.clock.wall()));
        let checker = Checker::new(store, resolver, self.answers, self.clock);
        Ok(Gate::new(Parts {
            checker,
            pages: Pages::new(pages::Config::default())?,
            strip,
            session_cookie: self.session_cookie,
            scheme: self.scheme,
        }))
    }

    fn load(&self) -> Result<RuleSet, GateError> {
        let context = rules::Context {
            needs_upstreams: false,
            ..rules::Context::default()
        };
        match &self.rules {
            Rules::Files(paths) => rules::load(paths, &context),
            Rules::Text(name, text) => rules::compile(name, text, &context),
        }
        .map_err(GateError::Rules)
    }
}
