//! `limits` of a rule, as they are written.

use crate::document::{Choice, Fields, FromNode, Node, Rate, Reading};
use crate::policy::{LimitOf, Limits};

impl FromNode for Limits {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let requests: Option<Rate> = fields.required("requests");
        let of = fields.required("per");
        fields.close();
        let Rate { count, per } = requests?;
        Some(Self {
            requests: count,
            per,
            of: of?,
        })
    }
}

impl Choice for LimitOf {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("session", Self::Session), ("ip", Self::Address)];
}
