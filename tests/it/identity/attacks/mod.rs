//! Known attacks on identity services, played against ours. Each must stay without effect.

mod enumeration;
mod forgery;
mod keys;
mod lookup;
mod sessions;
mod totp;
