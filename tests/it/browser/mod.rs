//! What people can do with the product in a browser: the demo in Chromium.
//!
//! A machine without Chromium leaves these tests out and says so; with `browser` in
//! `STEPGATE_TEST_REQUIRE` they fail there instead (`axe` and `examples` ask for what npm installs
//! for the two). Screenshots go to `target/screenshots`.

mod accessible;
mod chromium;
mod examples;
mod journey;
mod looks;
mod person;
mod resume;
