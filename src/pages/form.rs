//! From Kratos' nodes to fields, buttons and messages in the person's language.

use fluent::FluentArgs;
use serde_json::Value;

use super::flow::Account;
use super::view::{Alerts, ButtonView, FieldView, FormView, Look, Notice, Problem, TriggerView};
use crate::contract::{
    Attributes, InputAttributes, InputKind, Message, MessageKind, Node, NodeGroup, Ui,
};
use crate::locale::Say;

/// The name that a person gives to a security key; without one it is not enrolled.
const KEY_NAME: &str = "webauthn_register_displayname";

/// Kratos' label "as the identity schema says".
const LABEL_FROM_SCHEMA: u32 = 1_070_002;
/// Kratos' label "send another code".
const SEND_AGAIN: u32 = 1_070_008;

/// A message in the language of `say`: translated by id, else as it came.
pub(super) fn translate(say: Say<'_>, message: &Message) -> String {
    let mut arguments = FluentArgs::new();
    if let Some(Value::Object(context)) = &message.context {
        for (name, value) in context {
            arguments.set(name.clone(), as_text(value));
        }
    }
    let by_id = say.find(&format!("message-{}", message.id), Some(&arguments));
    let by_title = || match message.id {
        LABEL_FROM_SCHEMA => say.find(&format!("trait-{}", slug(&message.text)), None),
        _ => None,
    };
    by_id
        .or_else(by_title)
        .map_or_else(|| message.text.clone(), std::borrow::Cow::into_owned)
}

/// `First name` as `first-name`.
fn slug(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect()
}

/// The messages about the whole form. `told` are the ids that the page says in its own words.
pub(super) fn alerts(say: Say<'_>, form: &Ui, told: &[u32]) -> Alerts {
    let mut alerts = Alerts::default();
    for message in form.messages.iter().filter(|m| !told.contains(&m.id)) {
        let text = translate(say, message);
        match message.kind {
            MessageKind::Error => alerts.errors.push(Problem { text, field: None }),
            MessageKind::Info => alerts.notices.push(Notice {
                text,
                success: false,
            }),
            MessageKind::Success => alerts.notices.push(Notice {
                text,
                success: true,
            }),
        }
    }
    alerts
}

/// Takes nodes out of a flow and makes forms of them.
pub(super) struct FormMaker<'a> {
    pub(super) say: Say<'a>,
    pub(super) form: &'a Ui,
    /// Whether passwords are new ones here, or the current one.
    pub(super) new_password: bool,
}

