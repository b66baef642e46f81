//! The forms of a recovery in which people choose one of their addresses.

use super::csrf_node;
use super::mailed::{code_node, hidden_method, resend_by, submit_node};
use crate::contract::{InputKind, Message, Node, NodeGroup, texts};
use crate::identity::Channel;
use crate::identity::code::CODE_DIGITS;
use crate::identity::settings::Strategy;

/// Letters of an address that stay readable in front, and digits of a number.
const SHOWN_LETTERS: usize = 2;
const SHOWN_DIGITS: usize = 3;

/// How an address of this look is reached.
#[must_use]
pub fn channel_of(address: &str) -> Channel {
    if address.contains('@') {
        Channel::Email
    } else {
        Channel::Sms
    }
}

/// Whether this can be an e-mail address: whom it belongs to is another question.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let text = text.trim();
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |part: &str| {
        !part.is_empty()
            && !part
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
    };
    let host_ends = |c| host.starts_with(c) || host.ends_with(c);
    text.len() <= 254
        && plain(name)
        && plain(host)
        && !name.contains('@')
        && !host_ends('.')
        && !host_ends('-')
}

/// Whether this can be an e-mail address or a telephone number.
#[must_use]
pub fn is_address_or_number(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let number =
        (5..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    number || is_address(text)
}

/// An address of which only so much shows that its owner knows it.
#[must_use]
pub fn masked(address: &str) -> String {
    let front = |text: &str, count| text.chars().take(count).collect::<String>();
    match address.split_once('@') {
        Some((name, host)) => format!("{}****@{host}", front(name, SHOWN_LETTERS)),
        None => {
            let mut end: Vec<char> = address.chars().rev().take(SHOWN_LETTERS).collect();
            end.reverse();
            let end: String = end.into_iter().collect();
            format!("{}****{end}", front(address, SHOWN_DIGITS))
        }
    }
}

/// The first screen: any address of the account.
#[must_use]
pub fn recovery_address_nodes(value: Option<&str>) -> Vec<Node> {
    let mut field = Node::input(NodeGroup::Code, "recovery_address", InputKind::Text)
        .required()
        .label(texts::recovery_address_label());
    if let Some(value) = value {
        field = field.value(value);
    }
    vec![csrf_node(), field, submit_node(Strategy::Code)]
}

/// The second: one of several, shown in part.
#[must_use]
pub fn address_choice_nodes(asked: &str, addresses: &[String]) -> Vec<Node> {
    let mut nodes = vec![csrf_node(), hidden_address(asked), hidden_method()];
    nodes.extend(addresses.iter().map(|address| {
        let shown = masked(address);
        let label = Message::info(texts::recovery_address_label().id, shown.clone());
        Node::input(
            NodeGroup::Code,
            "recovery_select_address",
            InputKind::Submit,
        )
        .value(shown)
        .label(label)
    }));
    nodes.push(back_node());
    nodes
}

/// The third: the chosen one in full.
#[must_use]
pub fn confirm_address_nodes(asked: &str, choice: &str) -> Vec<Node> {
    let chosen = Node::input(
        NodeGroup::Code,
        "recovery_select_address",
        InputKind::Hidden,
    );
    let full = Node::input(NodeGroup::Code, "recovery_confirm_address", InputKind::Text)
        .required()
        .label(texts::recovery_address_label());
    vec![
        csrf_node(),
        hidden_address(asked),
        chosen.value(choice),
        full,
        submit_node(Strategy::Code),
        back_node(),
    ]
}

/// The last: the code.
#[must_use]
pub fn chosen_code_nodes(address: &str) -> Vec<Node> {
    let digits = u32::try_from(CODE_DIGITS).unwrap_or(u32::MAX);
    vec![
        csrf_node(),
        code_node(texts::recovery_code_label()).digits(digits),
        hidden_method(),
        hidden_address(address),
        submit_node(Strategy::Code),
        resend_by("recovery_confirm_address", address),
        back_node(),
    ]
}

fn hidden_address(address: &str) -> Node {
    Node::input(NodeGroup::Code, "recovery_address", InputKind::Hidden).value(address)
}

fn back_node() -> Node {
    Node::input(NodeGroup::Code, "screen", InputKind::Submit)
        .value("previous")
        .label(texts::recovery_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_in_part_only() {
        assert_eq!(masked("ada.lovelace@bank.example"), "ad****@bank.example");
        assert_eq!(masked("a@bank.example"), "a****@bank.example");
        assert_eq!(masked("+49170123456"), "+49****56");
    }

    #[test]
    fn what_cannot_be_an_address_is_told_so() {
        for fine in ["ada@bank.example", " ada+x@bank.example ", "a@localhost"] {
            assert!(is_address(fine), "{fine}");
        }
        for wrong in [
            "nonsense",
            "@bank.example",
            "ada@",
            "a b@bank.example",
            "ada@bank.example\r\nBcc: eve@evil.test",
            "ada@evil.test@bank.example",
            "<ada@bank.example>",
            "ada@bank.example,eve@evil.test",
            "ada@.example",
        ] {
            assert!(!is_address(wrong), "{wrong}");
        }
        assert!(is_address_or_number("+49170123456"));
        assert!(!is_address_or_number("+49x"));
    }
}
