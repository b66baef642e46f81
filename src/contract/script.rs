//! The script that forms with security keys and passkeys load.

/// The script, as it is served at [`SECURITY_KEY_SCRIPT_PATH`]. User interfaces check it by its
/// hash.
pub const SECURITY_KEY_SCRIPT: &str = include_str!("webauthn.js");

/// Where it is, below the public URL.
pub const SECURITY_KEY_SCRIPT_PATH: &str = "/.well-known/ory/webauthn.js";