impl FormMaker<'_> {
    /// The groups that have something to show, in the order of their first node.
    pub(super) fn groups(&self) -> Vec<NodeGroup> {
        let mut groups: Vec<NodeGroup> = Vec::new();
        for node in &self.form.nodes {
            if node.group != NodeGroup::Default && is_visible(node) && !groups.contains(&node.group)
            {
                groups.push(node.group);
            }
        }
        groups
    }

    /// One form with the shared nodes and those of `groups`. Errors of its fields are added to
    /// `problems`, which the page shows above.
    pub(super) fn form(&self, groups: &[NodeGroup], problems: &mut Vec<Problem>) -> FormView {
        self.form_of(|node| groups.contains(&node.group), problems)
    }

    /// One form with the shared nodes and those that `keep` admits.
    pub(super) fn form_of(
        &self,
        keep: impl Fn(&Node) -> bool,
        problems: &mut Vec<Problem>,
    ) -> FormView {
        let mut view = FormView {
            action: self.form.action.clone(),
            method: self.form.method.to_ascii_lowercase(),
            ..FormView::default()
        };
        for node in &self.form.nodes {
            if node.group != NodeGroup::Default && !keep(node) {
                continue;
            }
            if let Some(input) = node.as_input() {
                self.add(&mut view, node, input, problems);
            }
        }
        password_first(&mut view.buttons);
        if let [only] = view.buttons.as_mut_slice()
            && only.look == Look::Secondary
        {
            only.look = Look::Primary;
        }
        if let ([], [first, ..]) = (view.buttons.as_slice(), view.triggers.as_mut_slice()) {
            first.look = Look::Primary;
        }
        view
    }

    /// The button that sends a code once more, in a form of its own: what was typed into the other
    /// one does not go along.
    pub(super) fn resend_form(&self) -> Option<FormView> {
        let mut view = FormView {
            action: self.form.action.clone(),
            method: self.form.method.to_ascii_lowercase(),
            ..FormView::default()
        };
        for node in &self.form.nodes {
            let Some(input) = node.as_input() else {
                continue;
            };
            if input.kind == InputKind::Hidden {
                view.hidden.push((input.name.clone(), value_of(input)));
            } else if sends_again(node) {
                view.buttons.push(ButtonView {
                    name: input.name.clone(),
                    value: value_of(input),
                    label: self.label(node, input),
                    look: Look::Secondary,
                });
            }
        }
        (!view.buttons.is_empty()).then_some(view)
    }

    fn add(
        &self,
        view: &mut FormView,
        node: &Node,
        input: &InputAttributes,
        problems: &mut Vec<Problem>,
    ) {
        let errors = self.errors(node);
        match input.kind {
            InputKind::Hidden => {
                let value = value_of(input);
                view.on_load = view.on_load.take().or_else(|| input.onload_trigger.clone());
                view.hidden.push((input.name.clone(), value));
                problems.extend(errors.into_iter().map(|text| Problem { text, field: None }));
            }
            InputKind::Submit if sends_again(node) => {}
            InputKind::Submit => {
                let first = view.buttons.is_empty();
                view.buttons.push(self.button(node, input, first));
            }
            InputKind::Button => view.triggers.extend(self.trigger(node, input)),
            InputKind::Text
            | InputKind::Password
            | InputKind::Number
            | InputKind::Checkbox
            | InputKind::Email
            | InputKind::Tel
            | InputKind::DatetimeLocal
            | InputKind::Date
            | InputKind::Url => {
                let field = self.field(node, input, errors);
                problems.extend(field.errors.iter().map(|text| Problem {
                    text: format!("{}: {text}", field.label),
                    field: Some(field.id.clone()),
                }));
                view.fields.push(field);
            }
        }
    }

    fn errors(&self, node: &Node) -> Vec<String> {
        node.messages
            .iter()
            .filter(|message| message.kind == MessageKind::Error)
            .map(|message| translate(self.say, message))
            .collect()
    }

    fn label(&self, node: &Node, input: &InputAttributes) -> String {
        node.meta
            .label
            .as_ref()
            .map_or_else(|| input.name.clone(), |label| translate(self.say, label))
    }

    fn button(&self, node: &Node, input: &InputAttributes, first: bool) -> ButtonView {
        let removes = ["_unlink", "_remove", "_disable"]
            .iter()
            .any(|end| input.name.ends_with(end));
        let steps_back = input.name == "screen";
        let look = if removes {
            Look::Danger
        } else if first && !steps_back {
            Look::Primary
        } else {
            Look::Secondary
        };
        ButtonView {
            name: input.name.clone(),
            value: value_of(input),
            label: self.label(node, input),
            look,
        }
    }

    fn trigger(&self, node: &Node, input: &InputAttributes) -> Option<TriggerView> {
        Some(TriggerView {
            function: input.onclick_trigger.clone()?,
            options: value_of(input),
            label: self.label(node, input),
            look: Look::Secondary,
        })
    }

    fn field(&self, node: &Node, input: &InputAttributes, errors: Vec<String>) -> FieldView {
        let is_password = input.kind == InputKind::Password;
        let is_code = matches!(input.name.as_str(), "totp_code" | "code");
        let is_email = input.kind == InputKind::Email;
        let hint = (is_password && self.new_password)
            .then(|| self.say.text("hint-new-password").into_owned());
        // A password is never sent back to the browser.
        let value = if is_password {
            String::new()
        } else {
            value_of(input)
        };
        FieldView {
            id: format!(
                "{}-{}",
                group_name(node.group),
                input.name.replace('.', "-")
            ),
            name: input.name.clone(),
            label: self.label(node, input),
            kind: kind_name(input.kind),
            value,
            hint,
            errors,
            autocomplete: self.autocomplete(input),
            numeric: is_code,
            verbatim: is_code
                || is_email
                || matches!(input.name.as_str(), "identifier" | "lookup_secret"),
            maxlength: input
                .maxlength
                .or_else(|| (input.name == KEY_NAME).then_some(128)),
            required: input.required || input.name == KEY_NAME,
            disabled: input.disabled,
            focus: false,
        }
    }

    /// What the browser may fill in, where the flow does not say.
    fn autocomplete(&self, input: &InputAttributes) -> Option<String> {
        if let Some(given) = input
            .autocomplete
            .as_ref()
            .filter(|given| !given.is_empty())
        {
            return Some(given.clone());
        }
        let guess = match (input.name.as_str(), input.kind) {
            ("identifier", _) => "username",
            (_, InputKind::Password) if self.new_password => "new-password",
            (_, InputKind::Password) => "current-password",
            ("totp_code" | "code", _) => "one-time-code",
            ("lookup_secret" | KEY_NAME, _) => "off",
            (_, InputKind::Email) => "email",
            (_, InputKind::Tel) => "tel",
            ("traits.name.first", _) => "given-name",
            ("traits.name.last", _) => "family-name",
            ("traits.name", _) => "name",
            _ => return None,
        };
        Some(guess.to_owned())
    }
}

