//! What people can do with the product in a browser: the demo in Chromium.
//!
//! A machine without Chromium leaves these tests out and says so; with `browser` in
//! `STEPGATE_TEST_REQUIRE` they fail there instead. Screenshots go to `target/screenshots`.

mod chromium;
mod examples;
mod journey;
mod looks;
mod person;
