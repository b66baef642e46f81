//! `identity`: exactly one of a running Kratos and the embedded service.

use super::embedded::EmbeddedSection;
use super::external::ExternalSection;
use crate::document::{Fields, FromNode, Node, Reading};

/// `identity` as written.
#[derive(Debug)]
pub(super) enum IdentitySection {
    External(Box<ExternalSection>),
    Embedded(Box<EmbeddedSection>),
}

impl FromNode for IdentitySection {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let (has_external, has_embedded) = (fields.has("external"), fields.has("embedded"));
        let external: Option<ExternalSection> = match has_embedded && !has_external {
            true => fields.unset("external"),
            false => fields.get("external"),
        };
        let embedded: Option<EmbeddedSection> = match has_embedded {
            // `embedded:` with nothing below takes all defaults.
            true => fields.section_or_empty("embedded"),
            false => fields.unset("embedded"),
        };
        let help =
            "give exactly one: `external` for a running Kratos, `embedded` for Stepgate's own";
        if has_external && has_embedded {
            let message = "`external` and `embedded` exclude each other";
            fields.problem_at("embedded", "contradiction", message, Some(help));
        }
        if !has_external && !has_embedded {
            let message = "no identity service is named";
            fields.problem_at("identity", "missing_key", message, Some(help));
        }
        fields.close();
        let external = external.map(|external| Self::External(Box::new(external)));
        external.or_else(|| embedded.map(|embedded| Self::Embedded(Box::new(embedded))))
    }
}
