//! Login and registration.

use askama::Template;

use super::form::{self, FormMaker};
use super::view::{self, FormView, Frame, LinkView, Shell};
use crate::contract::{NodeGroup, Ui};
use crate::locale::Say;

/// Who is signed in, and the way out.
#[derive(Clone, Debug)]
pub struct Account {
    /// The name that the person knows: an address, a user name.
    pub name: String,
    /// Where to sign out.
    pub logout_url: String,
}

/// Which part of logging in this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginStep {
    /// Nobody is known yet.
    First,
    /// A known person proves it once more with the first factor.
    FirstAgain,
    /// A known person adds a second factor.
    Second,
    /// A known person proves it once more with the second factor.
    SecondAgain,
}

/// The login page.
#[derive(Clone, Debug)]
pub struct LoginPage {
    /// The flow's form.
    pub form: Ui,
    /// Which step.
    pub step: LoginStep,
    /// The known person.
    pub account: Option<Account>,
    /// The `reason` of the rule that asks for it, in the operator's words.
    pub purpose: Option<String>,
    /// Where to make an account; `None` where that is switched off.
    pub registration_url: Option<String>,
    /// Where to get in without the password; `None` where that is switched off.
    pub recovery_url: Option<String>,
    /// The second factor that the person used last, by its method.
    pub preferred: Option<String>,
    /// Where to set up a second factor.
    pub settings_url: Option<String>,
}

/// The registration page.
#[derive(Clone, Debug)]
pub struct RegistrationPage {
    /// The flow's form.
    pub form: Ui,
    /// Where to log in instead.
    pub login_url: String,
}

/// Kratos' messages that the login page says in its own words: "please confirm" and "please do
/// the second step".
const TOLD_BY_LOGIN: [u32; 4] = [1_010_003, 1_010_004, 1_010_014, 1_010_025];

/// "Now choose a password."
const CHOOSE_CREDENTIALS: u32 = 1_040_009;
/// "A code was sent to you."
const SIGN_UP_CODE_SENT: u32 = 1_040_005;

#[derive(Template)]
#[template(path = "flow.html")]
pub(super) struct FlowTemplate<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) lead: String,
    pub(super) purpose: Option<&'a str>,
    pub(super) main: Option<FormView>,
    /// Sends what was sent once more.
    pub(super) again: Option<FormView>,
    pub(super) others: Vec<OtherWay>,
    /// What to do where there is no form.
    pub(super) way_out: Option<LinkView>,
    pub(super) links: Vec<LinkView>,
}

/// Another method than the one that is open.
pub(super) struct OtherWay {
    summary: String,
    form: FormView,
    open: bool,
}

pub(super) fn render_login(shell: Shell<'_>, page: &LoginPage) -> String {
    let say = shell.say;
    let maker = FormMaker {
        say,
        form: &page.form,
        new_password: false,
    };
    let second = matches!(page.step, LoginStep::Second | LoginStep::SecondAgain);
    let mut frame = Frame::new(shell, say.text(login_title(page.step)).into_owned());
    frame.account = page.account.as_ref();
    frame.alerts = form::alerts(say, &page.form, &TOLD_BY_LOGIN);
    let again = maker.resend_form();
    let mut groups = maker.groups();
    if second {
        let preferred = page.preferred.as_deref();
        groups.sort_by_key(|group| Some(form::group_name(*group)) != preferred);
    }
    let (mut main, mut others) = (None, Vec::new());
    if !second {
        main = Some(maker.form(&groups, &mut frame.alerts.errors));
    } else if let Some((first, rest)) = groups.split_first() {
        main = Some(maker.form(&[*first], &mut frame.alerts.errors));
        for group in rest {
            let before = frame.alerts.errors.len();
            let form = maker.form(&[*group], &mut frame.alerts.errors);
            others.push(OtherWay {
                summary: say
                    .text(&format!("instead-{}", form::group_name(*group)))
                    .into_owned(),
                form,
                open: frame.alerts.errors.len() > before,
            });
        }
    }
    let lead = match &main {
        Some(_) if again.is_some() => "code-lead",
        Some(_) => login_lead(page.step, groups.first().copied()),
        None => "login-no-second-factor",
    };
    if let Some(form) = &mut main {
        if page.step == LoginStep::FirstAgain {
            confirm(say, form);
        }
        form.username = form::username(form, page.account.as_ref());
        form::focus_first(form, frame.alerts.errors.is_empty());
    }
    view::document(&FlowTemplate {
        again,
        lead: say.text(lead).into_owned(),
        purpose: page.purpose.as_deref(),
        links: login_links(shell, page),
        way_out: page
            .settings_url
            .as_ref()
            .filter(|_| main.is_none())
            .map(|href| LinkView {
                before: String::new(),
                text: say.text("enrol-link").into_owned(),
                href: href.clone(),
            }),
        main,
        others,
        frame,
    })
}

