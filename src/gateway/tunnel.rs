//! Bytes both ways, until one side ends, both are silent, or the process stops.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, copy_bidirectional};

use super::alarm::AlarmGuard;
use super::frames::{Close, Frames};
use super::upgrade::Tunnel;

/// How long a client may take to be told that its tunnel is cut.
const GOODBYE: Duration = Duration::from_millis(200);

/// Carries bytes between a client and the upstream of `tunnel`. `early` is what the client sent
/// already.
pub(super) async fn carry(
    client: impl AsyncRead + AsyncWrite + Unpin,
    early: Bytes,
    mut tunnel: Tunnel,
) {
    let Some(mut link) = tunnel.lease.take_link() else {
        return;
    };
    // The connection ends as HTTP once it has read the answer's head.
    poll_fn(|cx| {
        link.drive(cx);
        if link.is_done() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    let (mut upstream, read) = link.into_stream();
    let worker = &tunnel.exchange.client.worker;
    tunnel.exchange.alarm.stop();
    // Of the connections' alarms, so that it rings as well when the process stops.
    let alarm = worker.connection_alarms.register(None);
    let mut client = Lively {
        stream: client,
        alarm: &alarm,
        tunnel: &tunnel,
        frames: Frames::default(),
    };
    alarm.set(tunnel.exchange.upgrade_idle());
    if worker.draining() {
        return;
    }
    let carrying = async {
        upstream.write_all(&early).await?;
        client.write_all(&read).await?;
        client.flush().await?;
        copy_bidirectional(&mut client, &mut upstream).await
    };
    let ended = {
        let mut carrying = pin!(carrying);
        poll_fn(|cx| {
            if let Some(cause) = tunnel.exchange.cut_for() {
                return Poll::Ready(Err(Close::Cut(cause)));
            }
            // Rings when the tunnel is cut.
            let _rang = tunnel.exchange.alarm.poll(cx);
            if alarm.poll(cx).is_ready() {
                return Poll::Ready(Err(Close::GoingAway));
            }
            carrying.as_mut().poll(cx).map(Ok)
        })
        .await
    };
    let rule = &tunnel.rule;
    match ended {
        Ok(Ok((sent, received))) => tracing::debug!(%rule, sent, received, "a tunnel ended"),
        Ok(Err(error)) => tracing::debug!(%rule, %error, "a tunnel broke"),
        Err(close) => {
            tunnel.exchange.alarm.stop();
            tunnel.exchange.complete.set(true);
            // The application hears no more, however long the client takes to read why.
            drop(upstream);
            client.say_goodbye(close).await;
            tracing::debug!(%rule, ?close, "a tunnel was cut");
        }
    }
}

/// A stream whose traffic keeps the tunnel alive.
struct Lively<'a, T> {
    stream: T,
    alarm: &'a AlarmGuard,
    tunnel: &'a Tunnel,
    /// What the client was sent.
    frames: Frames,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Lively<'_, T> {
    /// Tells the client that this is the end, where it can be told between two frames.
    async fn say_goodbye(&mut self, close: Close) {
        if !self.frames.at_boundary() {
            return;
        }
        let telling = async {
            self.stream.write_all(&close.frame()).await?;
            self.stream.flush().await?;
            self.stream.shutdown().await?;
            // Closing with unread bytes would reset the connection and take the frame with it.
            let mut waste = [0_u8; 1024];
            while self.stream.read(&mut waste).await? > 0 {}
            io::Result::Ok(())
        };
        drop(tokio::time::timeout(GOODBYE, telling).await);
    }
}

impl<T> Lively<'_, T> {
    fn stir(&self) {
        let exchange = &self.tunnel.exchange;
        if !exchange.client.worker.draining() {
            self.alarm.set(exchange.upgrade_idle());
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Lively<'_, T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let size = buf.filled().len().saturating_sub(before);
        if size > 0 {
            let count = &self.tunnel.exchange.bytes_in;
            count.set(count.get().saturating_add(size as u64));
            self.stir();
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Lively<'_, T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(size)) = polled {
            self.frames.feed(buf.get(..size).unwrap_or_default());
            let count = &self.tunnel.exchange.bytes_out;
            count.set(count.get().saturating_add(size as u64));
            self.stir();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
