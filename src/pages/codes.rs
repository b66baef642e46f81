//! Recovery codes and keys in the settings.

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::form::FormMaker;
use super::view::{FormView, Look, Problem};
use crate::contract::{Attributes, Node, NodeGroup};
use crate::locale::{Locale, Say};

/// Codes that are shown, to be kept.
pub(super) struct CodesView {
    pub(super) list: Vec<CodeView>,
    /// Those that count, a line each.
    pub(super) text: String,
    /// The same as a file to download.
    pub(super) file: String,
    /// Whether they do not count yet.
    pub(super) pending: bool,
}

/// One code.
pub(super) struct CodeView {
    pub(super) code: String,
    pub(super) used: bool,
}

/// The codes that the form shows, with a heading for the file.
pub(super) fn codes(nodes: &[Node], heading: &str, used: &str) -> Option<CodesView> {
    let text = nodes.iter().find_map(|node| match &node.attributes {
        Attributes::Text(text) if text.id == "lookup_secret_codes" => Some(&text.text),
        Attributes::Text(_)
        | Attributes::Input(_)
        | Attributes::Image(_)
        | Attributes::Anchor(_)
        | Attributes::Script(_)
        | Attributes::Div(_) => None,
    })?;
    let entries = text.context.as_ref()?.get("secrets")?.as_array()?;
    let list: Vec<CodeView> = entries
        .iter()
        .map(|entry| {
            let code = entry.pointer("/context/secret").and_then(Value::as_str);
            CodeView {
                code: code.unwrap_or(used).to_owned(),
                used: code.is_none(),
            }
        })
        .collect();
    let good: Vec<&str> = list
        .iter()
        .filter(|one| !one.used)
        .map(|one| one.code.as_str())
        .collect();
    let text = good.join("\n");
    let file = format!("{heading}\n\n{text}\n");
    let file = utf8_percent_encode(&file, NON_ALPHANUMERIC);
    Some(CodesView {
        file: format!("data:text/plain;charset=utf-8,{file}"),
        pending: nodes
            .iter()
            .any(|node| node.name() == "lookup_secret_confirm"),
        text,
        list,
    })
}

/// A key with the way to take it away.
pub(super) struct KeyRow {
    pub(super) name: String,
    pub(super) added: String,
    /// `Remove blue`
    pub(super) remove: String,
    /// `None` where it is the last way in.
    pub(super) form: Option<FormView>,
}

/// Whether the node takes a key away.
pub(super) fn removes_key(node: &Node) -> bool {
    matches!(node.name(), "webauthn_remove" | "passkey_remove")
}

/// The keys of a group.
pub(super) fn rows(
    maker: &FormMaker<'_>,
    group: NodeGroup,
    problems: &mut Vec<Problem>,
) -> Vec<KeyRow> {
    let nodes = maker.form.nodes.iter();
    let of_group = nodes.filter(|node| node.group == group && removes_key(node));
    of_group
        .map(|node| {
            let mut form = maker.form_of(|one| std::ptr::eq(one, node), problems);
            for button in &mut form.buttons {
                button.look = Look::Secondary;
                button.label = maker.say.text("remove-ask").into_owned();
            }
            let disabled = node.as_input().is_some_and(|input| input.disabled);
            let context = node
                .meta
                .label
                .as_ref()
                .and_then(|one| one.context.as_ref());
            let text = |name: &str| context.and_then(|all| all.get(name)?.as_str());
            let name = text("display_name").unwrap_or_default().to_owned();
            let added = text("added_at").and_then(|text| text.parse().ok());
            KeyRow {
                added: added.map_or_else(String::new, |at| added_on(maker.say, at)),
                remove: maker.say.with("remove-key", "name", &name),
                form: (!disabled).then_some(form),
                name,
            }
        })
        .collect()
}

fn added_on(say: Say<'_>, at: Timestamp) -> String {
    let format = match say.locale() {
        Locale::English => "%-d %b %Y",
        Locale::German => "%-d.%-m.%Y",
    };
    say.with("added-on", "day", &at.strftime(format).to_string())
}
