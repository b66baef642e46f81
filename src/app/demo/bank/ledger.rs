//! The books of the demo bank, in memory.

use std::collections::HashMap;

use jiff::Timestamp;

use super::money::Cents;

/// The bank takes this many customers and then asks to be started anew.
const MAX_CUSTOMERS: usize = 1000;

/// Entries that an account shows.
const MAX_ENTRIES: usize = 40;

/// Opened transfer forms that are remembered, per customer.
const MAX_OPEN_FORMS: usize = 16;

/// One line of an account.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) text: String,
    pub(super) amount: Cents,
}

/// A transfer that was made.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) order: Order,
}

/// What a customer wants to be transferred.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) payee: String,
    pub(super) iban: String,
    pub(super) amount: Cents,
    pub(super) reference: String,
}

/// Why the bank does not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declined {
    /// The form was sent before, or was not opened by this customer.
    FormUsed,
    /// There is not that much in the account.
    Funds,
    /// The bank is full.
    Full,
}

/// What the bank holds for one person.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) current: Cents,
    pub(super) savings: Cents,
    pub(super) entries: Vec<Entry>,
    transfers: Vec<Transfer>,
    open_forms: Vec<String>,
}

impl Customer {
    fn new(now: Timestamp) -> Self {
        let days_ago = |days: i64| {
            now.checked_sub(jiff::SignedDuration::from_hours(24 * days))
                .unwrap_or(now)
        };
        let entry = |days, text: &str, cents| Entry {
            at: days_ago(days),
            text: text.to_owned(),
            amount: Cents(cents),
        };
        Self {
            current: Cents(421_837),
            savings: Cents(1_205_000),
            entries: vec![
                entry(1, "Corner Bakery", -740),
                entry(2, "City Transport, monthly pass", -4_900),
                entry(4, "Rent", -98_000),
                entry(5, "Salary", 312_450),
                entry(9, "Green Grocer", -3_215),
            ],
            transfers: Vec::new(),
            open_forms: Vec::new(),
        }
    }
}

/// All customers, by the identity that the gateway names.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    customers: HashMap<String, Customer>,
}

impl Ledger {
    /// The books of a person, opened at the first visit; `None` when the bank is full.
    pub(super) fn customer(&mut self, user: &str, now: Timestamp) -> Option<&mut Customer> {
        if !self.customers.contains_key(user) && self.customers.len() >= MAX_CUSTOMERS {
            return None;
        }
        Some(
            self.customers
                .entry(user.to_owned())
                .or_insert_with(|| Customer::new(now)),
        )
    }

    /// Remembers a form that was shown, so that it can be sent once.
    pub(super) fn open_form(&mut self, user: &str, token: &str, now: Timestamp) {
        if let Some(customer) = self.customer(user, now) {
            if customer.open_forms.len() >= MAX_OPEN_FORMS {
                customer.open_forms.remove(0);
            }
            customer.open_forms.push(token.to_owned());
        }
    }

    /// Moves the money and gives the transfer the name `id`. The form's `token` is spent only by
    /// a transfer that is made.
    pub(super) fn transfer(
        &mut self,
        user: &str,
        token: &str,
        id: String,
        order: Order,
        now: Timestamp,
    ) -> Result<Transfer, Declined> {
        let customer = self.customer(user, now).ok_or(Declined::Full)?;
        let form = customer
            .open_forms
            .iter()
            .position(|open| open == token)
            .ok_or(Declined::FormUsed)?;
        if order.amount > customer.current {
            return Err(Declined::Funds);
        }
        customer.open_forms.remove(form);
        customer.current = Cents(customer.current.0 - order.amount.0);
        let entry = Entry {
            at: now,
            text: format!("To {}", order.payee),
            amount: Cents(-order.amount.0),
        };
        customer.entries.insert(0, entry);
        customer.entries.truncate(MAX_ENTRIES);
        let transfer = Transfer { id, at: now, order };
        customer.transfers.push(transfer.clone());
        Ok(transfer)
    }

    /// A transfer of this person.
    pub(super) fn receipt(&self, user: &str, id: &str) -> Option<Transfer> {
        self.customers
            .get(user)?
            .transfers
            .iter()
            .find(|transfer| transfer.id == id)
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(cents: i64) -> Order {
        Order {
            payee: "Ada".to_owned(),
            iban: "DE89 3704 0044 0532 0130 00".to_owned(),
            amount: Cents(cents),
            reference: String::new(),
        }
    }

    #[test]
    fn a_form_that_is_sent_twice_moves_the_money_once() {
        let mut ledger = Ledger::default();
        let now = Timestamp::UNIX_EPOCH;
        ledger.open_form("ann", "form", now);
        let before = ledger.customer("ann", now).expect("room").current.0;
        ledger
            .transfer("ann", "form", "1".to_owned(), order(2_500), now)
            .expect("the transfer");
        let again = ledger.transfer("ann", "form", "2".to_owned(), order(2_500), now);
        assert_eq!(again.err(), Some(Declined::FormUsed));
        assert_eq!(
            ledger.customer("ann", now).expect("room").current.0,
            before - 2_500
        );
    }

    #[test]
    fn more_than_there_is_can_not_be_sent() {
        let mut ledger = Ledger::default();
        let now = Timestamp::UNIX_EPOCH;
        ledger.open_form("ann", "form", now);
        let all = ledger.customer("ann", now).expect("room").current.0;
        let too_much = ledger.transfer("ann", "form", "1".to_owned(), order(all + 1), now);
        assert_eq!(too_much.err(), Some(Declined::Funds));
    }

    #[test]
    fn a_receipt_is_shown_to_its_customer_only() {
        let mut ledger = Ledger::default();
        let now = Timestamp::UNIX_EPOCH;
        ledger.open_form("ann", "form", now);
        ledger
            .transfer("ann", "form", "1".to_owned(), order(100), now)
            .expect("the transfer");
        assert!(ledger.receipt("ann", "1").is_some());
        assert!(ledger.receipt("bob", "1").is_none());
    }

    #[test]
    fn a_form_of_somebody_else_moves_nothing() {
        let mut ledger = Ledger::default();
        let now = Timestamp::UNIX_EPOCH;
        ledger.open_form("ann", "form", now);
        let foreign = ledger.transfer("bob", "form", "1".to_owned(), order(100), now);
        assert_eq!(foreign.err(), Some(Declined::FormUsed));
    }
}
