//! Lookup secrets in forms.

use crate::contract::{InputKind, Node, NodeGroup, texts};
use crate::identity::credential::lookup::{self, LookupSecret};
use crate::identity::{CredentialType, Credentials};

const GROUP: NodeGroup = NodeGroup::LookupSecret;

/// The second step of a login.
#[must_use]
pub fn lookup_login_nodes() -> Vec<Node> {
    vec![
        Node::input(GROUP, "lookup_secret", InputKind::Text)
            .required()
            .value("")
            .label(texts::lookup_secret_label()),
        Node::method(GROUP, "lookup_secret", texts::use_lookup_secret()),
    ]
}

/// Whether these credentials hold lookup secrets, used ones included.
#[must_use]
pub fn has_lookup_secrets(credentials: &Credentials) -> bool {
    credentials
        .find(CredentialType::LookupSecret)
        .is_some_and(lookup::is_set)
}

/// The part of the settings before anything was chosen.
#[must_use]
pub fn lookup_settings_nodes(credentials: &Credentials) -> Vec<Node> {
    if has_lookup_secrets(credentials) {
        vec![
            button("lookup_secret_reveal", texts::reveal_lookup_secrets()),
            disable(),
        ]
    } else {
        vec![regenerate()]
    }
}

/// The codes that are in use, shown again.
#[must_use]
pub fn lookup_revealed_nodes(codes: &[LookupSecret]) -> Vec<Node> {
    vec![list(codes), disable(), regenerate()]
}

/// New codes, which count once their owner says that they are kept.
#[must_use]
pub fn lookup_pending_nodes(codes: &[LookupSecret]) -> Vec<Node> {
    vec![
        list(codes),
        button("lookup_secret_confirm", texts::confirm_lookup_secrets()),
    ]
}

fn list(codes: &[LookupSecret]) -> Node {
    let shown: Vec<_> = codes
        .iter()
        .map(|one| (one.code.as_str(), one.used_at))
        .collect();
    Node::text(GROUP, "lookup_secret_codes", texts::lookup_secrets(&shown))
        .label(texts::lookup_secrets_label())
}

fn disable() -> Node {
    button("lookup_secret_disable", texts::disable_lookup_secrets())
}

fn regenerate() -> Node {
    button(
        "lookup_secret_regenerate",
        texts::regenerate_lookup_secrets(),
    )
}

fn button(name: &str, label: crate::contract::Message) -> Node {
    Node::input(GROUP, name, InputKind::Submit)
        .value("true")
        .label(label)
}
