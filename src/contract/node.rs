//! UI nodes: the fields, buttons, texts and images that a form is made of.
//!
//! Clients tell attributes apart by `node_type`, which repeats the node's `type`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Message;

/// One part of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// What kind of part.
    #[serde(rename = "type")]
    pub kind: NodeKind,
    /// Which method it belongs to.
    pub group: NodeGroup,
    /// Name, value and so on.
    pub attributes: Attributes,
    /// What is to be said beside it; never null.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// Its label.
    #[serde(default)]
    pub meta: Label,
}

/// The `meta` object of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The label, where the node has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Message>,
}

/// The kinds of node; also the value of `node_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A field or a button.
    Input,
    /// A text to read, such as a secret.
    Text,
    /// A picture, such as a QR code.
    Img,
    /// A link.
    A,
    /// A script to load.
    Script,
    /// A container for a script to fill.
    Div,
}

/// Which method a node belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeGroup {
    /// Fields that several methods share.
    Default,
    /// Traits.
    Profile,
    /// Password.
    Password,
    /// Sign-in with a provider.
    Oidc,
    /// Enterprise sign-in with a provider.
    Saml,
    /// Codes by mail.
    Code,
    /// Links by mail.
    Link,
    /// Authenticator app.
    Totp,
    /// Backup codes.
    LookupSecret,
    /// Security keys.
    Webauthn,
    /// Passkeys.
    Passkey,
    /// The identifier, asked for alone.
    IdentifierFirst,
    /// Proof of being human.
    Captcha,
}

/// Attributes of a node, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attributes {
    /// Of an input; the largest by far.
    Input(Box<InputAttributes>),
    /// Of a text.
    Text(TextAttributes),
    /// Of a link.
    Anchor(AnchorAttributes),
    /// Of a script.
    Script(ScriptAttributes),
    /// Of an image.
    Image(ImageAttributes),
    /// Of a container.
    Div(DivAttributes),
}

/// The HTML `type` of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// `text`
    Text,
    /// `password`
    Password,
    /// `number`
    Number,
    /// `checkbox`
    Checkbox,
    /// `hidden`
    Hidden,
    /// `email`
    Email,
    /// `tel`
    Tel,
    /// `submit`
    Submit,
    /// `button`
    Button,
    /// `datetime-local`
    #[serde(rename = "datetime-local")]
    DatetimeLocal,
    /// `date`
    Date,
    /// `url`
    Url,
}

/// Attributes of a field or a button.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputAttributes {
    /// Name to submit the value by.
    pub name: String,
    /// What kind of field.
    #[serde(rename = "type")]
    pub kind: InputKind,
    /// Value shown or submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Whether the form can't do without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The HTML autocomplete token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autocomplete: Option<String>,
    /// A label beside the node's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Message>,
    /// A regular expression for the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Whether it is switched off.
    #[serde(default)]
    pub disabled: bool,
    /// Script for a click (older clients).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onclick: Option<String>,
    /// Function for a click, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onclick_trigger: Option<String>,
    /// Script for loading (older clients).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onload: Option<String>,
    /// Function for loading, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onload_trigger: Option<String>,
    /// The longest value, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maxlength: Option<u32>,
    /// Values to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Value>,
    /// Always `input`.
    #[serde(rename = "node_type")]
    pub node_type: NodeKind,
}

/// Attributes of a text to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextAttributes {
    /// The text.
    pub text: Message,
    /// The element's id.
    pub id: String,
    /// Always `text`.
    pub node_type: NodeKind,
}

/// Attributes of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageAttributes {
    /// Where it is: a `data:` URI.
    pub src: String,
    /// The element's id.
    pub id: String,
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// Always `img`.
    pub node_type: NodeKind,
}

/// Attributes of a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnchorAttributes {
    /// Where it leads.
    pub href: String,
    /// Its words.
    pub title: Message,
    /// The element's id.
    pub id: String,
    /// Always `a`.
    pub node_type: NodeKind,
}

/// Attributes of a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScriptAttributes {
    /// Where it is.
    pub src: String,
    /// Whether it loads beside the page.
    #[serde(rename = "async")]
    pub is_async: bool,
    /// The referrer policy.
    pub referrerpolicy: String,
    /// The cross-origin mode.
    pub crossorigin: String,
    /// Subresource integrity.
    pub integrity: String,
    /// The media type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The element's id.
    pub id: String,
    /// A nonce for the content security policy.
    pub nonce: String,
    /// Always `script`.
    pub node_type: NodeKind,
}

/// Attributes of a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DivAttributes {
    /// The element's id.
    pub id: String,
    /// CSS classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// `data-` attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Always `div`.
    pub node_type: NodeKind,
}

impl Node {
    /// A field or button; refine it with the methods below.
    #[must_use]
    pub fn input(group: NodeGroup, name: impl Into<String>, kind: InputKind) -> Self {
        Self {
            kind: NodeKind::Input,
            group,
            attributes: Attributes::Input(Box::new(InputAttributes {
                name: name.into(),
                kind,
                value: None,
                required: false,
                autocomplete: None,
                label: None,
                pattern: None,
                disabled: false,
                onclick: None,
                onclick_trigger: None,
                onload: None,
                onload_trigger: None,
                maxlength: None,
                options: None,
                node_type: NodeKind::Input,
            })),
            messages: Vec::new(),
            meta: Label::default(),
        }
    }

