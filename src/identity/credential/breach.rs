//! Looking for a password among those of data leaks without telling it: only the first five
//! digits of its SHA-1 leave, and everybody whose password shares them asks the same question.

use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;

/// Digits that leave.
const PREFIX_DIGITS: usize = 5;

/// The question about a password. It has no `Debug`: the rest of the hash is as good as the
/// password to a guesser.
pub struct Question {
    prefix: String,
    rest: String,
}

impl Question {
    /// The question about this password.
    #[must_use]
    pub fn about(password: &str) -> Self {
        let digest = Sha1::digest(password.as_bytes());
        let digits: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        let (prefix, rest) = digits.split_at_checked(PREFIX_DIGITS).unwrap_or_default();
        Self {
            prefix: prefix.to_owned(),
            rest: rest.to_owned(),
        }
    }

    /// The digits that are sent.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How often the password was leaked, by an answer of lines `REST:COUNT`. Lines that do not
    /// read so are nothing; padding counts zero.
    #[must_use]
    pub fn count_in(&self, answer: &str) -> u64 {
        let counts = answer.lines().filter_map(|line| {
            let (rest, count) = line.trim().split_once(':')?;
            let same = rest
                .to_ascii_uppercase()
                .as_bytes()
                .ct_eq(self.rest.as_bytes());
            bool::from(same).then(|| count.trim().parse().ok())?
        });
        counts.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_five_digits_leave_and_the_rest_is_found_in_the_answer() {
        // The SHA-1 of "password" is 5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8.
        let question = Question::about("password");
        assert_eq!(question.prefix(), "5BAA6");
        let answer = "003D68EB55068C33ACE09247EE4C639306B:3\r\n\
                      1e4c9b93f3f0682250b6cf8331b7ee68fd8:9659365\r\n\
                      nonsense\r\nFFF:many\r\n";
        assert_eq!(question.count_in(answer), 9_659_365);
        assert_eq!(
            question.count_in("1E4C9B93F3F0682250B6CF8331B7EE68FD8:0"),
            0
        );
        assert_eq!(question.count_in(""), 0);
        assert_eq!(Question::about("another").count_in(answer), 0);
    }
}
