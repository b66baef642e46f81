//! What runs longer than a moment is cut when its session ends, and nothing else is.

mod causes;
mod crowds;
mod embedded;
mod http2;
mod kinds;
mod world;
