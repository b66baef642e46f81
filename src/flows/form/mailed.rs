//! The forms of recovery and verification: an address, then what was sent to it.

use super::csrf_node;
use crate::contract::{InputKind, Message, Node, NodeGroup, Transport, texts};
use crate::identity::code::CODE_DIGITS;
use crate::identity::settings::Strategy;

/// The group of a strategy's fields.
const fn group_of(strategy: Strategy) -> NodeGroup {
    match strategy {
        Strategy::Code => NodeGroup::Code,
        Strategy::Link => NodeGroup::Link,
    }
}

/// Recovery: the address of the account.
#[must_use]
pub fn recovery_nodes(strategy: Strategy) -> Vec<Node> {
    vec![
        csrf_node(),
        email_node(strategy, InputKind::Email, texts::email_label()),
        submit_node(strategy),
    ]
}

/// Recovery: a code is on its way to `address`.
#[must_use]
pub fn recovery_code_nodes(address: &str) -> Vec<Node> {
    let digits = u32::try_from(CODE_DIGITS).unwrap_or(u32::MAX);
    let code = code_node(texts::recovery_code_label()).digits(digits);
    vec![
        csrf_node(),
        code,
        hidden_method(),
        submit_node(Strategy::Code),
        resend_by("email", address),
    ]
}

/// Recovery: a code was handed over by an administrator. The form needs no token: whoever opens it
/// did not begin it.
#[must_use]
pub fn handed_over_nodes() -> Vec<Node> {
    let digits = u32::try_from(CODE_DIGITS).unwrap_or(u32::MAX);
    vec![
        code_node(texts::recovery_code_label()).digits(digits),
        submit_node(Strategy::Code),
    ]
}

/// Recovery or verification: a link is on its way to `address`; the form sends another one.
#[must_use]
pub fn link_sent_nodes(address: &str) -> Vec<Node> {
    let email = email_node(Strategy::Link, InputKind::Email, texts::email_label());
    vec![
        csrf_node(),
        email.value(address),
        submit_node(Strategy::Link),
    ]
}

/// Verification: the address. Where telephone numbers are verified too, the field takes both.
#[must_use]
pub fn verification_nodes(strategy: Strategy, transport: Transport, phones: bool) -> Vec<Node> {
    let (kind, label) = if phones {
        (InputKind::Text, texts::email_or_phone_label())
    } else {
        (InputKind::Email, texts::email_label())
    };
    let email = email_node(strategy, kind, label);
    match (strategy, transport) {
        (Strategy::Code, Transport::Browser) => {
            vec![email, submit_node(strategy), csrf_node()]
        }
        (Strategy::Code, Transport::Api) => vec![email, submit_node(strategy)],
        (Strategy::Link, _) => vec![csrf_node(), email, submit_node(strategy)],
    }
}

/// Verification: a code is on its way to `address`; one that came with the request is filled in.
#[must_use]
pub fn verification_code_nodes(
    transport: Transport,
    address: Option<&str>,
    code: Option<&str>,
) -> Vec<Node> {
    let mut field = code_node(texts::verification_code_label());
    if let Some(code) = code {
        field = field.value(code);
    }
    let mut nodes = vec![hidden_method(), field, submit_node(Strategy::Code)];
    if transport == Transport::Browser {
        nodes.push(csrf_node());
    }
    nodes.extend(address.map(|address| resend_by("email", address)));
    nodes
}

/// Verification: done, and on to the next place.
#[must_use]
pub fn verified_nodes(strategy: Strategy, to: &str) -> Vec<Node> {
    let link = Node::anchor(group_of(strategy), "continue", to, texts::continue_button());
    vec![csrf_node(), link]
}

fn email_node(strategy: Strategy, kind: InputKind, label: Message) -> Node {
    Node::input(group_of(strategy), "email", kind)
        .required()
        .label(label)
}

/// The field of a code.
pub(super) fn code_node(label: Message) -> Node {
    Node::input(NodeGroup::Code, "code", InputKind::Text)
        .required()
        .autocomplete("one-time-code")
        .label(label)
}

pub(super) fn hidden_method() -> Node {
    Node::input(NodeGroup::Code, "method", InputKind::Hidden).value("code")
}

pub(super) fn submit_node(strategy: Strategy) -> Node {
    let method = match strategy {
        Strategy::Code => "code",
        Strategy::Link => "link",
    };
    Node::method(group_of(strategy), method, texts::continue_button())
}

/// The button for another code.
pub(super) fn resend_by(name: &str, value: &str) -> Node {
    Node::input(NodeGroup::Code, name, InputKind::Submit)
        .value(value)
        .label(texts::resend_code())
}
