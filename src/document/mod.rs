//! Documents that operators write, and what is wrong with them.
//!
//! A YAML file is parsed once into a tree of [`Node`]s that know their place. Rooms read their
//! part of the tree with [`Fields`] and collect [`Problem`]s instead of stopping at the first: one
//! wrong value never hides the next. Problems are shown as rustc shows them, or as JSON.

mod collections;
mod fields;
mod go_duration;
mod node;
mod parse;
mod place;
mod problem;
mod reading;
mod render;
mod scalars;
mod substitute;
#[cfg(test)]
mod tests;

pub use collections::{Located, OneOrMany};
pub use fields::Fields;
pub use go_duration::parse_go_duration;
pub use node::{Entry, Key, Node, Scalar, Value};
pub use parse::{MAX_FILE_BYTES, parse, read_file};
pub use place::{Place, Source};
pub use problem::{Code, Problem, Problems, nearest};
pub use reading::{FromNode, Origin, Reading, Setting, schema_of};
pub use render::{Rendering, to_json, to_text};
pub use scalars::{Auto, Choice, Rate, Size, Unlimited, parse_duration};
pub use substitute::{Surroundings, substitute};
