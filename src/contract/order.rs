//! In which order a form shows its nodes.

use super::{FlowKind, Node, NodeGroup};

const LOGIN: &[NodeGroup] = &[
    NodeGroup::IdentifierFirst,
    NodeGroup::Oidc,
    NodeGroup::Default,
    NodeGroup::Webauthn,
    NodeGroup::Passkey,
    NodeGroup::Code,
    NodeGroup::Password,
    NodeGroup::Totp,
    NodeGroup::LookupSecret,
];

const REGISTRATION: &[NodeGroup] = &[
    NodeGroup::Oidc,
    NodeGroup::Saml,
    NodeGroup::Default,
    NodeGroup::Webauthn,
    NodeGroup::Passkey,
    NodeGroup::Code,
    NodeGroup::Password,
    NodeGroup::Captcha,
    NodeGroup::Profile,
];

const SETTINGS: &[NodeGroup] = &[
    NodeGroup::Default,
    NodeGroup::Profile,
    NodeGroup::Password,
    NodeGroup::Oidc,
    NodeGroup::LookupSecret,
    NodeGroup::Webauthn,
    NodeGroup::Passkey,
    NodeGroup::Totp,
];

const LOGIN_NAMES: &[&str] = &["csrf_token", "identifier", "password"];

const SETTINGS_NAMES: &[&str] = &[
    "csrf_token",
    "lookup_secret_reveal",
    "lookup_secret_regenerate",
    "lookup_secret_codes",
    "lookup_secret_confirm",
    "webauthn_remove",
    "webauthn_register_displayname",
    "webauthn_register",
    "passkey_remove",
    "passkey_register_trigger",
    "totp_qr",
    "totp_secret_key",
    "totp_unlink",
    "totp_code",
];

/// Sorts the nodes of a form. `traits` are the names of the trait fields in the schema's order and
/// `identifiers` how many of the leading ones are identifiers: a sign-up form puts the password
/// right after those.
pub fn sort_nodes(kind: FlowKind, nodes: &mut [Node], traits: &[String], identifiers: usize) {
    match kind {
        FlowKind::Login => nodes.sort_by_key(|node| {
            (
                position(LOGIN, &node.group),
                position(LOGIN_NAMES, &node.name()),
            )
        }),
        FlowKind::Settings => nodes.sort_by_key(|node| {
            let name = traits.iter().position(|known| known == node.name());
            let name = name.unwrap_or(traits.len());
            let known = position(SETTINGS_NAMES, &node.name());
            (position(SETTINGS, &node.group), name, known)
        }),
        FlowKind::Registration => {
            // Where codes sign up too, the password stands with its button below all traits.
            let by_code = nodes.iter().any(|node| node.group == NodeGroup::Code);
            let above = (!by_code).then_some(identifiers);
            nodes.sort_by_key(|node| registration_rank(node, traits, identifiers, above));
        }
        FlowKind::Recovery | FlowKind::Verification => {}
    }
}

fn registration_rank(
    node: &Node,
    traits: &[String],
    identifiers: usize,
    password_after: Option<usize>,
) -> (usize, usize) {
    let group = position(REGISTRATION, &node.group);
    if matches!(node.group, NodeGroup::Oidc | NodeGroup::Saml) {
        return (0, group);
    }
    let name = node.name();
    if name == "csrf_token" {
        return (1, 0);
    }
    if let ("password", Some(after)) = (name, password_after) {
        return (1, 1 + after);
    }
    match traits.iter().position(|known| known == name) {
        Some(at) if at < identifiers => (1, 1 + at),
        Some(at) => (1, 2 + at),
        None => (2, group),
    }
}

fn position<T: PartialEq>(order: &[T], item: &T) -> usize {
    order
        .iter()
        .position(|known| known == item)
        .unwrap_or(order.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{InputKind, texts};

    fn names(nodes: &[Node]) -> Vec<&str> {
        nodes.iter().map(Node::name).collect()
    }

    #[test]
    fn a_sign_up_form_puts_the_password_after_the_identifier() {
        let traits = ["traits.email".to_owned(), "traits.nick".to_owned()];
        let mut nodes = vec![
            Node::method(NodeGroup::Password, "password", texts::sign_up()),
            Node::input(NodeGroup::Password, "password", InputKind::Password),
            Node::input(NodeGroup::Default, "traits.nick", InputKind::Text),
            Node::input(NodeGroup::Default, "traits.email", InputKind::Email),
            Node::input(NodeGroup::Default, "csrf_token", InputKind::Hidden),
        ];
        sort_nodes(FlowKind::Registration, &mut nodes, &traits, 1);
        assert_eq!(
            names(&nodes),
            [
                "csrf_token",
                "traits.email",
                "password",
                "traits.nick",
                "method"
            ]
        );
    }

    #[test]
    fn settings_keep_the_fields_of_a_method_together() {
        let traits = ["traits.email".to_owned()];
        let mut nodes = vec![
            Node::input(NodeGroup::Totp, "totp_code", InputKind::Text),
            Node::image(NodeGroup::Totp, "totp_qr", "data:".to_owned(), 1),
            Node::input(NodeGroup::Profile, "traits.email", InputKind::Email),
            Node::method(NodeGroup::Profile, "profile", texts::save()),
            Node::input(NodeGroup::Default, "csrf_token", InputKind::Hidden),
        ];
        sort_nodes(FlowKind::Settings, &mut nodes, &traits, 1);
        assert_eq!(
            names(&nodes),
            [
                "csrf_token",
                "traits.email",
                "method",
                "totp_qr",
                "totp_code"
            ]
        );
    }
}