    /// The button that submits `method`.
    #[must_use]
    pub fn method(group: NodeGroup, method: &str, label: Message) -> Self {
        Self::input(group, "method", InputKind::Submit)
            .value(method)
            .label(label)
    }

    /// A script to load, checked by its hash.
    #[must_use]
    pub fn script(
        group: NodeGroup,
        id: &str,
        src: String,
        integrity: String,
        nonce: String,
    ) -> Self {
        Self {
            kind: NodeKind::Script,
            group,
            attributes: Attributes::Script(ScriptAttributes {
                src,
                is_async: true,
                referrerpolicy: "no-referrer".to_owned(),
                crossorigin: "anonymous".to_owned(),
                integrity,
                kind: "text/javascript".to_owned(),
                id: id.to_owned(),
                nonce,
                node_type: NodeKind::Script,
            }),
            messages: Vec::new(),
            meta: Label::default(),
        }
    }

    /// Names the function for a click, and the same as script for older clients.
    #[must_use]
    pub fn on_click(mut self, function: &str, call: String) -> Self {
        if let Attributes::Input(input) = &mut self.attributes {
            input.onclick = Some(call);
            input.onclick_trigger = Some(function.to_owned());
        }
        self
    }

    /// Names the function for loading, and the same as script for older clients.
    #[must_use]
    pub fn on_load(mut self, function: &str, call: String) -> Self {
        if let Attributes::Input(input) = &mut self.attributes {
            input.onload = Some(call);
            input.onload_trigger = Some(function.to_owned());
        }
        self
    }

    /// Switches a field or button off.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        if let Attributes::Input(input) = &mut self.attributes {
            input.disabled = true;
        }
        self
    }

    /// A text to read.
    #[must_use]
    pub fn text(group: NodeGroup, id: &str, text: Message) -> Self {
        Self {
            kind: NodeKind::Text,
            group,
            attributes: Attributes::Text(TextAttributes {
                text,
                id: id.to_owned(),
                node_type: NodeKind::Text,
            }),
            messages: Vec::new(),
            meta: Label::default(),
        }
    }

    /// A square picture given as a `data:` URI; `side` in CSS pixels.
    #[must_use]
    pub fn image(group: NodeGroup, id: &str, src: String, side: u32) -> Self {
        Self {
            kind: NodeKind::Img,
            group,
            attributes: Attributes::Image(ImageAttributes {
                src,
                id: id.to_owned(),
                width: side,
                height: side,
                node_type: NodeKind::Img,
            }),
            messages: Vec::new(),
            meta: Label::default(),
        }
    }

    /// A link, with its words as label too.
    #[must_use]
    pub fn anchor(group: NodeGroup, id: &str, href: &str, title: Message) -> Self {
        Self {
            kind: NodeKind::A,
            group,
            attributes: Attributes::Anchor(AnchorAttributes {
                href: href.to_owned(),
                title: title.clone(),
                id: id.to_owned(),
                node_type: NodeKind::A,
            }),
            messages: Vec::new(),
            meta: Label { label: Some(title) },
        }
    }

    /// The same field, out of sight.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        if let Attributes::Input(input) = &mut self.attributes {
            input.kind = InputKind::Hidden;
        }
        self
    }

    /// The same field for a code of so many digits.
    #[must_use]
    pub fn digits(mut self, digits: u32) -> Self {
        if let Attributes::Input(input) = &mut self.attributes {
            input.pattern = Some("[0-9]+".to_owned());
            input.maxlength = Some(digits);
        }
        self
    }

    /// The same node with a label.
    #[must_use]
    pub fn label(mut self, label: Message) -> Self {
        self.meta.label = Some(label);
        self
    }

    /// The same field with a value.
    #[must_use]
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.set_value(Some(value.into()));
        self
    }

    /// The same field, required.
    #[must_use]
    pub fn required(mut self) -> Self {
        if let Attributes::Input(input) = &mut self.attributes {
            input.required = true;
        }
        self
    }

    /// The same field with an autocomplete token.
    #[must_use]
    pub fn autocomplete(mut self, token: &str) -> Self {
        if let Attributes::Input(input) = &mut self.attributes {
            input.autocomplete = Some(token.to_owned());
        }
        self
    }

    /// Sets or clears the value of a field; other nodes have none.
    pub fn set_value(&mut self, value: Option<Value>) {
        if let Attributes::Input(input) = &mut self.attributes {
            input.value = value;
        }
    }

    /// Name of a field, id of the others.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.attributes {
            Attributes::Input(input) => &input.name,
            Attributes::Text(text) => &text.id,
            Attributes::Anchor(anchor) => &anchor.id,
            Attributes::Script(script) => &script.id,
            Attributes::Image(image) => &image.id,
            Attributes::Div(div) => &div.id,
        }
    }

    /// The attributes of a field or button; `None` for other nodes.
    #[must_use]
    pub fn as_input(&self) -> Option<&InputAttributes> {
        match &self.attributes {
            Attributes::Input(input) => Some(input),
            Attributes::Text(_)
            | Attributes::Anchor(_)
            | Attributes::Script(_)
            | Attributes::Image(_)
            | Attributes::Div(_) => None,
        }
    }
}
