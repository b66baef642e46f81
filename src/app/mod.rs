//! The composition root: the only place that knows every room.

pub mod demo;
mod start;

pub use start::{DemoOptions, ServeOptions, StartError, demo, serve};
