//! Security keys and passkeys: offering them, enrolling them, signing in with them.

mod login;
mod nodes;
mod offer;
mod passkey;
mod passkey_settings;
mod registration;
mod settings;

pub use offer::KeyOffer;
pub(super) use registration::KeySignUp;
