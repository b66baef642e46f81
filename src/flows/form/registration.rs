//! The sign-up form, in one step or two.

use serde_json::Value;

use super::{
    code_sign_up_node, csrf_node, fill_traits, oidc_registration_nodes, trait_nodes, trait_order,
};
use crate::contract::{Attributes, FlowKind, InputKind, Node, NodeGroup, sort_nodes, texts};
use crate::identity::schema::IdentitySchema;
use crate::identity::settings::Settings;

/// Which part of the sign-up a form shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationStep {
    /// Everything at once.
    Whole,
    /// Traits, then more.
    Traits,
    /// The credential; traits go along hidden.
    Credential,
}

/// The nodes of a step with the values that are known so far.
#[must_use]
pub fn registration_nodes(
    settings: &Settings,
    schema: &IdentitySchema,
    step: RegistrationStep,
    traits: &Value,
) -> Vec<Node> {
    let mut nodes = vec![csrf_node()];
    let mut fields = trait_nodes(schema, NodeGroup::Default);
    fill_traits(&mut fields, schema, traits);
    if step == RegistrationStep::Credential {
        for field in &mut fields {
            if let Attributes::Input(input) = &mut field.attributes {
                input.kind = InputKind::Hidden;
            }
        }
    }
    nodes.extend(fields);
    match step {
        RegistrationStep::Traits | RegistrationStep::Whole => {
            nodes.extend(oidc_registration_nodes(settings));
        }
        RegistrationStep::Credential => {}
    }
    match step {
        RegistrationStep::Traits => {
            nodes.push(Node::method(
                NodeGroup::Profile,
                "profile",
                texts::sign_up(),
            ));
        }
        RegistrationStep::Whole => nodes.extend(credential_nodes(settings)),
        RegistrationStep::Credential => {
            nodes.extend(credential_nodes(settings));
            nodes.push(
                Node::input(NodeGroup::Profile, "screen", InputKind::Submit)
                    .value("previous")
                    .label(texts::back()),
            );
        }
    }
    let (order, identifiers) = trait_order(schema);
    sort_nodes(FlowKind::Registration, &mut nodes, &order, identifiers);
    nodes
}

fn credential_nodes(settings: &Settings) -> Vec<Node> {
    let mut nodes = Vec::new();
    let code = &settings.methods.code;
    if code.enabled && code.passwordless_enabled {
        nodes.push(code_sign_up_node());
    }
    if !settings.methods.password.enabled {
        return nodes;
    }
    nodes.extend([
        Node::input(NodeGroup::Password, "password", InputKind::Password)
            .required()
            .autocomplete("new-password")
            .label(texts::password_label()),
        Node::method(NodeGroup::Password, "password", texts::sign_up()),
    ]);
    nodes
}
