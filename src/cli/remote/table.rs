//! Tables for people.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

/// The widest cell, in characters.
const MAX_CELL: usize = 60;

/// A table with these columns.
pub(super) fn table(columns: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| shown(cell)));
    }
    format!("{table}\n")
}

/// What others wrote, without what would move a terminal's cursor, and not without end.
pub(super) fn shown(text: &str) -> String {
    let safe = |letter: char| {
        if letter.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            letter
        }
    };
    let mut cell: String = text.chars().take(MAX_CELL).map(safe).collect();
    if text.chars().count() > MAX_CELL {
        cell.push('…');
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_does_not_reach_the_terminal_as_commands() {
        let rows = vec![vec!["\u{1b}[2Jgone\n".to_owned(), "x".repeat(100)]];
        let text = table(&["name", "long"], rows);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains("[2Jgone"), "{text:?}");
        assert!(text.contains('…') && !text.contains(&"x".repeat(61)));
    }
}
