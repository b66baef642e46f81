//! Amounts and account numbers, as people write them.

use std::fmt;

/// An amount in euro cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cents(pub(super) i64);

impl Cents {
    /// Reads `25`, `25.5`, `25,50`; nothing else, and nothing below a cent.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (euros, cents) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if euros.is_empty() || cents.len() > 2 || !is_number(euros) || !is_number(cents) {
            return None;
        }
        let euros: i64 = euros.parse().ok()?;
        let cents: i64 = format!("{cents:0<2}").parse().ok()?;
        let amount = euros.checked_mul(100)?.checked_add(cents)?;
        (amount > 0).then_some(Self(amount))
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "−" } else { "" };
        let (euros, cents) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        let digits = euros.to_string();
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        write!(f, "{sign}€{grouped}.{cents:02}")
    }
}

/// An account number whose check digits are right (ISO 13616), written in groups of four.
pub(super) fn parse_iban(text: &str) -> Option<String> {
    let compact: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let sound = (15..=34).contains(&compact.len())
        && compact.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && compact
            .bytes()
            .take(2)
            .all(|byte| byte.is_ascii_uppercase())
        && compact
            .bytes()
            .skip(2)
            .take(2)
            .all(|byte| byte.is_ascii_digit());
    if !sound {
        return None;
    }
    // The first four characters go to the end, letters become 10 to 35, and the whole is 1 mod 97.
    let rotated = compact.chars().skip(4).chain(compact.chars().take(4));
    let remainder = rotated
        .filter_map(|c| c.to_digit(36))
        .fold(0_u32, |rest, value| {
            let shift = if value > 9 { 100 } else { 10 };
            (rest * shift + value) % 97
        });
    (remainder == 1).then(|| in_fours(&compact))
}

fn in_fours(text: &str) -> String {
    let mut spaced = String::new();
    for (index, c) in text.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            spaced.push(' ');
        }
        spaced.push(c);
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        for (text, cents) in [("25", 2500), (" 25.5 ", 2550), ("25,05", 2505), ("0.01", 1)] {
            assert_eq!(Cents::parse(text), Some(Cents(cents)), "{text}");
        }
        for text in [
            "",
            "0",
            "-5",
            "1.234",
            "1e3",
            "ten",
            "1,000.00",
            ".5",
            "9999999999999999999",
        ] {
            assert_eq!(Cents::parse(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_are_shown_in_groups_of_three() {
        assert_eq!(Cents(1_234_567).to_string(), "€12,345.67");
        assert_eq!(Cents(-5).to_string(), "−€0.05");
        assert_eq!(Cents(100_000).to_string(), "€1,000.00");
    }

    #[test]
    fn an_account_number_with_wrong_check_digits_is_refused() {
        assert_eq!(
            parse_iban("de89 3704 0044 0532 0130 00").as_deref(),
            Some("DE89 3704 0044 0532 0130 00")
        );
        assert_eq!(
            parse_iban("GB29NWBK60161331926819").as_deref(),
            Some("GB29 NWBK 6016 1331 9268 19")
        );
        for wrong in [
            "DE88370400440532013000",
            "DE89",
            "",
            "DE89 3704 0044 0532 0130 0é",
        ] {
            assert_eq!(parse_iban(wrong), None, "{wrong}");
        }
    }
}
