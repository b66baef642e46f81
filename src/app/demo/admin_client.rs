//! Puts people into the identity service, by its admin API, as an operator's script would.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A person could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The admin API can't be reached or does not speak HTTP.
    #[error("the admin API can't be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It does not answer in time.
    #[error("the admin API does not answer")]
    Timeout,
    /// It refused.
    #[error("the admin API answered {status}: {body}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// What it said.
        body: String,
    },
}

/// Makes an identity; one that is there already is left alone.
pub(super) async fn import(admin: SocketAddr, identity: &Value) -> Result<(), ImportError> {
    let (status, body) = tokio::time::timeout(TIMEOUT, post(admin, identity))
        .await
        .map_err(|_| ImportError::Timeout)?
        .map_err(ImportError::Unreachable)?;
    if status == StatusCode::CREATED || status == StatusCode::CONFLICT {
        return Ok(());
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    Err(ImportError::Refused { status, body })
}

async fn post(
    admin: SocketAddr,
    identity: &Value,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(admin).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::post("/admin/identities")
        .header(header::HOST, admin.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(Full::new(Bytes::from(identity.to_string())))?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES)
            .collect()
            .await?;
        // The connection ends with its sender.
        drop(sender);
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((status, body.to_bytes()))
    };
    let (answer, _closed) = tokio::join!(exchange, connection);
    answer
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    /// An admin API with one answer; it ends with its set.
    async fn admin_that_says(status: StatusCode) -> (SocketAddr, JoinSet<std::io::Result<()>>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a socket");
        let address = listener.local_addr().expect("its address");
        let app = axum::Router::new().fallback(move || async move { (status, "{}") });
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await });
        (address, server)
    }

    #[tokio::test]
    async fn a_person_who_is_there_already_is_left_alone() {
        for status in [StatusCode::CREATED, StatusCode::CONFLICT] {
            let (admin, _server) = admin_that_says(status).await;
            import(admin, &Value::Null).await.expect("no error");
        }
    }

    #[tokio::test]
    async fn a_refusal_says_what_the_admin_api_said() {
        let (admin, _server) = admin_that_says(StatusCode::BAD_REQUEST).await;
        let error = import(admin, &Value::Null).await.expect_err("a refusal");
        assert_eq!(
            error.to_string(),
            "the admin API answered 400 Bad Request: {}"
        );
    }
}
