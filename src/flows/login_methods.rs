//! Trying a factor at login.

use super::answer::Failure;
use super::current::Current;
use super::hasher::PasswordError;
use super::login::Try;
use super::login_done::Passed;
use super::record::FlowRecord;
use super::service::{Service, internal};
use super::throttle::Gate;
use super::visitor::Visitor;
use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::Problem;
use crate::contract::texts;
use crate::identity::credential::{fold_identifier, password, totp};
use crate::identity::throttle::ThrottleKind;
use crate::identity::{AmrEntry, CredentialType};
use crate::secret::SecretString;
use crate::store::{Account, StoreError};
use crate::web::Fields;

/// Least length of a code at login; shorter ones are told at the field.
const CODE_LENGTH: u64 = 6;

impl Service {
    /// Tries a password. An unknown person costs the same work as a known one, and is told the
    /// same.
    pub(super) async fn try_password(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        current: Option<&Current>,
    ) -> Result<Try, Failure> {
        let identifier = fields.text("identifier").unwrap_or_default();
        let password = SecretString::new(fields.text("password").unwrap_or_default());
        let shown = record.clone();
        Self::keep_identifier(record, fields);
        let mut missing = false;
        for (name, empty) in [
            ("identifier", identifier.trim().is_empty()),
            ("password", password.expose().is_empty()),
        ] {
            if empty {
                record.say_at(name, texts::required(name));
                missing = true;
            }
        }
        if missing {
            return Ok(Try::Wrong);
        }
        let kind = CredentialType::Password;
        let folded = fold_identifier(kind, &identifier);
        let found = self
            .store
            .account_by_identifier(kind, &folded)
            .await
            .map_err(internal)?;
        let subject = match &found {
            Some(account) => account.identity.id.uuid().into_bytes().to_vec(),
            None => folded.into_bytes(),
        };
        let gate = self
            .count_try(ThrottleKind::Password, &subject, visitor)
            .await?;
        let right = self
            .password_matches(found.as_ref(), password, gate.is_open())
            .await?;
        let (Some(account), true) = (found, right) else {
            return Ok(Self::wrong(record, texts::invalid_credentials()));
        };
        self.forgive_try(gate).await?;
        // From here on the try is over: the form is again what it was.
        *record = shown;
        record.active = Some(AuthenticationMethod::Password.as_str().to_owned());
        if !Self::can_sign_in(&account) {
            return Ok(Self::wrong(record, texts::identity_disabled()));
        }
        let same_person =
            current.is_some_and(|current| current.account.identity.id == account.identity.id);
        let step = AmrEntry::new(AuthenticationMethod::Password, Aal::Aal1, self.now());
        Ok(Try::Passed(Box::new(Passed {
            account,
            step,
            same_person,
        })))
    }

    /// Compares, always with the work of one hash; `open` says whether right counts as right.
    async fn password_matches(
        &self,
        account: Option<&Account>,
        password: SecretString,
        open: bool,
    ) -> Result<bool, Failure> {
        let stored = account
            .and_then(|account| account.credentials.find(CredentialType::Password))
            .and_then(password::hash_of);
        let hash = stored.map(str::to_owned);
        let verdict = self.hasher.check(password, hash).await.map_err(hashing)?;
        if let (Some(account), Some(better)) = (account, verdict.replacement)
            && open
        {
            self.keep_better_hash(account, &better).await?;
        }
        Ok(verdict.matches && open)
    }

    /// Replaces the hash of a right password by one of the configured kind. Somebody else's change
    /// goes first; then the old hash does for now.
    async fn keep_better_hash(&self, account: &Account, hash: &str) -> Result<(), Failure> {
        let mut account = account.clone();
        let now = self.now();
        if let Some(credential) = account.credentials.find_mut(CredentialType::Password) {
            credential.config = password::config(hash);
            credential.updated_at = now;
        }
        let Account {
            identity,
            credentials,
        } = &mut account;
        match self.store.save_identity(identity, credentials).await {
            Ok(()) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(internal(error)),
        }
    }

    /// Tries a code of an authenticator app. A code counts once.
    pub(super) async fn try_totp(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        current: &Current,
    ) -> Result<Try, Failure> {
        let code = fields.text("totp_code").unwrap_or_default();
        record.fill("totp_code", None);
        let credential = current.account.credentials.find(CredentialType::Totp);
        let Some(secret) = credential.and_then(totp::secret_of) else {
            return Ok(Self::wrong(record, texts::no_totp()));
        };
        let length = u64::try_from(code.chars().count()).unwrap_or(u64::MAX);
        if length == 0 {
            record.say_at("totp_code", texts::required("totp_code"));
            return Ok(Try::Wrong);
        }
        if length < CODE_LENGTH {
            record.say_at("totp_code", texts::min_length(CODE_LENGTH, length));
            return Ok(Try::Wrong);
        }
        let identity = current.account.identity.id;
        let gate = self
            .count_try(ThrottleKind::SecondFactor, identity.as_bytes(), visitor)
            .await?;
        if !self.take_totp_code(identity, &secret, &code, &gate).await? {
            return Ok(Self::wrong(record, texts::totp_wrong()));
        }
        self.forgive_try(gate).await?;
        let step = AmrEntry::new(AuthenticationMethod::Totp, Aal::Aal2, self.now());
        Ok(Try::Passed(Box::new(Passed {
            account: current.account.clone(),
            step,
            same_person: true,
        })))
    }

    /// Whether the code is right, was not used before, and may be tried at all. It is used up by
    /// one conditional write, so that of two that come at once one counts.
    pub(super) async fn take_totp_code(
        &self,
        identity: crate::identity::IdentityId,
        secret: &totp::TotpSecret,
        code: &str,
        gate: &Gate,
    ) -> Result<bool, Failure> {
        let now = self.clock.steady_wall();
        let Some(step) = secret.verify(code, now.as_second(), None) else {
            return Ok(false);
        };
        if !gate.is_open() {
            return Ok(false);
        }
        self.store
            .take_totp_step(identity, step)
            .await
            .map_err(internal)
    }
}

/// A full queue is the caller's turn to wait; anything else is our failure.
pub(super) fn hashing(error: PasswordError) -> Failure {
    match error {
        PasswordError::Busy => Problem::too_many_requests().into(),
        PasswordError::Hash(_) | PasswordError::Stopped => internal(error),
    }
}
