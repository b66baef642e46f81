//! The login form.

use super::{csrf_node, has_lookup_secrets, identifier_label, lookup_login_nodes};
use crate::contract::{InputKind, Message, Node, NodeGroup, texts};
use crate::identity::credential::{password, totp};
use crate::identity::settings::Settings;
use crate::identity::{CredentialType, Credentials};

/// The first step. In a refresh, `known` are the credentials of who is signed in: the identifier
/// is theirs, and only their methods are offered.
#[must_use]
pub fn login_nodes(settings: &Settings, known: Option<&Credentials>) -> Vec<Node> {
    let mut nodes = vec![csrf_node()];
    if settings.methods.password.enabled {
        nodes.extend(password_nodes(settings, known));
    }
    nodes
}

fn password_nodes(settings: &Settings, known: Option<&Credentials>) -> Vec<Node> {
    let identifier = match known {
        None => Node::input(NodeGroup::Default, "identifier", InputKind::Text)
            .required()
            .value("")
            .label(identifier_label(settings.schemas.default_schema())),
        Some(known) => {
            let Some(credential) = known.find(CredentialType::Password) else {
                return Vec::new();
            };
            if !password::is_set(credential) {
                return Vec::new();
            }
            let name = credential.identifiers.first().cloned().unwrap_or_default();
            Node::input(NodeGroup::Default, "identifier", InputKind::Hidden).value(name)
        }
    };
    let label = match known {
        None => texts::sign_in_with_password(),
        Some(_) => texts::sign_in_again_button(),
    };
    let mut nodes = vec![identifier];
    nodes.extend(password_fields(label));
    nodes
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
pub fn second_factor_nodes(settings: &Settings, known: &Credentials, browser: bool) -> Vec<Node> {
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
    factors
}
