//! Commands about rules that need no running gateway: `explain`, `test`, `diff`.

mod arguments;
mod basis;
mod diff;
mod explain;
mod test;

pub(super) use arguments::{DiffArguments, ExplainArguments, TestArguments};
pub(super) use diff::run as diff;
pub(super) use explain::run as explain;
pub(super) use test::run as test;
