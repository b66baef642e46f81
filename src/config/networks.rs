//! `networks`: sets of addresses that every rule file may name.

use serde_json::Value as Json;

use crate::document::{Fields, Setting};
use crate::rules::NetworkSets;

pub(super) fn read(fields: &mut Fields<'_, '_>) -> NetworkSets {
    let networks = fields.section_or_empty::<NetworkSets>("networks");
    networks.unwrap_or_default()
}

/// The sets among the values that were read, which are known even where another section could not
/// be read.
pub(super) fn among(settings: &[Setting]) -> NetworkSets {
    let sets = settings.iter().filter_map(|setting| {
        let name = setting.path.strip_prefix("networks.")?;
        let networks = setting.value.as_array()?.iter().filter_map(Json::as_str);
        Some((name, networks.filter_map(|network| network.parse().ok())))
    });
    NetworkSets::of(sets)
}
