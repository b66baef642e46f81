//! One gRPC message in: what a unary call brings over HTTP/2.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::pin;

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::Body;
use tonic::Code;

/// Longest message that is read. Envoy sends the head of a request, and of its body what it was
/// told to (`with_request_body`), of which nothing is looked at.
pub(super) const MESSAGE_LIMIT_BYTES: usize = 1024 * 1024;

/// A flag (compressed or not), then the length.
pub(super) const PREFIX_BYTES: usize = 5;

/// Why a call brought no message that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It ended before its message did.
    CutOff,
    /// Its message did not come in time.
    Late,
    /// It has no message.
    Missing,
    /// It has more than one.
    Several,
    /// Its message is compressed, or says something else that nobody asked for.
    Compressed,
    /// Its message is larger than [`MESSAGE_LIMIT_BYTES`].
    TooLarge,
}

impl Unread {
    /// How a call fails for it that asks for no decision.
    pub(super) const fn failure(self) -> (Code, &'static str) {
        match self {
            Self::CutOff | Self::Missing | Self::Several => {
                (Code::InvalidArgument, "the call has not one message")
            }
            Self::Late => (Code::DeadlineExceeded, "the message did not come in time"),
            Self::Compressed => (Code::Unimplemented, "messages can't be compressed here"),
            Self::TooLarge => (Code::ResourceExhausted, "the message is too large"),
        }
    }
}

/// Reads the only message of a call, to the call's end. A message that came in one piece is not
/// copied.
pub(super) async fn read_one<B>(body: B) -> Result<Bytes, Unread>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| broken_off(&*error.into()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.is_empty() && more.is_empty() {
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&std::mem::take(&mut first));
            }
            more.extend_from_slice(&data);
        }
        check(if more.is_empty() { &first } else { &more })?;
    }
    let mut whole = if more.is_empty() {
        first
    } else {
        more.freeze()
    };
    match announced(&whole)? {
        None if whole.is_empty() => Err(Unread::Missing),
        Some(length) if whole.len() == PREFIX_BYTES + length => {
            whole.advance(PREFIX_BYTES);
            Ok(whole)
        }
        None | Some(_) => Err(Unread::CutOff),
    }
}

/// Why no more of a call comes: its time is up, or its other side has gone.
fn broken_off(error: &(dyn Error + 'static)) -> Unread {
    let error = error.downcast_ref::<io::Error>();
    match error.map(io::Error::kind) {
        Some(io::ErrorKind::TimedOut) => Unread::Late,
        Some(_) | None => Unread::CutOff,
    }
}

/// Whether what has come so far can still become one message.
fn check(gathered: &[u8]) -> Result<(), Unread> {
    match announced(gathered)? {
        Some(length) if gathered.len() > PREFIX_BYTES + length => Err(Unread::Several),
        Some(_) | None => Ok(()),
    }
}

/// The length that the prefix names, once it is there.
fn announced(gathered: &[u8]) -> Result<Option<usize>, Unread> {
    let Some((prefix, _)) = gathered.split_first_chunk::<PREFIX_BYTES>() else {
        return Ok(None);
    };
    let [compressed, length @ ..] = *prefix;
    if compressed != 0 {
        return Err(Unread::Compressed);
    }
    match usize::try_from(u32::from_be_bytes(length)) {
        Ok(length) if length <= MESSAGE_LIMIT_BYTES => Ok(Some(length)),
        Ok(_) | Err(_) => Err(Unread::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0], &length[..], message].concat()
    }

    /// A body that comes in these pieces.
    struct Pieces(VecDeque<Bytes>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
        }
    }

    async fn read(pieces: &[&[u8]]) -> Result<Bytes, Unread> {
        let pieces = pieces.iter().map(|piece| Bytes::copy_from_slice(piece));
        read_one(Pieces(pieces.collect())).await
    }

    #[tokio::test]
    async fn a_message_is_read_however_it_is_cut() {
        let whole = framed(b"a message");
        for cut in 0..=whole.len() {
            let (one, other) = whole.split_at(cut);
            assert_eq!(read(&[one, other]).await.unwrap(), "a message");
        }
        assert_eq!(read(&[&framed(b"")]).await.unwrap(), "");
    }

    #[tokio::test]
    async fn what_is_not_one_message_is_told_apart() {
        assert_eq!(read(&[]).await, Err(Unread::Missing));
        assert_eq!(read(&[b"\0\0\0"]).await, Err(Unread::CutOff));
        assert_eq!(read(&[b"\0\0\0\0\x05abc"]).await, Err(Unread::CutOff));
        assert_eq!(read(&[b"\x01\0\0\0\x01a"]).await, Err(Unread::Compressed));
        assert_eq!(read(&[b"\x07\0\0\0\x01a"]).await, Err(Unread::Compressed));
        let two = [framed(b"one"), framed(b"two")].concat();
        assert_eq!(read(&[&two]).await, Err(Unread::Several));
        assert_eq!(read(&[&framed(b"one"), b"x"]).await, Err(Unread::Several));
    }

    #[tokio::test]
    async fn a_message_over_the_limit_is_refused_by_its_announcement() {
        let limit = u32::try_from(MESSAGE_LIMIT_BYTES).unwrap();
        let announce = |length: u32| [&[0], &length.to_be_bytes()[..]].concat();
        assert_eq!(read(&[&announce(limit + 1)]).await, Err(Unread::TooLarge));
        assert_eq!(read(&[&announce(u32::MAX)]).await, Err(Unread::TooLarge));
        assert_eq!(read(&[&announce(limit)]).await, Err(Unread::CutOff));
    }
}
