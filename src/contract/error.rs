//! The error envelope of the Kratos API.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `{"error": {..}, ..}`: the error and what stands beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorEnvelope {
    /// The error.
    pub error: ErrorBody,
    /// Members beside the error, such as `redirect_browser_to` or `use_flow_id`.
    #[serde(flatten)]
    pub beside: Map<String, Value>,
}

/// The error itself. Members without a value are left out, except `message`; the order is Kratos'.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// A word that clients branch on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Mostly the HTTP status.
    pub code: u16,
    /// The name of that status.
    pub status: String,
    /// The request id that the client sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What was wrong with this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// More for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// What kind of error.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_in_the_order_that_clients_know() {
        let envelope = ErrorEnvelope {
            error: ErrorBody {
                id: Some("session_inactive".to_owned()),
                code: 401,
                status: "Unauthorized".to_owned(),
                request: None,
                reason: Some("why".to_owned()),
                details: None,
                message: "what".to_owned(),
            },
            beside: Map::new(),
        };
        assert_eq!(
            serde_json::to_string(&envelope).unwrap(),
            r#"{"error":{"id":"session_inactive","code":401,"status":"Unauthorized","reason":"why","message":"what"}}"#
        );
    }
}
