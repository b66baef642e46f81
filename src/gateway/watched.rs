//! The byte stream of a client connection, with an eye on what comes in.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::client::ClientConnection;
use super::stream::Stream;

/// A stream whose incoming bytes pass [`ClientConnection::received`]. What was read while finding
/// out which protocol is spoken comes first.
pub(super) struct Watched {
    stream: Stream,
    replay: Bytes,
    client: Rc<ClientConnection>,
    /// Nothing that was handed to `poll_write` waits any more.
    flushed: bool,
}

impl Watched {
    pub(super) const fn new(stream: Stream, replay: Bytes, client: Rc<ClientConnection>) -> Self {
        Self {
            stream,
            replay,
            client,
            flushed: true,
        }
    }

    /// Whether everything written has left.
    pub(super) const fn is_flushed(&self) -> bool {
        self.flushed
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if this.replay.has_remaining() {
            let size = this.replay.len().min(buf.remaining());
            buf.put_slice(&this.replay.split_to(size));
        } else {
            std::task::ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        }
        let new = buf.filled().get(before..).unwrap_or_default();
        if !new.is_empty() {
            this.client.received(new);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.flushed = false;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.flushed = false;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.flushed = true;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
