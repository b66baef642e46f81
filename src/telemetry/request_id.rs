//! Names of requests that others gave them.

use http::HeaderValue;

/// Whether a request id of somebody else is short and plain enough to be logged and passed on.
#[must_use]
pub fn is_plain_request_id(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=128).contains(&bytes.len())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+/=".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_break_a_log_line_are_not_taken() {
        assert!(is_plain_request_id(&HeaderValue::from_static("req-1.a:b")));
        assert!(!is_plain_request_id(&HeaderValue::from_static("a b")));
        assert!(!is_plain_request_id(&HeaderValue::from_static("")));
        let long = HeaderValue::from_str(&"a".repeat(129)).unwrap();
        assert!(!is_plain_request_id(&long));
    }
}
