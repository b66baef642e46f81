//! A front by hand: calls on an HTTP/2 connection, whole and broken ones.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response, Version};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// How long anything may take on a machine that is busy.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// A connection.
pub(super) struct Front {
    sender: SendRequest<Bytes>,
    pub(super) driving: JoinHandle<Result<(), h2::Error>>,
}

/// What came back of a call.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) head: HeaderMap,
    pub(super) message: Bytes,
    pub(super) trailers: HeaderMap,
}

impl Front {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await
    }

    pub(super) async fn over<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        #[allow(clippy::disallowed_methods, reason = "ends with the test")]
        let driving = tokio::spawn(connection);
        Self { sender, driving }
    }

    /// Begins a call and sends nothing else.
    pub(super) async fn begin(&mut self, path: &str) -> (ResponseFuture, SendStream<Bytes>) {
        let request = Request::post(format!("http://stepgate.test{path}"))
            .version(Version::HTTP_2)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let mut sender = self.sender.clone().ready().await.unwrap();
        sender.send_request(request, false).unwrap()
    }

    /// Any request at all, with this body: the status and the headers of its answer.
    pub(super) async fn request(&mut self, request: Request<()>, body: &[u8]) -> Response<()> {
        let mut sender = self.sender.clone().ready().await.unwrap();
        let (answer, mut stream) = sender.send_request(request, false).unwrap();
        // The answer may come first, and end the stream.
        let _gone = stream.send_data(Bytes::copy_from_slice(body), true);
        let answer = tokio::time::timeout(PATIENCE, answer).await.unwrap();
        answer.unwrap().map(|_| ())
    }

    /// Begins a call and takes it back; `false` when no more are taken.
    pub(super) async fn try_reset(&mut self) -> bool {
        let request = Request::post(format!("http://stepgate.test{CHECK}"));
        let request = request.version(Version::HTTP_2).body(()).unwrap();
        let Ok(mut sender) = self.sender.clone().ready().await else {
            return false;
        };
        let Ok((_, mut stream)) = sender.send_request(request, false) else {
            return false;
        };
        stream.send_reset(h2::Reason::CANCEL);
        tokio::task::yield_now().await;
        true
    }

    /// Whether the other side ends the connection.
    pub(super) async fn ended(&mut self) -> bool {
        let ended = tokio::time::timeout(PATIENCE, &mut self.driving).await;
        ended.is_ok()
    }

    /// A call with these bytes.
    pub(super) async fn call(&mut self, path: &str, bytes: &[u8]) -> Came {
        let (answer, mut stream) = self.begin(path).await;
        // The answer may come first, and end the stream.
        let _gone = stream.send_data(Bytes::copy_from_slice(bytes), true);
        received(answer).await
    }

    /// A call with one message.
    pub(super) async fn ask<M: Message + Default>(
        &mut self,
        path: &str,
        message: &impl Message,
    ) -> M {
        let came = self.call(path, &framed(&message.encode_to_vec())).await;
        came.message()
    }
}

impl Came {
    /// The only message of a call that went well.
    pub(super) fn message<M: Message + Default>(&self) -> M {
        assert_eq!(self.trailers["grpc-status"], "0", "{self:?}");
        M::decode(&self.message[5..]).unwrap()
    }
}

/// Waits for all of an answer.
pub(super) async fn received(answer: ResponseFuture) -> Came {
    let whole = async {
        let (head, mut body) = answer.await.unwrap().into_parts();
        let mut message = Vec::new();
        while let Some(data) = next(&mut body).await {
            message.extend_from_slice(&data);
        }
        let trailers = body.trailers().await.ok().flatten().unwrap_or_default();
        Came {
            head: head.headers,
            message: message.into(),
            trailers,
        }
    };
    tokio::time::timeout(PATIENCE, whole).await.unwrap()
}

/// The next piece of a body.
pub(super) async fn next(body: &mut RecvStream) -> Option<Bytes> {
    let data = body.data().await?.ok()?;
    body.flow_control().release_capacity(data.len()).unwrap();
    Some(data)
}

/// A message with its prefix.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], message].concat()
}
