//! The login form.

use super::{
    CodeAddress, code_address_nodes, code_addresses, code_login_node, csrf_node,
    has_lookup_secrets, identifier_label, lookup_login_nodes, oidc_login_nodes,
};
use crate::contract::{InputKind, Message, Node, NodeGroup, texts};
use crate::identity::credential::{password, totp};
use crate::identity::settings::Settings;
use crate::identity::{Credential, CredentialType, Credentials};

/// The first step. In a refresh, `known` are the credentials of who is signed in: the identifier
/// is theirs, and only their methods are offered.
#[must_use]
pub fn login_nodes(settings: &Settings, known: Option<&Credentials>) -> Vec<Node> {
    let mut nodes = oidc_login_nodes(settings, known);
    nodes.push(csrf_node());
    let has = |kind, is_set: fn(&Credential) -> bool| {
        known.is_none_or(|known| known.find(kind).is_some_and(is_set))
    };
    let methods = &settings.methods;
    let password = methods.password.enabled && has(CredentialType::Password, password::is_set);
    let code = methods.code.enabled
        && methods.code.passwordless_enabled
        && has(CredentialType::Code, |code| {
            !code_addresses(code).is_empty()
        });
    if password || code {
        nodes.push(identifier_node(settings, known));
    }
    if code {
        nodes.push(code_login_node());
    }
    if password {
        let label = match known {
            None => texts::sign_in_with_password(),
            Some(_) => texts::sign_in_again_button(),
        };
        nodes.extend(password_fields(label));
    }
    nodes
}

/// Who it is: asked for, or known already.
fn identifier_node(settings: &Settings, known: Option<&Credentials>) -> Node {
    let Some(known) = known else {
        return Node::input(NodeGroup::Default, "identifier", InputKind::Text)
            .required()
            .value("")
            .label(identifier_label(settings.schemas.default_schema()));
    };
    let name = [CredentialType::Password, CredentialType::Code]
        .into_iter()
        .find_map(|kind| known.find(kind)?.identifiers.first().cloned());
    Node::input(NodeGroup::Default, "identifier", InputKind::Hidden).value(name.unwrap_or_default())
}

/// The field of the password, and the button.
pub(super) fn password_fields(button: Message) -> [Node; 2] {
    [
        Node::input(NodeGroup::Password, "password", InputKind::Password)
            .required()
            .autocomplete("current-password")
            .label(texts::password_label()),
        Node::method(NodeGroup::Password, "password", button),
    ]
}

/// The second step: the second factors that are set up. Browsers always get the CSRF field, native
/// clients only beside a factor.
#[must_use]
pub fn second_factor_nodes(
    settings: &Settings,
    known: &Credentials,
    addresses: &[CodeAddress],
    browser: bool,
) -> Vec<Node> {
    let mut factors = Vec::new();
    let has_totp = known.find(CredentialType::Totp).is_some_and(totp::is_set);
    if settings.methods.totp.enabled && has_totp {
        factors.push(
            Node::input(NodeGroup::Totp, "totp_code", InputKind::Text)
                .required()
                .value("")
                .label(texts::totp_code_label()),
        );
        factors.push(Node::method(NodeGroup::Totp, "totp", texts::use_totp()));
    }
    if settings.methods.lookup_secret_enabled && has_lookup_secrets(known) {
        factors.extend(lookup_login_nodes());
    }
    if browser || !factors.is_empty() {
        factors.insert(0, csrf_node());
    }
    factors.extend(code_address_nodes(addresses));
    factors
}
