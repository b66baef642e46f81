//! Errors that a page explains.

use http::StatusCode;
use serde_json::json;

use super::answer::{Answer, Failure, Outcome};
use super::service::{Service, internal};
use super::visitor::Visitor;
use crate::contract::Problem;
use crate::identity::ErrorId;

/// The id of a sample, for those who build a page.
const SAMPLE: &str = "stub:500";

impl Service {
    /// Keeps an error for the page that explains it, and says where that page is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn error_page(&self, problem: &Problem) -> Result<String, Failure> {
        let body = serde_json::to_value(&problem.envelope.error).map_err(internal)?;
        let id = self
            .store
            .create_error(&body, self.now())
            .await
            .map_err(internal)?;
        Ok(self.site.error_ui(id))
    }

    /// A kept error.
    pub async fn fetch_error(&self, visitor: &Visitor) -> Outcome {
        let id = visitor
            .query
            .find("id")
            .or_else(|| visitor.query.find("error"));
        if id == Some(SAMPLE) {
            let error = Problem::internal().envelope.error;
            let now = self.now();
            let id = ErrorId::random();
            let body = json!({"id": id, "error": error, "created_at": now, "updated_at": now});
            return Ok(Answer::json(StatusCode::OK, &body));
        }
        let found = match id.and_then(|id| id.parse::<ErrorId>().ok()) {
            Some(id) => {
                let error = self.store.error(id).await.map_err(internal)?;
                error.map(|(error, at)| (id, error, at))
            }
            None => None,
        };
        let Some((id, error, at)) = found else {
            return Ok(Answer::problem(Problem::not_found()).for_everybody());
        };
        let body = json!({"id": id, "error": error, "created_at": at, "updated_at": at});
        Ok(Answer::json(StatusCode::OK, &body))
    }
}
