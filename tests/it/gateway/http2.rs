//! HTTP/2: over TLS, by prior knowledge, towards applications, and what it carries.
