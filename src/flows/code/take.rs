//! Trying a code: counted first, taken once.

use crate::contract::{Message, texts};
use crate::flows::answer::Failure;
use crate::flows::record::FlowRecord;
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::code::CodePurpose;
use crate::identity::throttle::ThrottleKind;
use crate::store::TakenCode;

/// What came of a try.
pub(in crate::flows) enum Tried {
    /// It was right, and is used up.
    Right(TakenCode),
    /// It was wrong, too old or used; or too much was guessed for this account lately.
    Wrong,
    /// This flow had all its tries.
    TooMany,
}

impl Service {
    /// Tries a code or token of this flow. The try is counted and committed before anything is
    /// compared; a right code is taken by one conditional write before it opens anything.
    pub(in crate::flows) async fn try_sent(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
        purpose: CodePurpose,
        text: &str,
    ) -> Result<Tried, Failure> {
        let limit = self.settings.methods.code.max_submissions;
        let counted = self
            .store
            .count_code_try(record.id, limit, record.expires_at)
            .await
            .map_err(internal)?;
        if !counted {
            return Ok(Tried::TooMany);
        }
        let kind = if record.second_factor {
            ThrottleKind::SecondFactor
        } else {
            ThrottleKind::Code
        };
        let gate = self.count_try(kind, &subject_of(record), visitor).await?;
        let (Some(secret), true) = (purpose.read(text), gate.is_open()) else {
            return Ok(Tried::Wrong);
        };
        let taken = self
            .store
            .take_code(record.id, purpose, &secret, self.now())
            .await
            .map_err(internal)?;
        match taken {
            Some(taken) => {
                self.forgive_try(gate).await?;
                Ok(Tried::Right(taken))
            }
            None => Ok(Tried::Wrong),
        }
    }

    /// What is said of the flow's last try.
    pub(in crate::flows) fn too_many_tries() -> Message {
        texts::generic("The code was entered wrong too often. Please ask for a new one.")
    }
}

/// Whom the tries count against: one count for a person, whatever the address.
fn subject_of(record: &FlowRecord) -> Vec<u8> {
    let Some(sent) = &record.sent else {
        return record.id.as_bytes().to_vec();
    };
    match sent.identity {
        Some(identity) => identity.as_bytes().to_vec(),
        None => sent.address.trim().to_lowercase().into_bytes(),
    }
}
