//! The settings form: a part for each method.

use super::{
    csrf_node, fill_traits, lookup_settings_nodes, oidc_settings_nodes, trait_nodes, trait_order,
};
use crate::contract::{FlowKind, InputKind, Node, NodeGroup, sort_nodes, texts};
use crate::flows::qr;
use crate::identity::credential::totp::{self, TotpSecret};
use crate::identity::schema::IdentitySchema;
use crate::identity::settings::Settings;
use crate::identity::{CredentialType, Credentials, Identity};

/// All parts for this identity. `totp_url` is the secret that the flow offers for an
/// authenticator app.
#[must_use]
pub fn settings_nodes(
    settings: &Settings,
    schema: &IdentitySchema,
    identity: &Identity,
    credentials: &Credentials,
    totp_url: Option<&str>,
) -> Vec<Node> {
    let mut nodes = vec![csrf_node()];
    if settings.methods.profile_enabled {
        nodes.extend(profile_nodes(schema, identity));
    }
    if settings.methods.password.enabled {
        nodes.extend(password_nodes());
    }
    nodes.extend(oidc_settings_nodes(settings, credentials));
    if settings.methods.lookup_secret_enabled {
        nodes.extend(lookup_settings_nodes(credentials));
    }
    if settings.methods.totp.enabled {
        let is_set = credentials
            .find(CredentialType::Totp)
            .is_some_and(totp::is_set);
        match totp_url {
            Some(url) if !is_set => nodes.extend(totp_enrol_nodes(url)),
            Some(_) | None if is_set => nodes.push(totp_unlink_node()),
            Some(_) | None => {}
        }
    }
    let (order, identifiers) = trait_order(schema);
    sort_nodes(FlowKind::Settings, &mut nodes, &order, identifiers);
    nodes
}

/// The traits.
#[must_use]
pub fn profile_nodes(schema: &IdentitySchema, identity: &Identity) -> Vec<Node> {
    let mut nodes = trait_nodes(schema, NodeGroup::Profile);
    fill_traits(&mut nodes, schema, &identity.traits);
    nodes.push(Node::method(NodeGroup::Profile, "profile", texts::save()));
    nodes
}

/// A new password.
#[must_use]
pub fn password_nodes() -> Vec<Node> {
    vec![
        Node::input(NodeGroup::Password, "password", InputKind::Password)
            .required()
            .autocomplete("new-password")
            .label(texts::password_label()),
        Node::method(NodeGroup::Password, "password", texts::save()),
    ]
}

/// An authenticator app to set up: picture, secret, and the code that shows it worked.
#[must_use]
pub fn totp_enrol_nodes(url: &str) -> Vec<Node> {
    let secret = TotpSecret::from_url(url).map(|secret| secret.base32());
    let (Some(secret), Some(picture)) = (secret, qr::png_data_uri(url)) else {
        return Vec::new();
    };
    vec![
        Node::image(NodeGroup::Totp, "totp_qr", picture, qr::SIDE_PIXELS)
            .label(texts::totp_qr_label()),
        Node::text(
            NodeGroup::Totp,
            "totp_secret_key",
            texts::totp_secret(&secret),
        )
        .label(texts::totp_secret_label()),
        Node::input(NodeGroup::Totp, "totp_code", InputKind::Text)
            .required()
            .label(texts::verify_code_label()),
        Node::method(NodeGroup::Totp, "totp", texts::save()),
    ]
}

fn totp_unlink_node() -> Node {
    Node::input(NodeGroup::Totp, "totp_unlink", InputKind::Submit)
        .required()
        .value("true")
        .label(texts::unlink_totp())
}
