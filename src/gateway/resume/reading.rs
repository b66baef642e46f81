//! Reading a request body whole, within limits of size and time.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use hyper::body::Incoming;

use crate::gateway::body::RequestBody;
use crate::gateway::exchange::{Exchange, UploadFault};

/// What is read and thrown away of a body over the limit, so that its sender gets to read the
/// answer: a browser that can't finish sending shows its own error instead.
const MAX_DISCARDED_BYTES: usize = 16 * 1024 * 1024;

/// A request body that nobody passed on yet.
pub(in crate::gateway) enum Arriving {
    /// From the client.
    Client(Incoming),
    /// It was looked into, and is here.
    Whole(Bytes),
}

impl Arriving {
    /// The body, for the upstream.
    pub(in crate::gateway) fn into_body(self, exchange: &Rc<Exchange>) -> RequestBody {
        match self {
            Self::Client(incoming) => RequestBody::new(incoming, exchange),
            Self::Whole(bytes) => RequestBody::whole(bytes),
        }
    }
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is over the limit.
    TooLarge,
    /// The client is at fault.
    Fault(UploadFault),
}

/// Reads a body of at most `limit` bytes. All of it must come in the time that one may be silent.
pub(super) async fn read(
    body: Arriving,
    exchange: &Rc<Exchange>,
    limit: usize,
) -> Result<Bytes, Unread> {
    let mut body = body.into_body(exchange);
    let patience = exchange.client.timeouts().request_body_idle;
    let alarms = &exchange.client.worker.alarms;
    let start = alarms.now();
    exchange.alarm.set(patience);
    let mut read = BytesMut::new();
    let mut size: usize = 0;
    loop {
        let frame = poll_fn(|cx| match Pin::new(&mut body).poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(Some(frame)),
            Poll::Pending => exchange.alarm.poll(cx).map(|()| None),
        });
        let frame = match frame.await {
            Some(Some(Ok(frame))) => frame,
            Some(Some(Err(_))) => {
                let fault = exchange.fault.get().unwrap_or(UploadFault::Broken);
                return Err(Unread::Fault(fault));
            }
            Some(None) => break,
            None => {
                exchange.alarm.stop();
                return Err(Unread::Fault(UploadFault::Idle));
            }
        };
        if alarms.now().since(start) > patience {
            return Err(Unread::Fault(UploadFault::Idle));
        }
        let Ok(data) = frame.into_data() else {
            continue;
        };
        size = size.saturating_add(data.len());
        if size <= limit {
            read.extend_from_slice(&data);
        } else if size > MAX_DISCARDED_BYTES.max(limit) {
            break;
        } else {
            read = BytesMut::new();
        }
    }
    if size > limit {
        Err(Unread::TooLarge)
    } else {
        Ok(read.freeze())
    }
}
