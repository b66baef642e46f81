//! The composition root: the only place that knows every room.

mod start;

pub use start::{DemoOptions, ServeOptions, StartError, demo, serve};
