//! Buttons that lead to other providers.

use crate::contract::{InputKind, Message, Node, NodeGroup, texts};
use crate::identity::credential::oidc;
use crate::identity::settings::{OidcProvider, Settings};
use crate::identity::{CredentialType, Credentials};

fn button(name: &str, provider: &OidcProvider, label: Message) -> Node {
    Node::input(NodeGroup::Oidc, name, InputKind::Submit)
        .value(provider.id.as_str())
        .label(label)
}

fn is_linked(credentials: &Credentials, provider: &OidcProvider) -> bool {
    let credential = credentials.find(CredentialType::Oidc);
    credential.is_some_and(|credential| oidc::linked(credential).any(|id| id == provider.id))
}

/// Signing in. In a refresh only providers that are linked are of any use.
#[must_use]
pub fn oidc_login_nodes(settings: &Settings, known: Option<&Credentials>) -> Vec<Node> {
    let offered = settings.methods.oidc.offered();
    let useful = offered.filter(|one| known.is_none_or(|known| is_linked(known, one)));
    useful
        .map(|one| button("provider", one, texts::sign_in_with(&one.label, &one.id)))
        .collect()
}

/// Signing up.
#[must_use]
pub fn oidc_registration_nodes(settings: &Settings) -> Vec<Node> {
    let offered = settings.methods.oidc.offered();
    offered
        .map(|one| button("provider", one, texts::sign_up_with(&one.label, &one.id)))
        .collect()
}

/// Going on with a sign-up that lacks something.
#[must_use]
pub fn oidc_continue_node(provider: &OidcProvider) -> Node {
    button("provider", provider, texts::continue_sign_up())
}

/// Linking and unlinking. The last first factor has no button that takes it away.
#[must_use]
pub fn oidc_settings_nodes(settings: &Settings, credentials: &Credentials) -> Vec<Node> {
    let oidc = &settings.methods.oidc;
    let removable = credentials.first_factors(&settings.methods.code) > 1;
    let link = oidc
        .offered()
        .filter(|one| !is_linked(credentials, one))
        .map(|one| button("link", one, texts::link_provider(&one.label)));
    let unlink = oidc
        .offered()
        .filter(|one| removable && is_linked(credentials, one))
        .map(|one| button("unlink", one, texts::unlink_provider(&one.label)));
    link.chain(unlink).collect()
}
