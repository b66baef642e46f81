//! Codes at login and sign-up.

use super::csrf_node;
use super::mailed::{code_node, hidden_method, resend_by, submit_node};
use crate::contract::{InputKind, Message, Node, NodeGroup, texts};
use crate::identity::settings::Strategy;
use crate::identity::{Channel, Credential};

/// Where a code can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeAddress {
    /// How.
    pub via: Channel,
    /// The address.
    pub value: String,
}

/// The addresses of a `code` credential.
#[must_use]
pub fn code_addresses(credential: &Credential) -> Vec<CodeAddress> {
    let entries = credential.config.get("addresses");
    let entries = entries.and_then(serde_json::Value::as_array);
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let value = entry.get("address")?.as_str()?;
            let via = Channel::parse(entry.get("channel")?.as_str()?)?;
            (!value.is_empty()).then(|| CodeAddress {
                via,
                value: value.to_owned(),
            })
        })
        .collect()
}

/// The button that signs in with a code.
#[must_use]
pub fn code_login_node() -> Node {
    Node::method(NodeGroup::Code, "code", texts::send_login_code())
}

/// A button for each address that a second factor can be sent to.
#[must_use]
pub fn code_address_nodes(addresses: &[CodeAddress]) -> Vec<Node> {
    let button = |address: &CodeAddress| {
        Node::input(NodeGroup::Code, "address", InputKind::Submit)
            .value(address.value.clone())
            .label(texts::code_to_address(&address.value, address.via.as_str()))
    };
    addresses.iter().map(button).collect()
}

/// The fields of a code that was sent, in the order of a form that has just changed.
fn fresh(label: Message) -> Vec<Node> {
    vec![
        hidden_method(),
        code_node(label),
        submit_node(Strategy::Code),
        resend_by("resend", "code"),
    ]
}

/// The same in the order of a form that was sorted because something was wrong with it.
fn sorted(label: Message) -> Vec<Node> {
    vec![
        code_node(label),
        resend_by("resend", "code"),
        hidden_method(),
        submit_node(Strategy::Code),
    ]
}

/// Login: a code is on its way. `before` are the nodes of the form so far: of them stay those that
/// say for whom, out of sight and with this identifier.
#[must_use]
pub fn login_code_nodes(before: &[Node], identifier: &str, browser: bool) -> Vec<Node> {
    let mut nodes: Vec<Node> = before
        .iter()
        .filter(|node| matches!(node.name(), "identifier" | "address"))
        .map(|node| kept(node, identifier))
        .collect();
    nodes.extend(fresh(texts::login_code_label()));
    if browser {
        nodes.push(csrf_node());
    }
    nodes
}

fn kept(node: &Node, identifier: &str) -> Node {
    let mut kept = Node::input(node.group, "identifier", InputKind::Hidden);
    let shared = node.group != NodeGroup::Code;
    if let (Some(from), crate::contract::Attributes::Input(to)) =
        (node.as_input(), &mut kept.attributes)
        && shared
    {
        to.required = from.required;
        to.autocomplete.clone_from(&from.autocomplete);
    }
    kept.meta.clone_from(&node.meta);
    kept.value(identifier)
}

/// Login: something was wrong after a code was sent. The identifier is what the submit said.
#[must_use]
pub fn login_code_refused_nodes(identifier: &str) -> Vec<Node> {
    let shared = Node::input(NodeGroup::Default, "identifier", InputKind::Hidden);
    let mut nodes = vec![csrf_node(), shared.value(identifier)];
    nodes.extend(sorted(texts::login_code_label()));
    nodes
}

/// Sign-up: the button that asks for a code.
#[must_use]
pub fn code_sign_up_node() -> Node {
    Node::method(NodeGroup::Code, "code", texts::sign_up_with_code())
}

/// Sign-up: a code is on its way; `traits` are the fields with what was entered.
#[must_use]
pub fn sign_up_code_nodes(traits: Vec<Node>, refused: bool) -> Vec<Node> {
    let label = texts::registration_code_label();
    let mut nodes = vec![csrf_node()];
    nodes.extend(traits.into_iter().map(Node::hidden));
    nodes.extend(if refused { sorted(label) } else { fresh(label) });
    nodes
}
