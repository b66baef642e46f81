//! The settings page: one section a matter.

use askama::Template;

use super::flow::Account;
use super::form::{self, FormMaker};
use super::view::{self, FormView, Frame, Shell};
use crate::contract::{Attributes, NodeGroup, Ui};

/// The settings page.
#[derive(Clone, Debug)]
pub struct SettingsPage {
    /// The flow's form.
    pub form: Ui,
    /// Whose settings.
    pub account: Option<Account>,
    /// Somebody was sent here to set up a second factor.
    pub enrolment: Option<Enrolment>,
    /// The page with the person's sessions.
    pub sessions_url: Option<String>,
    /// Back to where the person came from.
    pub return_to: Option<String>,
}

/// Why a second factor has to be set up now.
#[derive(Clone, Debug, Default)]
pub struct Enrolment {
    /// The `reason` of the rule that asks for it, in the operator's words.
    pub purpose: Option<String>,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsTemplate<'a> {
    frame: Frame<'a>,
    enrolment: Option<&'a Enrolment>,
    sections: Vec<Section>,
    sessions_url: Option<&'a str>,
    return_to: Option<&'a str>,
}

struct Section {
    id: String,
    title: String,
    intro: String,
    form: FormView,
    app: Option<AuthenticatorApp>,
    /// The one button takes something away: it waits behind a question.
    removal: Option<String>,
}

/// What is needed to set up an authenticator app.
struct AuthenticatorApp {
    picture: Option<String>,
    secret: String,
    secret_in_fours: String,
}

pub(super) fn render(shell: Shell<'_>, page: &SettingsPage) -> String {
    let say = shell.say;
    let maker = FormMaker {
        say,
        form: &page.form,
        new_password: true,
    };
    let enrolment = page.enrolment.as_ref().filter(|_| !is_enrolled(&page.form));
    let title = match enrolment {
        Some(_) => "enrolment-title",
        None => "settings-title",
    };
    let mut frame = Frame::new(shell, say.text(title).into_owned());
    frame.wide = enrolment.is_none();
    frame.account = page.account.as_ref();
    frame.alerts = form::alerts(say, &page.form, &[]);
    let mut sections: Vec<Section> = Vec::new();
    for group in maker.groups() {
        // Who came to set up a second step is shown that, and nothing to get lost in.
        if enrolment.is_some() && !is_second_step(group) {
            continue;
        }
        let mut form = maker.form(&[group], &mut frame.alerts.errors);
        form.username = form::username(&form, page.account.as_ref());
        sections.push(section(shell, page, group, form));
    }
    view::document(&SettingsTemplate {
        frame,
        enrolment,
        sections,
        sessions_url: page.sessions_url.as_deref(),
        return_to: page.return_to.as_deref(),
    })
}

fn section(shell: Shell<'_>, page: &SettingsPage, group: NodeGroup, form: FormView) -> Section {
    let say = shell.say;
    let name = form::group_name(group);
    let removes = form.fields.is_empty()
        && form
            .buttons
            .iter()
            .all(|button| button.look == view::Look::Danger);
    let state = if removes { "-on" } else { "" };
    Section {
        id: name.to_owned(),
        title: say
            .find(&format!("settings-{name}"), None)
            .map_or_else(|| name.to_owned(), std::borrow::Cow::into_owned),
        intro: say
            .find(&format!("settings-{name}-intro{state}"), None)
            .unwrap_or_default()
            .into_owned(),
        app: (group == NodeGroup::Totp)
            .then(|| authenticator_app(&page.form))
            .flatten(),
        removal: removes.then(|| say.text("remove-ask").into_owned()),
        form,
    }
}

fn is_second_step(group: NodeGroup) -> bool {
    matches!(group, NodeGroup::Totp | NodeGroup::Webauthn)
}

/// Whether there is a second step already: its form only takes away.
fn is_enrolled(form: &Ui) -> bool {
    form.nodes.iter().any(|node| node.name() == "totp_unlink")
}

fn authenticator_app(form: &Ui) -> Option<AuthenticatorApp> {
    let mut picture = None;
    let mut secret = None;
    for node in form
        .nodes
        .iter()
        .filter(|node| node.group == NodeGroup::Totp)
    {
        match &node.attributes {
            Attributes::Image(image) => picture = Some(image.src.clone()),
            Attributes::Text(text) => secret = Some(text.text.text.clone()),
            Attributes::Input(_)
            | Attributes::Anchor(_)
            | Attributes::Script(_)
            | Attributes::Div(_) => {}
        }
    }
    secret.map(|secret| AuthenticatorApp {
        picture,
        secret_in_fours: in_fours(&secret),
        secret,
    })
}

/// `ABCDEFGH` as `ABCD EFGH`.
fn in_fours(secret: &str) -> String {
    let mut spaced = String::with_capacity(secret.len() * 2);
    for (index, character) in secret.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            spaced.push(' ');
        }
        spaced.push(character);
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::in_fours;

    #[test]
    fn a_secret_is_read_out_in_groups_of_four() {
        assert_eq!(in_fours("ABCDEFGHIJ"), "ABCD EFGH IJ");
        assert_eq!(in_fours(""), "");
    }
}
