//! `session.whoami.tokenizer.templates`: sessions as signed tokens.

use std::time::Duration;

use crate::jsonnet::Snippet;
use crate::signing::SigningKey;

/// A kind of token that whoami makes of a session.
#[derive(Clone, Debug)]
pub struct TokenTemplate {
    /// Its name (`whoami?tokenize_as=`).
    pub name: String,
    /// How long a token counts.
    pub ttl: Duration,
    /// What signs it.
    pub key: SigningKey,
    /// The program that adds claims and changes them.
    pub claims_mapper: Option<Snippet>,
    /// Whom the token is about.
    pub subject_source: SubjectSource,
}

/// What stands in `sub`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubjectSource {
    /// The identity's id.
    #[default]
    Id,
    /// The id that another system gave it.
    ExternalId,
}
