//! The form behind "Continue": which request, and the proof that its page was shown to this
//! session.

use super::ResumeId;
use super::id::CHARACTERS;

const ID: &str = "stepgate_resume";
const PROOF: &str = "stepgate_proof";

/// The length of the form as every browser sends it: by it alone the gateway knows which few
/// requests are worth a look.
pub const CONTINUATION_BYTES: usize = ID.len() + 1 + CHARACTERS + 1 + PROOF.len() + 1 + CHARACTERS;

/// Somebody pressed "Continue".
#[derive(Clone, Debug)]
pub struct Continuation {
    /// Of which request.
    pub id: ResumeId,
    /// What the page had for it.
    pub proof: String,
}

impl Continuation {
    /// The names of the two fields.
    pub const FIELDS: [&'static str; 2] = [ID, PROOF];

    /// Reads the form; `None` for any other one.
    #[must_use]
    pub fn parse(form: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(form).ok()?;
        let rest = text.strip_prefix(ID)?.strip_prefix('=')?;
        let (id, rest) = rest.split_once('&')?;
        let proof = rest.strip_prefix(PROOF)?.strip_prefix('=')?;
        Some(Self {
            id: ResumeId::parse(id)?,
            proof: (proof.len() == CHARACTERS).then(|| proof.to_owned())?,
        })
    }
}
