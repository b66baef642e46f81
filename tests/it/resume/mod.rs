//! Requests that wait for a step-up, over the wire: what a person gets, and what nobody else does.

mod attacks;
mod configuration;
mod keeping;
mod limits;
mod rules;
mod world;
