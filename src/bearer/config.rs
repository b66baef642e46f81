//! `bearer_jwt` of `stepgate.yaml`.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::expression::Program;
use crate::signing::Algorithm;

/// An issuer whose tokens are believed.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// `iss` of its tokens, to the letter.
    pub issuer: Box<str>,
    /// Where its keys are.
    pub keys: KeySource,
    /// One of these must be in `aud`; empty: any audience will do.
    pub audiences: Vec<Box<str>>,
    /// Where the identity's id is.
    pub subject: SubjectSource,
    /// The level, worked out of `claims`; `None`: as `acr` and `amr` say.
    pub aal: Option<Program>,
    /// The methods' names, worked out of `claims`; `None`: as `amr` says.
    pub methods: Option<Program>,
    /// How far clocks may be apart.
    pub leeway: Duration,
    /// What its keys may be used with; `None`: what each key says, or the usual for its kind.
    pub algorithms: Option<Vec<Algorithm>>,
    /// The longest time between `iat` and `exp` that is accepted.
    pub max_life: Option<Duration>,
}

/// Where an issuer's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// At this URL.
    Url(Url),
    /// In this file.
    File(PathBuf),
}

/// Where the identity's id is in a token.
#[derive(Clone, Debug)]
pub enum SubjectSource {
    /// The claim of this name.
    Claim(Box<str>),
    /// What this makes of `claims`.
    Expression(Program),
}
