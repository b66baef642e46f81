//! The embedded identity service over its public API: what it does beyond Kratos' contract.

mod attacks;
mod change_mails;
mod guessing;
mod hooks;
mod identifier_first;
mod leaks;
mod oidc;
mod own_ui;
mod pages;
mod places;
mod rotation;
mod tokenizing;
mod tokens;
pub(crate) mod world;
