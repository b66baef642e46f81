//! The nodes of security keys and passkeys.

use aws_lc_rs::digest::{SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::contract::{
    InputKind, Message, Node, NodeGroup, SECURITY_KEY_SCRIPT, SECURITY_KEY_SCRIPT_PATH, texts,
};
use crate::identity::credential::keys::StoredKey;
use crate::identity::token::random_text;

const KEY: NodeGroup = NodeGroup::Webauthn;
const PASSKEY: NodeGroup = NodeGroup::Passkey;
const NONCE_CHARACTERS: usize = 32;

/// The script, with the hash of what we serve.
pub(super) fn script(base: &str) -> Node {
    let hash = digest(&SHA512, SECURITY_KEY_SCRIPT.as_bytes());
    Node::script(
        KEY,
        "webauthn_script",
        format!("{base}{SECURITY_KEY_SCRIPT_PATH}"),
        format!("sha512-{}", STANDARD.encode(hash)),
        random_text(NONCE_CHARACTERS),
    )
}

fn hidden(group: NodeGroup, name: &str) -> Node {
    Node::input(group, name, InputKind::Hidden)
}

fn button(group: NodeGroup, name: &str, label: Message) -> Node {
    Node::input(group, name, InputKind::Button).label(label)
}

/// Enrolling a security key.
pub(super) fn register(options: &str, label: Message) -> Vec<Node> {
    let call = format!("window.oryWebAuthnRegistration({options})");
    vec![
        Node::input(KEY, "webauthn_register_displayname", InputKind::Text)
            .value("")
            .label(texts::security_key_name()),
        hidden(KEY, "webauthn_register").value(""),
        button(KEY, "webauthn_register_trigger", label)
            .value(options)
            .on_click("oryWebAuthnRegistration", call),
    ]
}

/// Signing with a security key.
pub(super) fn sign(options: &str, label: Message) -> (Node, Node) {
    let call = format!("window.oryWebAuthnLogin({options})");
    let trigger = button(KEY, "webauthn_login_trigger", label)
        .value(options)
        .on_click("oryWebAuthnLogin", call);
    (trigger, hidden(KEY, "webauthn_login").value(""))
}

/// Taking a security key away.
pub(super) fn remove_key(key: &StoredKey, disabled: bool) -> Node {
    let label = texts::remove_security_key(key.display_name(), key.added_at());
    remove(KEY, "webauthn_remove", key, disabled, label)
}

/// Taking a passkey away.
pub(super) fn remove_passkey(key: &StoredKey, disabled: bool) -> Node {
    let label = texts::remove_passkey(key.display_name(), key.added_at());
    remove(PASSKEY, "passkey_remove", key, disabled, label)
}

fn remove(group: NodeGroup, name: &str, key: &StoredKey, disabled: bool, label: Message) -> Node {
    let node = Node::input(group, name, InputKind::Submit)
        .value(key.hex_id())
        .label(label);
    if disabled { node.disabled() } else { node }
}

/// Signing in with a passkey. A browser fills it in by itself where it can, unless a known person
/// (`again`) proves who they are.
pub(super) fn passkey_login(options: &str, again: bool) -> Vec<Node> {
    let answer = hidden(PASSKEY, "passkey_login");
    let answer = if again {
        answer
    } else {
        let name = "oryPasskeyLoginAutocompleteInit";
        answer.on_load(name, format!("window.{name}()"))
    };
    vec![
        hidden(PASSKEY, "passkey_challenge").value(options),
        answer,
        button(PASSKEY, "passkey_login_trigger", texts::use_passkey())
            .value("")
            .on_click("oryPasskeyLogin", "window.oryPasskeyLogin()".to_owned()),
    ]
}

/// Enrolling a passkey in the settings.
pub(super) fn passkey_settings(options: &str) -> Vec<Node> {
    let name = "oryPasskeySettingsRegistration";
    vec![
        button(PASSKEY, "passkey_register_trigger", texts::add_passkey())
            .value("")
            .on_click(name, format!("window.{name}()")),
        hidden(PASSKEY, "passkey_settings_register"),
        hidden(PASSKEY, "passkey_create_data").value(options),
    ]
}
/// Signing up with a passkey.
pub(super) fn passkey_sign_up(data: &str) -> Vec<Node> {
    let name = "oryPasskeyRegistration";
    vec![
        hidden(PASSKEY, "passkey_register"),
        hidden(PASSKEY, "passkey_create_data").value(data),
        button(
            PASSKEY,
            "passkey_register_trigger",
            texts::sign_up_with_passkey(),
        )
        .value("")
        .on_click(name, format!("window.{name}()")),
    ]
}
