//! Mail of the demo: told in a line in the terminal, read in the mailbox page.

use std::io::{self, Write as _};
use std::sync::Arc;

use anstyle::Style;

use crate::courier::Desk;
use crate::store::TakenMail;

const WHO: Style = Style::new().bold();

/// Tells of each mail in a line, where somebody reads along.
#[derive(Debug)]
pub(super) struct Teller {
    /// Programs read one object from standard output and nothing else.
    silent: bool,
    styled: bool,
}

impl Teller {
    pub(super) fn desk(json: bool, styled: bool) -> Arc<dyn Desk> {
        Arc::new(Self {
            silent: json,
            styled,
        })
    }
}

impl Desk for Teller {
    fn take(&self, mail: &TakenMail) {
        if self.silent {
            return;
        }
        let subject = mail.content.as_ref().map(|content| {
            let first_line = content.plain.lines().next().unwrap_or_default();
            match content.subject.as_str() {
                "" => first_line,
                subject => subject,
            }
        });
        let line = line(&mail.recipient, subject.unwrap_or_default(), self.styled);
        // Without a terminal the mailbox page still has it.
        let _told = writeln!(io::stdout().lock(), "{line}");
    }
}

/// Whoever signs up chooses the address: nothing in it may steer the terminal.
fn line(to: &str, subject: &str, styled: bool) -> String {
    let plain = |text: &str| -> String {
        let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        shown.collect()
    };
    let (to, subject) = (plain(to), plain(subject));
    if styled {
        format!("  Mail to {WHO}{to}{WHO:#}: {subject}")
    } else {
        format!("  Mail to {to}: {subject}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_does_not_steer_the_terminal() {
        let told = line("a\u{1b}[2J\n@b.example", "Use code 1 to log in", false);
        assert_eq!(told, "  Mail to a [2J @b.example: Use code 1 to log in");
    }
}
