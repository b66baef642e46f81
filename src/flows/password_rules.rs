//! Whether a new password will do: the policy, and whether it was leaked.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::Url;

use super::service::Service;
use crate::identity::credential::breach::Question;
use crate::identity::credential::password;
use crate::identity::schema::Violation;
use crate::identity::settings::HasherAlgorithm;
use crate::outbound::{Call, OutboundError};
use crate::secret::SecretString;

/// How long somebody waits for the answer about leaks.
const PATIENCE: Duration = Duration::from_secs(3);
/// Asks for an answer whose length tells nothing.
const PADDING: HeaderName = HeaderName::from_static("add-padding");

/// Why it is not known whether a password was leaked.
#[derive(Debug, thiserror::Error)]
enum NotKnown {
    #[error("`haveibeenpwned_host` is no host")]
    Host,
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("the answer has the status {0}")]
    Status(StatusCode),
    #[error("the answer is no text")]
    Text,
}

impl Service {
    /// What is wrong with a new password of somebody with these identifiers.
    pub(super) async fn judge_password(
        &self,
        password: &SecretString,
        identifiers: &[String],
    ) -> Option<Violation> {
        let settings = &self.settings.methods.password;
        let bcrypt = self.settings.hashers.algorithm == HasherAlgorithm::Bcrypt;
        let policy = password::check_policy(password.expose(), identifiers, settings, bcrypt);
        if let Err(violation) = policy {
            return Some(violation);
        }
        if !settings.breach_check {
            return None;
        }
        match self.times_leaked(password).await {
            Ok(times) if times > settings.max_breaches => Some(password::breached()),
            Ok(_) => None,
            Err(error) if settings.ignore_network_errors => {
                tracing::warn!(%error, "a new password could not be looked up among leaked ones");
                None
            }
            Err(error) => {
                tracing::error!(%error, "a new password could not be looked up among leaked ones");
                Some(password::unchecked())
            }
        }
    }

    async fn times_leaked(&self, password: &SecretString) -> Result<u64, NotKnown> {
        let question = Question::about(password.expose());
        let host = &self.settings.methods.password.breach_host;
        let base = if host.contains("://") {
            host.trim_end_matches('/').to_owned()
        } else {
            format!("https://{host}")
        };
        let url = Url::parse(&format!("{base}/range/{}", question.prefix()));
        let mut headers = HeaderMap::new();
        headers.insert(PADDING, HeaderValue::from_static("true"));
        headers.insert(
            http::header::USER_AGENT,
            HeaderValue::from_static("stepgate"),
        );
        let call = Call {
            method: Method::GET,
            url: url.map_err(|_| NotKnown::Host)?,
            headers,
            body: Bytes::new(),
            timeout: PATIENCE,
        };
        let reply = self.calls.outbound.send(call).await?;
        if reply.status != StatusCode::OK {
            return Err(NotKnown::Status(reply.status));
        }
        let answer = std::str::from_utf8(&reply.body).map_err(|_| NotKnown::Text)?;
        Ok(question.count_in(answer))
    }
}
