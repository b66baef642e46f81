//! The integration tests: the product over real sockets.
