//! What templates read: everything translated and decided, nothing left to compute.

use askama::Template;

use super::asset::Addresses;
use super::{Account, Theme};
use crate::locale::Say;

/// What every page shares.
#[derive(Clone, Copy)]
pub(super) struct Shell<'a> {
    pub(super) say: Say<'a>,
    pub(super) theme: &'a Theme,
    pub(super) addresses: &'a Addresses,
}

/// The frame around one page's content.
pub(super) struct Frame<'a> {
    pub(super) say: Say<'a>,
    pub(super) theme: &'a Theme,
    pub(super) addresses: &'a Addresses,
    pub(super) lang: &'static str,
    pub(super) title: String,
    pub(super) account: Option<&'a Account>,
    pub(super) alerts: Alerts,
    pub(super) wide: bool,
}

impl<'a> Frame<'a> {
    /// A frame with a heading; the rest is filled in by the page.
    pub(super) fn new(shell: Shell<'a>, title: String) -> Self {
        Self {
            say: shell.say,
            theme: shell.theme,
            addresses: shell.addresses,
            lang: shell.say.locale().tag(),
            title,
            account: None,
            alerts: Alerts::default(),
            wide: false,
        }
    }

    /// A symbol of the icon file.
    pub(super) fn icon(&self, name: &str) -> String {
        format!("{}#{name}", self.addresses.icons)
    }
}

/// What is said above the forms.
#[derive(Default)]
pub(super) struct Alerts {
    /// What went wrong, each with the field to mend it in.
    pub(super) errors: Vec<Problem>,
    /// What happened, or what to know.
    pub(super) notices: Vec<Notice>,
}

impl Alerts {
    /// Whether something can be mended in a field of the page.
    pub(super) fn has_field_errors(&self) -> bool {
        self.errors.iter().any(|problem| problem.field.is_some())
    }
}

/// One error of the summary.
pub(super) struct Problem {
    pub(super) text: String,
    /// The `id` of the field that it is about.
    pub(super) field: Option<String>,
}

/// One piece of news.
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) success: bool,
}

/// One `<form>`.
#[derive(Default)]
pub(super) struct FormView {
    pub(super) action: String,
    pub(super) method: String,
    pub(super) hidden: Vec<(String, String)>,
    /// Tells password managers whose password is asked for; not sent.
    pub(super) username: Option<String>,
    pub(super) fields: Vec<FieldView>,
    pub(super) buttons: Vec<ButtonView>,
    /// Buttons that ask a security key or passkey.
    pub(super) triggers: Vec<TriggerView>,
    /// The function that a browser calls when it shows the form.
    pub(super) on_load: Option<String>,
}

/// A button that asks a security key or passkey, by a function of the script.
pub(super) struct TriggerView {
    pub(super) function: String,
    /// What is asked, as JSON.
    pub(super) options: String,
    pub(super) label: String,
    pub(super) look: Look,
}

impl TriggerView {
    pub(super) fn class(&self) -> &'static str {
        self.look.class()
    }
}

/// A field with its label.
#[derive(Default)]
pub(super) struct FieldView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) hint: Option<String>,
    pub(super) errors: Vec<String>,
    pub(super) autocomplete: Option<String>,
    pub(super) numeric: bool,
    pub(super) verbatim: bool,
    pub(super) maxlength: Option<u32>,
    pub(super) required: bool,
    pub(super) disabled: bool,
    pub(super) focus: bool,
}

impl FieldView {
    pub(super) fn is_checkbox(&self) -> bool {
        self.kind == "checkbox"
    }

    pub(super) fn is_checked(&self) -> bool {
        self.value == "true"
    }

    /// The ids of hint and errors, for `aria-describedby`.
    pub(super) fn described_by(&self) -> Option<String> {
        let mut ids = Vec::new();
        if self.hint.is_some() {
            ids.push(format!("{}-hint", self.id));
        }
        if !self.errors.is_empty() {
            ids.push(format!("{}-error", self.id));
        }
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// A button that sends the form.
pub(super) struct ButtonView {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) label: String,
    pub(super) look: Look,
}

impl ButtonView {
    pub(super) fn class(&self) -> &'static str {
        self.look.class()
    }
}

/// How much a button asks to be pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Primary,
    Secondary,
    Danger,
}

impl Look {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "button",
            Self::Secondary => "button quiet",
            Self::Danger => "button danger",
        }
    }
}

/// A link with its words.
pub(super) struct LinkView {
    pub(super) before: String,
    pub(super) text: String,
    pub(super) href: String,
}

/// The document of a template. Writing into a `String` can't fail and our templates have no
/// filter that does; were that to change, an empty page is what a person would see.
pub(super) fn document<T: Template>(template: &T) -> String {
    template.render().unwrap_or_default()
}
