//! One HTTP/1.1 connection to an upstream.
//!
//! No task runs it: whoever uses it polls it, the handler while it waits for the answer's head, the
//! answer's body after that. That saves a task and two wake-ups per request.

use std::pin::Pin;
use std::task::{Context, Waker};

use bytes::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::super::body::RequestBody;
use super::super::stream::Stream;
use crate::clock::Monotonic;

/// How connections are opened; one per worker.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Http1(http1::Builder);

impl Default for Http1 {
    fn default() -> Self {
        Self(http1::Builder::new())
    }
}

impl Http1 {
    pub(super) async fn handshake(&self, stream: Stream) -> hyper::Result<Box<Link>> {
        let (sender, connection) = self.0.handshake(TokioIo::new(stream)).await?;
        Ok(Box::new(Link {
            sender,
            connection,
            alive: true,
            idle_since: Monotonic::default(),
        }))
    }
}

/// An open connection.
pub(in crate::gateway) struct Link {
    pub(super) sender: http1::SendRequest<RequestBody>,
    connection: http1::Connection<TokioIo<Stream>, RequestBody>,
    alive: bool,
    pub(super) idle_since: Monotonic,
}

impl Link {
    /// Lets the connection read and write.
    pub(in crate::gateway) fn drive(&mut self, cx: &mut Context<'_>) {
        if self.alive && Pin::new(&mut self.connection).poll(cx).is_ready() {
            self.alive = false;
        }
    }

    /// Whether the connection has come to its end, such as after an answer 101.
    pub(in crate::gateway) const fn is_done(&self) -> bool {
        !self.alive
    }

    /// Whether a request may be sent: nothing is under way, and the other end has not closed.
    pub(super) fn is_usable(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.alive && self.sender.is_ready()
    }

    /// The stream below, and what was read of it beyond the answer's head.
    pub(in crate::gateway) fn into_stream(self) -> (Stream, Bytes) {
        let parts = self.connection.into_parts();
        (parts.io.into_inner(), parts.read_buf)
    }
}
