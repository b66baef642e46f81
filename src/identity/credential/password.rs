//! Passwords: what they must be like, and the shape of the credential.

use serde_json::{Value, json};

use super::Credential;
use crate::identity::schema::Violation;
use crate::identity::settings::PasswordSettings;

/// Passwords that every guesser tries first, in lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// The most bytes that bcrypt looks at.
pub const BCRYPT_MAX_BYTES: usize = 72;

/// The form field.
const FIELD: &str = "password";

/// The stored hash, if a password is set.
#[must_use]
pub fn hash_of(credential: &Credential) -> Option<&str> {
    let hash = credential.config.get("hashed_password")?.as_str()?;
    (!hash.is_empty()).then_some(hash)
}

/// Whether a password can be used: a hash is there, or the migration hook stands in for it.
#[must_use]
pub fn is_set(credential: &Credential) -> bool {
    let hook = credential.config.get("use_password_migration_hook");
    hash_of(credential).is_some() || hook.and_then(Value::as_bool) == Some(true)
}

/// The credential's configuration for this hash.
#[must_use]
pub fn config(hash: &str) -> Value {
    json!({ "hashed_password": hash })
}

/// Checks a new password against the policy.
///
/// `identifiers` are the person's own names and addresses; `bcrypt` says that the hash to be
/// made looks at 72 bytes only.
///
/// # Errors
/// The first violation, at the form field `password`.
pub fn check_policy(
    password: &str,
    identifiers: &[String],
    settings: &PasswordSettings,
    bcrypt: bool,
) -> Result<(), Violation> {
    let length = password.len();
    if length < settings.min_length_bytes {
        let min = settings.min_length_bytes;
        return Err(Violation::new(
            FIELD,
            4_000_032,
            format!("The password must be at least {min} characters long, but got {length}."),
            json!({"min_length": min, "actual_length": length}),
        ));
    }
    let longest = if bcrypt {
        settings.max_length_bytes.min(BCRYPT_MAX_BYTES)
    } else {
        settings.max_length_bytes
    };
    if length > longest {
        return Err(Violation::new(
            FIELD,
            4_000_033,
            format!("The password must be at most {longest} characters long, but got {length}."),
            json!({"max_length": longest, "actual_length": length}),
        ));
    }
    let resembles = |identifier: &String| is_similar(password, identifier);
    if settings.similarity_check && identifiers.iter().any(resembles) {
        return Err(Violation::new(
            FIELD,
            4_000_031,
            "The password can not be used because it is too similar to the identifier.",
            json!({}),
        ));
    }
    if settings.breach_check && is_common(password) {
        return Err(breached());
    }
    Ok(())
}

/// The password was leaked.
#[must_use]
pub fn breached() -> Violation {
    let text = "The password has been found in data breaches and must no longer be used.";
    Violation::new(FIELD, 4_000_034, text, json!({}))
}

/// Nobody could say whether the password was leaked, and the configuration asks for an answer.
#[must_use]
pub fn unchecked() -> Violation {
    let text = "It could not be checked whether this password was leaked. Try again later.";
    Violation::new(FIELD, 4_000_005, text, json!({ "reason": text }))
}

/// Whether a password is among those that guessers try first. Case does not count.
#[must_use]
pub fn is_common(password: &str) -> bool {
    let folded = password.to_lowercase();
    COMMON.lines().any(|common| common == folded)
}

/// Whether a password resembles an identifier: fewer than five edits apart, or sharing a run of
/// characters longer than half the password. Case does not count.
#[must_use]
pub fn is_similar(password: &str, identifier: &str) -> bool {
    // Longer ones cannot be similar by accident, and the comparison is quadratic.
    const COMPARED: usize = 256;
    let fold = |text: &str| -> Vec<char> { text.to_lowercase().chars().take(COMPARED).collect() };
    let (password, identifier) = (fold(password), fold(identifier));
    if identifier.is_empty() {
        return false;
    }
    let edits = strsim::generic_levenshtein(&password, &identifier);
    edits < 5 || longest_common_run(&password, &identifier) * 2 > password.len()
}

fn longest_common_run(left: &[char], right: &[char]) -> usize {
    let mut longest = 0;
    let mut above = vec![0_usize; right.len()];
    for a in left {
        let mut diagonal = 0;
        for (cell, b) in above.iter_mut().zip(right) {
            let run = if a == b { diagonal + 1 } else { 0 };
            diagonal = std::mem::replace(cell, run);
            longest = longest.max(run);
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(password: &str) -> Option<u32> {
        let own = ["ada.lovelace@bank.example".to_owned()];
        check_policy(password, &own, &PasswordSettings::default(), false)
            .err()
            .map(|one| one.id)
    }

    #[test]
    fn short_long_and_similar_passwords_are_refused() {
        assert_eq!(id_of("short"), Some(4_000_032));
        assert_eq!(id_of(&"x".repeat(1025)), Some(4_000_033));
        assert_eq!(id_of("ada.lovelace@bank.exampl"), Some(4_000_031));
        assert_eq!(id_of("LOVELACE@bank1"), Some(4_000_031));
        assert_eq!(id_of("correct horse battery"), None);
    }

    #[test]
    fn passwords_that_guessers_try_first_are_refused() {
        for common in ["Password123", "qwertyuiop", "1234567890", "ILOVEYOU"] {
            assert_eq!(id_of(common), Some(4_000_034), "{common}");
        }
        let lax = PasswordSettings {
            breach_check: false,
            ..PasswordSettings::default()
        };
        assert!(check_policy("Password123", &[], &lax, false).is_ok());
    }

    #[test]
    fn bcrypt_passwords_end_at_72_bytes() {
        let long = "é".repeat(37);
        let settings = PasswordSettings::default();
        let found = check_policy(&long, &[], &settings, true).unwrap_err();
        assert_eq!(found.id, 4_000_033);
        assert!(check_policy(&long, &[], &settings, false).is_ok());
    }

    #[test]
    fn the_longest_common_run_is_found_anywhere() {
        let run = |a: &str, b: &str| {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            longest_common_run(&chars(a), &chars(b))
        };
        assert_eq!(run("xxhellozz", "aahellobb"), 5);
        assert_eq!(run("abc", "xyz"), 0);
        assert_eq!(run("aaa", "aa"), 2);
    }
}
