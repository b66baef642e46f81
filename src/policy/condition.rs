//! `condition` of a rule: an expression over session, request and time.

use jiff::Timestamp;

use super::{Outcome, Seen, Standing};
use crate::aal::Aal;
use crate::expression::{Facts, Failure, FailureKind, Position, Program, Reads, Session, Told};

/// What a rule asks besides levels, methods and ages. No answer is no yes.
#[derive(Debug)]
pub struct Condition {
    programs: Box<[Program]>,
    told: Told,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.programs == other.programs
    }
}

impl Eq for Condition {}

impl Condition {
    /// The condition that each of `programs` holds.
    #[must_use]
    pub fn new(programs: Vec<Program>) -> Self {
        Self {
            programs: programs.into(),
            told: Told::default(),
        }
    }

    /// What it reads of a session.
    #[must_use]
    pub fn reads(&self) -> Reads {
        let programs = self.programs.iter();
        programs.fold(Reads::nothing(), |reads, program| {
            reads.with(program.reads())
        })
    }

    /// The expressions, as they are written: each must hold.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.programs.iter().map(Program::source)
    }

    /// Whether it reads anything of a session.
    #[must_use]
    pub fn reads_session(&self) -> bool {
        self.programs.iter().any(Program::reads_session)
    }

    /// What is missing; `None` where it holds.
    pub(super) fn weigh(
        &self,
        seen: Seen<'_>,
        standing: Standing<'_>,
        now: Timestamp,
    ) -> Option<Outcome> {
        match self.answer(seen, standing, now) {
            Ok(true) => None,
            Ok(false) | Err(_) => Some(Outcome::Deny),
        }
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// Session and request don't let it be answered.
    pub fn answer(
        &self,
        seen: Seen<'_>,
        standing: Standing<'_>,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let session = match standing {
            Standing::Known(subject) if subject.expires_at > now && subject.aal >= Aal::Aal1 => {
                match &subject.document {
                    None if self.reads_session() => return Err(UNPREPARED),
                    document => document.as_deref(),
                }
            }
            Standing::Known(_) | Standing::Anonymous | Standing::Undisclosed => None::<&Session>,
        };
        let facts = Facts {
            session,
            request: Some(&seen),
            now,
        };
        for program in &self.programs {
            if !program.holds(&facts)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Why it could not be answered, if that is so and was not told a moment ago.
    #[must_use]
    pub fn news(&self, seen: Seen<'_>, standing: Standing<'_>, now: Timestamp) -> Option<Failure> {
        let failure = self.answer(seen, standing, now).err()?;
        self.told.is_news(failure.kind, now).then_some(failure)
    }
}

const UNPREPARED: Failure = Failure {
    kind: FailureKind::Unprepared,
    position: Position { line: 1, column: 1 },
};
