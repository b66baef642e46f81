//! What people see: HTML made on the server, one style sheet, one small script, no request to
//! another host.
//!
//! A door fills in a [`Page`], [`Pages::render`] turns it into [`Html`] in the person's language,
//! [`Pages::asset`] serves what the page links to. Everything works without JavaScript. Texts are
//! Fluent files in `locales/`, templates are compiled in from `templates/`.

mod asset;
mod codes;
mod flow;
mod form;
mod html;
mod mailbox;
mod mailed;
mod notice;
mod refusal;
mod resume;
mod sessions;
mod settings;
mod theme;
mod view;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use asset::{ASSET_PREFIX, Asset, Assets};
pub use flow::{Account, LoginPage, LoginStep, RegistrationPage};
pub use html::Html;
pub use mailbox::{MailRow, MailView, MailboxPage};
pub use mailed::{MailedKind, MailedPage, MailedStep};
pub use notice::{ErrorPage, LogoutPage};
pub use refusal::{Explanation, Keeping, Refusal};
pub use resume::{ResumeContent, ResumePage, ResumeRow, ResumeValue};
pub use sessions::{SessionRow, SessionsPage};
pub use settings::{Enrolment, SettingsPage};
pub use theme::{Accent, Theme};

use asset::Addresses;
use html::ContentPolicy;

use crate::locale::Texts;
pub use crate::locale::{Locale, TextError};

const ENGLISH: &str = include_str!("locales/en.ftl");
const GERMAN: &str = include_str!("locales/de.ftl");

/// How pages look and where their forms may lead.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Name, logo and colour of the operator.
    pub theme: Theme,
    /// Origins (`https://bank.example.com`, wildcards as `https://*.example.com`) that a form may
    /// be led on to after it was sent: the hosts that `return_to` may name. Our own is always
    /// allowed.
    pub form_targets: Vec<String>,
}

/// A page, as the door that answers knows it.
#[derive(Clone, Debug)]
pub enum Page {
    /// First factor, second factor, or the same again.
    Login(Box<LoginPage>),
    /// A new account.
    Registration(Box<RegistrationPage>),
    /// Getting back into an account, or showing that an address is one's own.
    Mailed(MailedPage),
    /// Profile, password, second factors.
    Settings(Box<SettingsPage>),
    /// Where the person is signed in.
    Sessions(SessionsPage),
    /// A question before signing out.
    Logout(LogoutPage),
    /// The demo's mailbox.
    Mailbox(MailboxPage),
    /// An error of a flow, kept by the identity service.
    Error(ErrorPage),
    /// A request that was not forwarded.
    Refusal(Refusal),
    /// A request that waited, before it is sent.
    Resume(Box<ResumePage>),
}

/// Renders pages. Made once, shared by the doors.
#[derive(Debug)]
pub struct Pages {
    theme: Theme,
    texts: Texts,
    assets: Assets,
    addresses: Addresses,
    policy: ContentPolicy,
    /// Of the page that sends what waited: the application may lead on to wherever it likes, as it
    /// may after its own form.
    onward_policy: ContentPolicy,
}

impl Pages {
    /// Reads the texts and prepares the assets.
    ///
    /// # Errors
    ///
    /// A text file that is compiled in is broken.
    pub fn new(config: Config) -> Result<Self, TextError> {
        let assets = Assets::new(&config.theme);
        Ok(Self {
            texts: Texts::load(ENGLISH, GERMAN)?,
            addresses: assets.addresses(),
            assets,
            onward_policy: ContentPolicy::new(
                &[&config.form_targets[..], &["https:".to_owned()]].concat(),
            ),
            policy: ContentPolicy::new(&config.form_targets),
            theme: config.theme,
        })
    }

    /// The page as HTML in the language of `locale`.
    #[must_use]
    pub fn render(&self, page: &Page, locale: Locale) -> Html {
        let shell = view::Shell {
            say: self.texts.say(locale),
            theme: &self.theme,
            addresses: &self.addresses,
        };
        let body = match page {
            Page::Login(page) => flow::render_login(shell, page),
            Page::Registration(page) => flow::render_registration(shell, page),
            Page::Mailed(page) => mailed::render(shell, page),
            Page::Settings(page) => settings::render(shell, page),
            Page::Sessions(page) => sessions::render(shell, page),
            Page::Logout(page) => notice::render_logout(shell, page),
            Page::Mailbox(page) => mailbox::render(shell, page),
            Page::Error(page) => notice::render_error(shell, page),
            Page::Refusal(page) => refusal::render(shell, page),
            Page::Resume(page) => {
                let body = resume::render(shell, page);
                return Html::new(body, &self.onward_policy, locale);
            }
        };
        Html::new(body, &self.policy, locale)
    }

    /// The asset at a request path below [`ASSET_PREFIX`], where there is one.
    #[must_use]
    pub fn asset(&self, path: &str) -> Option<&Asset> {
        self.assets.find(path)
    }
}
