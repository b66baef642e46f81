//! Asks the admin API of a running gateway, as an operator's script would.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::Value;
use url::Url;

use crate::outbound::{Call, Outbound, OutboundError, Reach, Reply};
use crate::secret::SecretString;

/// Longest wait for one answer: many passwords may be hashed for it.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What the admin API did not do.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address is none.
    #[error("{0:?} is no address of an admin API; give one such as http://127.0.0.1:4434")]
    Address(String),
    /// The token is none.
    #[error("the token can't be sent: it holds characters that no header may hold")]
    Token,
    /// It can't be reached or does not speak HTTP.
    #[error("the admin API at {address} can't be reached; is the gateway running there?")]
    Unreachable {
        /// Where it was looked for.
        address: Url,
        /// Why.
        #[source]
        source: OutboundError,
    },
    /// It refused.
    #[error("the admin API answered {status}: {reason}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// What it said.
        reason: String,
    },
    /// Its answer is no JSON.
    #[error("what answers at {0} is no admin API")]
    Foreign(Url),
}

impl AdminError {
    /// The status of a refusal.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Address(_) | Self::Token | Self::Unreachable { .. } | Self::Foreign(_) => None,
        }
    }
}

/// A client of the admin API.
#[derive(Clone, Debug)]
pub struct AdminClient {
    base: Url,
    headers: HeaderMap,
    line: Outbound,
}

/// One page of a list.
#[derive(Debug)]
pub struct AdminPage {
    /// What is on it.
    pub items: Vec<Value>,
    /// The token of the next one.
    pub next: Option<String>,
}

impl AdminClient {
    /// A client of the API at this address, which shows the token if there is one.
    ///
    /// # Errors
    /// When address or token can't be used.
    pub fn new(address: &str, token: Option<&SecretString>) -> Result<Self, AdminError> {
        let base = Url::parse(address).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
        });
        let base = base.ok_or_else(|| AdminError::Address(address.to_owned()))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            let value = format!("Bearer {}", token.expose());
            let mut value = HeaderValue::try_from(value).map_err(|_| AdminError::Token)?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(Self {
            base,
            headers,
            line: Outbound::new(Reach::default()),
        })
    }

    /// Sends a request. `path` are the segments, which may hold anything. Gives the JSON of the
    /// answer, null where it has none.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, AdminError> {
        let reply = self.send(method, path, query, body).await?;
        self.json(&reply)
    }

    /// One page of a list.
    ///
    /// # Errors
    /// As [`AdminClient::call`].
    pub async fn page(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<AdminPage, AdminError> {
        let reply = self.send(Method::GET, path, query, None).await?;
        match self.json(&reply)? {
            Value::Array(items) => Ok(AdminPage {
                items,
                next: self.next_page(&reply),
            }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => Err(AdminError::Foreign(self.base.clone())),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Reply, AdminError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut headers = self.headers.clone();
        if body.is_some() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        let call = Call {
            method,
            url,
            headers,
            body: body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string())),
            timeout: TIMEOUT,
        };
        let sent = self.line.send(call).await;
        let reply = sent.map_err(|source| AdminError::Unreachable {
            address: self.base.clone(),
            source,
        })?;
        if reply.status.is_success() {
            return Ok(reply);
        }
        Err(AdminError::Refused {
            status: reply.status,
            reason: reason(&reply.body),
        })
    }

    fn json(&self, reply: &Reply) -> Result<Value, AdminError> {
        if reply.body.is_empty() {
            return Ok(Value::Null);
        }
        let read = serde_json::from_slice(&reply.body);
        read.map_err(|_| AdminError::Foreign(self.base.clone()))
    }

    /// The token in `Link: <..>; rel="next"`.
    fn next_page(&self, reply: &Reply) -> Option<String> {
        let links = reply.headers.get(header::LINK)?.to_str().ok()?;
        let next = links
            .split(',')
            .find(|link| link.contains("rel=\"next\""))?;
        let target = next.split_once('<')?.1.split_once('>')?.0;
        let url = self.base.join(target).ok()?;
        let mut pairs = url.query_pairs();
        let token = pairs.find(|(name, _)| name == "page_token")?;
        Some(token.1.into_owned())
    }
}

/// What a refusal says: the reason of the error, else its message, else the text.
fn reason(body: &Bytes) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let said = json.as_ref().and_then(|json| {
        let error = json.get("error")?;
        let text = |name| error.get(name).and_then(Value::as_str);
        text("reason")
            .or_else(|| text("message"))
            .map(str::to_owned)
    });
    said.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::response::IntoResponse as _;
    use serde_json::json;
    use tokio::task::JoinSet;

    use super::*;

    /// An admin API with one answer; it ends with its set.
    async fn admin_that_says(
        status: StatusCode,
        link: &'static str,
        body: Value,
    ) -> (SocketAddr, JoinSet<std::io::Result<()>>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer =
            move || async move { (status, [("link", link)], body.to_string()).into_response() };
        let app = axum::Router::new().fallback(answer);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await });
        (address, server)
    }

    #[tokio::test]
    async fn a_refusal_says_what_the_admin_api_said() {
        let body = json!({"error": {"code": 400, "reason": "No such schema.", "message": "bad"}});
        let (address, _server) = admin_that_says(StatusCode::BAD_REQUEST, "", body).await;
        let client = AdminClient::new(&format!("http://{address}"), None).unwrap();
        let refused = client
            .call(Method::GET, &["admin", "identities"], &[], None)
            .await;
        let told = refused.unwrap_err().to_string();
        assert_eq!(
            told,
            "the admin API answered 400 Bad Request: No such schema."
        );
    }

    #[tokio::test]
    async fn the_next_page_is_found_by_its_token() {
        let link = "</admin/identities?page_token=a&page_size=1>; rel=\"first\",\
                    </admin/identities?page_token=b%2B&page_size=1>; rel=\"next\"";
        let (address, _server) = admin_that_says(StatusCode::OK, link, json!([1])).await;
        let client = AdminClient::new(&format!("http://{address}/"), None).unwrap();
        let page = client.page(&["admin", "identities"], &[]).await.unwrap();
        assert_eq!(page.items, [json!(1)]);
        assert_eq!(page.next.as_deref(), Some("b+"));
    }

    #[tokio::test]
    async fn what_is_no_admin_api_is_told() {
        for address in ["127.0.0.1:4434", "file:///etc/passwd", "", "http://?x"] {
            let refused = AdminClient::new(address, None).unwrap_err();
            assert!(matches!(refused, AdminError::Address(_)), "{address}");
        }
        let newline = SecretString::new("a\nb".to_owned());
        let refused = AdminClient::new("http://127.0.0.1:1", Some(&newline)).unwrap_err();
        assert!(!format!("{refused:?}").contains("a\\nb"));
    }
}
