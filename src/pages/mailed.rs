//! Recovery and verification: an address, then what was sent to it.

use super::flow::FlowTemplate;
use super::form::{self, FormMaker};
use super::view::{self, Frame, LinkView, Shell};
use crate::contract::{Attributes, NodeGroup, Ui};

/// What the address is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailedKind {
    /// Getting back into an account.
    Recovery,
    /// Showing that the address is one's own.
    Verification,
}

/// How far it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailedStep {
    /// The address is asked for.
    Address,
    /// Something is on its way.
    Sent,
    /// Done.
    Done,
}

/// The recovery or verification page.
#[derive(Clone, Debug)]
pub struct MailedPage {
    /// The flow's form.
    pub form: Ui,
    /// Which flow.
    pub kind: MailedKind,
    /// Which step.
    pub step: MailedStep,
    /// Where to log in instead.
    pub login_url: String,
}

/// Messages that the page says in its own words: something was sent.
const TOLD: [u32; 6] = [
    1_060_002, 1_060_003, 1_080_001, 1_080_003, 1_080_004, 1_060_006,
];

pub(super) fn render(shell: Shell<'_>, page: &MailedPage) -> String {
    let say = shell.say;
    let maker = FormMaker {
        say,
        form: &page.form,
        new_password: false,
    };
    let key = key_of(page);
    let mut frame = Frame::new(shell, say.text(&format!("{key}-title")).into_owned());
    frame.alerts = form::alerts(say, &page.form, &TOLD);
    let groups = maker.groups();
    let mut main = (page.step != MailedStep::Done)
        .then(|| maker.form(&groups, &mut frame.alerts.errors))
        .filter(|form| !form.fields.is_empty() || !form.buttons.is_empty());
    if let Some(form) = &mut main {
        form::focus_first(form, frame.alerts.errors.is_empty());
    }
    let link = by_link(&page.form);
    let lead = match page.step {
        MailedStep::Address => format!("{key}-lead"),
        MailedStep::Sent if link => format!("{key}-link-lead"),
        MailedStep::Sent => format!("{key}-code-lead"),
        MailedStep::Done => format!("{key}-done-lead"),
    };
    view::document(&FlowTemplate {
        lead: say.text(&lead).into_owned(),
        purpose: None,
        again: maker.resend_form(),
        way_out: way_on(shell, &page.form),
        links: vec![LinkView {
            before: String::new(),
            text: say.text("login-back").into_owned(),
            href: page.login_url.clone(),
        }],
        main,
        others: Vec::new(),
        frame,
    })
}

const fn key_of(page: &MailedPage) -> &'static str {
    match page.kind {
        MailedKind::Recovery => "recovery",
        MailedKind::Verification => "verification",
    }
}

fn by_link(form: &Ui) -> bool {
    form.nodes.iter().any(|node| node.group == NodeGroup::Link)
}

/// The link that is left once all is done.
fn way_on(shell: Shell<'_>, form: &Ui) -> Option<LinkView> {
    form.nodes.iter().find_map(|node| match &node.attributes {
        Attributes::Anchor(anchor) => Some(LinkView {
            before: String::new(),
            text: form::translate(shell.say, &anchor.title),
            href: anchor.href.clone(),
        }),
        Attributes::Input(_)
        | Attributes::Text(_)
        | Attributes::Image(_)
        | Attributes::Script(_)
        | Attributes::Div(_) => None,
    })
}
