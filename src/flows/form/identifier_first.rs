//! The login form in two screens: who somebody is, then how they prove it.

use super::login::password_fields;
use super::{code_addresses, code_login_node, csrf_node, identifier_label};
use crate::contract::{Attributes, FlowKind, InputKind, Node, NodeGroup, sort_nodes, texts};
use crate::identity::credential::password;
use crate::identity::settings::Settings;
use crate::identity::{CredentialType, Credentials};

/// The wire name of the first screen.
pub const IDENTIFIER_FIRST: &str = "identifier_first";

/// The first screen: the identifier alone, beside the methods that need none.
#[must_use]
pub fn identifier_screen(settings: &Settings) -> Vec<Node> {
    let group = NodeGroup::IdentifierFirst;
    let mut nodes = vec![
        Node::input(group, "identifier", InputKind::Text)
            .required()
            .autocomplete("username webauthn")
            .value("")
            .label(identifier_label(settings.schemas.default_schema())),
        Node::method(group, IDENTIFIER_FIRST, texts::continue_button()),
        csrf_node(),
    ];
    sort_nodes(FlowKind::Login, &mut nodes, &[], 0);
    nodes
}

/// The methods of the second screen. Without credentials these are all methods that there are:
/// for accounts that must not be told from those that do not exist.
#[must_use]
pub fn methods_of_account(settings: &Settings, known: Option<&Credentials>) -> Vec<Node> {
    let has = |kind, is_set: fn(&crate::identity::Credential) -> bool| {
        known.is_none_or(|known| known.find(kind).is_some_and(is_set))
    };
    let mut nodes = Vec::new();
    if settings.methods.password.enabled && has(CredentialType::Password, password::is_set) {
        nodes.extend(password_fields(texts::sign_in_with_password()));
    }
    let code = &settings.methods.code;
    let by_code = code.enabled && code.passwordless_enabled;
    if by_code
        && has(CredentialType::Code, |code| {
            !code_addresses(code).is_empty()
        })
    {
        nodes.push(code_login_node());
    }
    nodes
}

/// From the first screen to the second: the identifier goes along hidden, its button goes.
pub fn hide_identifier(nodes: &mut Vec<Node>) {
    nodes.retain(|node| node.group != NodeGroup::IdentifierFirst || node.name() == "identifier");
    for node in nodes.iter_mut().filter(|node| node.name() == "identifier") {
        if let Attributes::Input(input) = &mut node.attributes {
            input.kind = InputKind::Hidden;
        }
    }
}
