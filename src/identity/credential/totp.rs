//! Codes of an authenticator app: RFC 6238 with SHA-1, six digits, 30 seconds.

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::Credential;
use crate::secret::Secret;

/// Seconds a code belongs to.
pub const PERIOD_SECONDS: i64 = 30;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Bytes of a new secret.
pub const SECRET_BYTES: usize = 20;
/// Steps before and after the current one whose codes are taken.
pub const SKEW_STEPS: i64 = 1;

/// The letters of base32 (RFC 4648).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The secret that app and service share.
#[derive(Clone, Debug)]
pub struct TotpSecret(Secret<Vec<u8>>);

impl TotpSecret {
    /// A new random secret.
    #[must_use]
    pub fn random() -> Self {
        Self(Secret::new(rand::random::<[u8; SECRET_BYTES]>().to_vec()))
    }

    /// Reads base32, in any case, with or without padding and blanks.
    #[must_use]
    pub fn from_base32(text: &str) -> Option<Self> {
        let (mut bits, mut count, mut bytes) = (0_u32, 0_u32, Vec::new());
        for letter in text
            .bytes()
            .filter(|byte| !matches!(byte, b'=' | b' ' | b'-'))
        {
            let letter = letter.to_ascii_uppercase();
            let value = BASE32.iter().position(|&one| one == letter)?;
            bits = (bits << 5) | u32::try_from(value).ok()?;
            count += 5;
            if count >= 8 {
                count -= 8;
                bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
            }
        }
        (!bytes.is_empty()).then(|| Self(Secret::new(bytes)))
    }

    /// The secret as people type it: base32 without padding.
    #[must_use]
    pub fn base32(&self) -> String {
        let (mut bits, mut count, mut text) = (0_u32, 0_u32, String::new());
        let mut push = |index: u32| {
            let letter = usize::try_from(index & 0x1f)
                .ok()
                .and_then(|index| BASE32.get(index));
            text.extend(letter.map(|&byte| char::from(byte)));
        };
        for &byte in self.0.expose() {
            bits = (bits << 8) | u32::from(byte);
            count += 8;
            while count >= 5 {
                count -= 5;
                push(bits >> count);
            }
        }
        if count > 0 {
            push(bits << (5 - count));
        }
        text
    }

    /// The code of a time step.
    #[must_use]
    pub fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.expose());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or(0) & 0xf);
        let mut word = [0_u8; 4];
        for (to, from) in word.iter_mut().zip(tag.iter().skip(offset)) {
            *to = *from;
        }
        let number = (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000;
        format!("{number:0width$}", width = DIGITS)
    }

    /// The step whose code this is, at `unix_seconds`, give or take one step, and later than
    /// `last_used`: a code that was used, or one before it, is not taken again.
    #[must_use]
    pub fn verify(&self, code: &str, unix_seconds: i64, last_used: Option<i64>) -> Option<i64> {
        let code = code.trim();
        if code.len() != DIGITS || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let current = unix_seconds.div_euclid(PERIOD_SECONDS);
        let mut found = None;
        for step in (current - SKEW_STEPS)..=(current + SKEW_STEPS) {
            let same: bool = self.code(step).as_bytes().ct_eq(code.as_bytes()).into();
            if same && last_used.is_none_or(|last| step > last) {
                found = found.or(Some(step));
            }
        }
        found
    }

    /// The URL that a QR code carries, its parameters in Kratos' order.
    #[must_use]
    pub fn url(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (escape(issuer), escape(account));
        let secret = self.base32();
        format!(
            "otpauth://totp/{issuer}:{account}?algorithm=SHA1&digits={DIGITS}\
             &issuer={issuer}&period={PERIOD_SECONDS}&secret={secret}"
        )
    }

    /// Reads the secret out of an `otpauth://totp/` URL.
    #[must_use]
    pub fn from_url(url: &str) -> Option<Self> {
        let url = url::Url::parse(url).ok()?;
        if url.scheme() != "otpauth" || url.host_str() != Some("totp") {
            return None;
        }
        let secret = url.query_pairs().find(|(key, _)| key == "secret")?;
        Self::from_base32(&secret.1)
    }
}

/// Percent-encodes what would end a part of the URL; `@` and `:` stay readable.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~@:$".contains(&byte);
        if plain {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The secret of a stored credential.
#[must_use]
pub fn secret_of(credential: &Credential) -> Option<TotpSecret> {
    TotpSecret::from_url(credential.config.get("totp_url")?.as_str()?)
}

/// Whether an authenticator app is set up.
#[must_use]
pub fn is_set(credential: &Credential) -> bool {
    let url = credential.config.get("totp_url").and_then(Value::as_str);
    url.is_some_and(|url| !url.is_empty())
}

/// The credential's configuration for this URL.
#[must_use]
pub fn config(url: &str) -> Value {
    json!({ "totp_url": url })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc() -> TotpSecret {
        TotpSecret(Secret::new(b"12345678901234567890".to_vec()))
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(rfc().code(seconds / PERIOD_SECONDS), code);
        }
    }

    #[test]
    fn one_step_early_or_late_is_taken_and_two_are_not() {
        let (secret, now) = (rfc(), 1_111_111_111);
        let current = now / PERIOD_SECONDS;
        for step in -3..=3 {
            let code = secret.code(current + step);
            let taken = secret.verify(&code, now, None);
            assert_eq!(taken.is_some(), step.abs() <= 1, "step {step}");
        }
    }

    #[test]
    fn a_used_code_and_the_ones_before_it_are_not_taken_again() {
        let (secret, now) = (rfc(), 1_111_111_111);
        let current = now / PERIOD_SECONDS;
        let code = secret.code(current);
        assert_eq!(secret.verify(&code, now, None), Some(current));
        assert_eq!(secret.verify(&code, now, Some(current)), None);
        assert_eq!(
            secret.verify(&secret.code(current - 1), now, Some(current)),
            None
        );
        let next = secret.verify(&secret.code(current + 1), now, Some(current));
        assert_eq!(next, Some(current + 1));
    }

    #[test]
    fn a_code_is_six_digits_with_blanks_around_at_most() {
        let (secret, now) = (rfc(), 59);
        assert!(secret.verify(" 287082 ", now, None).is_some());
        for wrong in ["28708", "2870820", "28 7082", "+87082", "", "２８７０８２"] {
            assert!(secret.verify(wrong, now, None).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_url_reads_back_and_has_its_parameters_in_order() {
        let url = rfc().url("My Bank", "ada@bank.example");
        assert_eq!(
            url,
            "otpauth://totp/My%20Bank:ada@bank.example?algorithm=SHA1&digits=6\
             &issuer=My%20Bank&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        );
        assert_eq!(TotpSecret::from_url(&url).unwrap().base32(), rfc().base32());
        assert!(TotpSecret::from_url("https://totp/?secret=GEZDGNBV").is_none());
    }

    #[test]
    fn new_secrets_are_32_letters_and_differ() {
        let (one, two) = (TotpSecret::random(), TotpSecret::random());
        assert_eq!(one.base32().len(), 32);
        assert_ne!(one.base32(), two.base32());
        assert_eq!(format!("{one:?}"), "TotpSecret([redacted])");
    }
}
