//! The transfer form: what was entered, and what is wrong with it.

use serde::Deserialize;

use super::ledger::Order;
use super::money::{Cents, parse_iban};

/// Longest text that a field takes, in characters.
const MAX_TEXT: usize = 70;

/// The form as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct TransferForm {
    #[serde(default)]
    pub(super) token: String,
    #[serde(default)]
    pub(super) payee: String,
    #[serde(default)]
    pub(super) iban: String,
    #[serde(default)]
    pub(super) amount: String,
    #[serde(default)]
    pub(super) reference: String,
}

impl TransferForm {
    /// A form that is filled in already, so that the tour is short.
    pub(super) fn example(token: String) -> Self {
        Self {
            token,
            payee: "Ada Lovelace".to_owned(),
            iban: "DE89 3704 0044 0532 0130 00".to_owned(),
            amount: "25.00".to_owned(),
            reference: "Dinner on Friday".to_owned(),
        }
    }

    /// The order, or what has to be mended.
    pub(super) fn check(&self) -> Result<Order, Mistakes> {
        let payee = self.payee.trim();
        let reference = self.reference.trim();
        let iban = parse_iban(&self.iban);
        let amount = Cents::parse(&self.amount);
        let mistakes = Mistakes {
            payee: wrong_name(payee),
            iban: iban
                .is_none()
                .then_some("Check the account number: it does not add up."),
            amount: amount
                .is_none()
                .then_some("Enter an amount in euros, such as 25.00."),
            reference: (reference.chars().count() > MAX_TEXT)
                .then_some("Write at most 70 characters."),
            form: None,
        };
        match (iban, amount) {
            (Some(iban), Some(amount)) if mistakes.payee.or(mistakes.reference).is_none() => {
                Ok(Order {
                    payee: payee.to_owned(),
                    iban,
                    amount,
                    reference: reference.to_owned(),
                })
            }
            _ => Err(mistakes),
        }
    }
}

fn wrong_name(payee: &str) -> Option<&'static str> {
    if payee.is_empty() {
        Some("Enter who gets the money.")
    } else if payee.chars().count() > MAX_TEXT {
        Some("Write at most 70 characters.")
    } else {
        None
    }
}

/// What is wrong, field by field.
#[derive(Clone, Debug, Default)]
pub(super) struct Mistakes {
    pub(super) payee: Option<&'static str>,
    pub(super) iban: Option<&'static str>,
    pub(super) amount: Option<&'static str>,
    pub(super) reference: Option<&'static str>,
    /// Wrong with the whole.
    pub(super) form: Option<&'static str>,
}

impl Mistakes {
    pub(super) fn any(&self) -> bool {
        self.list().next().is_some()
    }

    /// Field and text of each.
    pub(super) fn list(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [
            ("", self.form),
            ("payee", self.payee),
            ("iban", self.iban),
            ("amount", self.amount),
            ("reference", self.reference),
        ]
        .into_iter()
        .filter_map(|(field, text)| Some((field, text?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let mistakes = TransferForm::default().check().expect_err("an empty form");
        let fields: Vec<_> = mistakes.list().map(|(field, _)| field).collect();
        assert_eq!(fields, ["payee", "iban", "amount"]);
    }

    #[test]
    fn the_example_can_be_sent_as_it_is() {
        let order = TransferForm::example(String::new())
            .check()
            .expect("an order");
        assert_eq!(order.amount, Cents(2_500));
    }
}