/// The return key presses the first button: where a password is asked for, that is its own.
fn password_first(buttons: &mut [ButtonView]) {
    let at = buttons.iter().position(|button| button.value == "password");
    let Some(at) = at.filter(|at| *at > 0) else {
        return;
    };
    if let Some(front) = buttons.get_mut(..=at) {
        front.rotate_right(1);
    }
    for (index, button) in buttons.iter_mut().enumerate() {
        if button.look != Look::Danger {
            button.look = if index == 0 {
                Look::Primary
            } else {
                Look::Secondary
            };
        }
    }
}

/// Whether this is the button for another code.
fn sends_again(node: &Node) -> bool {
    let label = node.meta.label.as_ref();
    label.is_some_and(|label| label.id == SEND_AGAIN)
}

/// Puts the cursor where the person starts, unless the error summary wants it.
pub(super) fn focus_first(form: &mut FormView, no_errors: bool) {
    let empty = form.fields.iter_mut().find(|field| field.value.is_empty());
    if let Some(field) = empty.filter(|_| no_errors) {
        field.focus = true;
    }
}

/// Whose password a form asks for, where the form has no field that says so.
pub(super) fn username(form: &FormView, account: Option<&Account>) -> Option<String> {
    let asks_password = form.fields.iter().any(|field| field.kind == "password");
    let asks_who = form.fields.iter().any(|field| field.kind != "password");
    account
        .filter(|_| asks_password && !asks_who)
        .map(|account| account.name.clone())
}

/// The group's name in JSON, in element ids and in the keys of texts.
pub(super) fn group_name(group: NodeGroup) -> &'static str {
    match group {
        NodeGroup::Default => "default",
        NodeGroup::Profile => "profile",
        NodeGroup::Password => "password",
        NodeGroup::Oidc => "oidc",
        NodeGroup::Saml => "saml",
        NodeGroup::Code => "code",
        NodeGroup::Link => "link",
        NodeGroup::Totp => "totp",
        NodeGroup::LookupSecret => "lookup_secret",
        NodeGroup::Webauthn => "webauthn",
        NodeGroup::Passkey => "passkey",
        NodeGroup::IdentifierFirst => "identifier_first",
        NodeGroup::Captcha => "captcha",
    }
}

/// The `type` in HTML.
fn kind_name(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Text => "text",
        InputKind::Password => "password",
        InputKind::Number => "number",
        InputKind::Checkbox => "checkbox",
        InputKind::Hidden => "hidden",
        InputKind::Email => "email",
        InputKind::Tel => "tel",
        InputKind::Submit => "submit",
        InputKind::Button => "button",
        InputKind::DatetimeLocal => "datetime-local",
        InputKind::Date => "date",
        InputKind::Url => "url",
    }
}

fn value_of(input: &InputAttributes) -> String {
    input.value.as_ref().map(as_text).unwrap_or_default()
}

/// A JSON value as a form field holds it.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn is_visible(node: &Node) -> bool {
    match &node.attributes {
        Attributes::Input(input) => input.kind != InputKind::Hidden,
        Attributes::Text(_) | Attributes::Image(_) | Attributes::Anchor(_) => true,
        Attributes::Script(_) | Attributes::Div(_) => false,
    }
}