const fn login_title(step: LoginStep) -> &'static str {
    match step {
        LoginStep::First => "login-title",
        LoginStep::FirstAgain | LoginStep::Second | LoginStep::SecondAgain => "confirm-title",
    }
}

fn login_lead(step: LoginStep, group: Option<NodeGroup>) -> &'static str {
    match (step, group) {
        (LoginStep::First, _) => "login-lead",
        (LoginStep::FirstAgain, _) => "login-again-lead",
        (LoginStep::Second | LoginStep::SecondAgain, Some(NodeGroup::Webauthn)) => "key-lead",
        (LoginStep::Second | LoginStep::SecondAgain, Some(NodeGroup::LookupSecret)) => "codes-lead",
        (LoginStep::Second, Some(NodeGroup::Totp)) => "totp-lead",
        (LoginStep::SecondAgain, Some(NodeGroup::Totp)) => "totp-again-lead",
        (LoginStep::Second, _) => "second-lead",
        (LoginStep::SecondAgain, _) => "second-again-lead",
    }
}

fn login_links(shell: Shell<'_>, page: &LoginPage) -> Vec<LinkView> {
    let link = |before: &str, text: &str, href: &str| LinkView {
        before: shell.say.text(before).into_owned(),
        text: shell.say.text(text).into_owned(),
        href: href.to_owned(),
    };
    let mut links = Vec::new();
    if page.step == LoginStep::First {
        if let Some(href) = &page.recovery_url {
            links.push(link("recovery-before", "recovery-link", href));
        }
        if let Some(href) = &page.registration_url {
            links.push(link("register-before", "register-link", href));
        }
    }
    links
}

pub(super) fn render_registration(shell: Shell<'_>, page: &RegistrationPage) -> String {
    let say = shell.say;
    let maker = FormMaker {
        say,
        form: &page.form,
        new_password: true,
    };
    let at_credentials = page
        .form
        .messages
        .iter()
        .any(|m| m.id == CHOOSE_CREDENTIALS);
    let mut frame = Frame::new(shell, say.text("registration-title").into_owned());
    frame.alerts = form::alerts(say, &page.form, &[CHOOSE_CREDENTIALS, SIGN_UP_CODE_SENT]);
    let again = maker.resend_form();
    let mut form = maker.form(&maker.groups(), &mut frame.alerts.errors);
    form::focus_first(&mut form, frame.alerts.errors.is_empty());
    let lead = if again.is_some() {
        "code-lead"
    } else if at_credentials {
        "registration-credentials-lead"
    } else {
        "registration-lead"
    };
    view::document(&FlowTemplate {
        lead: say.text(lead).into_owned(),
        purpose: None,
        again,
        main: Some(form),
        others: Vec::new(),
        way_out: None,
        links: vec![LinkView {
            before: say.text("login-before").into_owned(),
            text: say.text("login-link").into_owned(),
            href: page.login_url.clone(),
        }],
        frame,
    })
}

/// Who is signed in already does not log in but confirms.
fn confirm(say: Say<'_>, form: &mut FormView) {
    for button in form.buttons.iter_mut().filter(|b| b.value == "password") {
        button.label = say.text("confirm-button").into_owned();
    }
}
