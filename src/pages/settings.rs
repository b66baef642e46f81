//! The settings page: one section a matter.

use askama::Template;
use fluent::FluentArgs;

use super::codes::{self, CodesView, KeyRow};
use super::flow::Account;
use super::form::{self, FormMaker};
use super::view::{self, FormView, Frame, Shell};
use crate::contract::{Attributes, Node, NodeGroup, Ui};

/// The settings page.
#[derive(Clone, Debug)]
pub struct SettingsPage {
    /// The flow's form.
    pub form: Ui,
    /// Whose settings.
    pub account: Option<Account>,
    /// Somebody was sent here to set up a second factor.
    pub enrolment: Option<Enrolment>,
    /// Recovery codes: how many still count, and of how many.
    pub codes_left: Option<(usize, usize)>,
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
    codes: Option<CodesView>,
    /// How many codes are left.
    left: Option<String>,
    keys: Vec<KeyRow>,
    /// Another way than the one above it, where there is one to choose.
    instead: Option<String>,
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
    let mut groups = maker.groups();
    if enrolment.is_some() {
        // The one that needs no device of its own and no script comes first; the words above
        // speak of it.
        groups.sort_by_key(|group| *group != NodeGroup::Totp);
    }
    for group in groups {
        // Who came to set up a second step is shown that, and nothing to get lost in.
        if enrolment.is_some() && !is_second_step(group) {
            continue;
        }
        let problems = &mut frame.alerts.errors;
        let keep = |node: &Node| node.group == group && !codes::removes_key(node);
        let mut form = maker.form_of(keep, problems);
        form.username = form::username(&form, page.account.as_ref());
        let mut part = section(shell, page, group, form);
        part.keys = codes::rows(&maker, group, problems);
        if enrolment.is_some() && !sections.is_empty() {
            let key = format!("instead-{}", form::group_name(group));
            part.instead = Some(say.text(&key).into_owned());
        }
        sections.push(part);
    }
    // What was asked for is what the person sees first.
    sections.sort_by_key(|part| part.codes.is_none());
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
        && form.triggers.is_empty()
        && !form.buttons.is_empty()
        && form
            .buttons
            .iter()
            .all(|button| button.look == view::Look::Danger);
    let is_codes = group == NodeGroup::LookupSecret;
    let shown = is_codes.then(|| {
        let name = page.account.as_ref().map(|account| account.name.as_str());
        let heading = say.with("codes-heading", "name", name.unwrap_or(&shell.theme.name));
        codes::codes(&page.form.nodes, &heading, &say.text("code-used"))
    });
    let left = page.codes_left.filter(|_| is_codes);
    let state = if removes || left.is_some() { "-on" } else { "" };
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
        codes: shown.flatten(),
        left: left.map(|(left, all)| {
            let mut arguments = FluentArgs::new();
            arguments.set("left", left);
            arguments.set("all", all);
            let text = say.find("codes-left", Some(&arguments));
            text.unwrap_or_default().into_owned()
        }),
        keys: Vec::new(),
        instead: None,
        form,
    }
}

fn is_second_step(group: NodeGroup) -> bool {
    matches!(group, NodeGroup::Totp | NodeGroup::Webauthn)
}

/// Whether there is a second step already: its form only takes away.
fn is_enrolled(form: &Ui) -> bool {
    let marks = ["totp_unlink", "webauthn_remove", "lookup_secret_reveal"];
    form.nodes.iter().any(|node| marks.contains(&node.name()))
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
