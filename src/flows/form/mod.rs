//! The forms of flows: which nodes they show, and what goes into them.

mod choice;
mod code;
mod identifier_first;
mod login;
mod lookup;
mod mailed;
mod oidc;
mod registration;
mod settings;
mod traits;

pub use choice::{
    address_choice_nodes, channel_of, chosen_code_nodes, confirm_address_nodes, is_address,
    is_address_or_number, masked, recovery_address_nodes,
};
pub use code::{
    CodeAddress, code_address_nodes, code_addresses, code_login_node, code_sign_up_node,
    login_code_nodes, login_code_refused_nodes, sign_up_code_nodes,
};
pub use identifier_first::{
    IDENTIFIER_FIRST, hide_identifier, identifier_screen, methods_of_account,
};
pub use login::{login_nodes, second_factor_nodes};
pub use lookup::{
    has_lookup_secrets, lookup_login_nodes, lookup_pending_nodes, lookup_revealed_nodes,
    lookup_settings_nodes,
};
pub use mailed::{
    handed_over_nodes, link_sent_nodes, recovery_code_nodes, recovery_nodes,
    verification_code_nodes, verification_nodes, verified_nodes,
};
pub use oidc::{
    oidc_continue_node, oidc_login_nodes, oidc_registration_nodes, oidc_settings_nodes,
};
pub use registration::{RegistrationStep, registration_nodes};
pub use settings::{password_nodes, profile_nodes, settings_nodes, totp_enrol_nodes};
pub use traits::{fill_traits, identifier_label, trait_nodes, trait_order};

use crate::contract::{InputKind, Node, NodeGroup};

/// The hidden field of the CSRF token; its value is put in when the form is shown.
#[must_use]
pub fn csrf_node() -> Node {
    Node::input(NodeGroup::Default, "csrf_token", InputKind::Hidden)
        .required()
        .value("")
}
