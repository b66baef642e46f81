//! The PROXY header (versions 1 and 2 of HAProxy's PROXY protocol): a load balancer says before
//! the first byte of a connection whose connection it is.

use std::io;
use std::net::IpAddr;

use ppp::{v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::listener::Door;
use super::stream::Plain;

/// What version 2 begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// What version 1 begins with.
const WORD: &[u8] = b"PROXY ";
/// Bytes of the longest line of version 1, its end included.
const LINE_BYTES: usize = 107;
/// Bytes behind the fixed part of version 2 that are read; load balancers add a few hundred.
const EXTRA_BYTES: u16 = 4096;

/// Why a connection ends before its first request.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Only trusted proxies speak for others.
    #[error("the peer is not among the trusted proxies")]
    Stranger,
    /// The bytes are no PROXY header.
    #[error("the connection does not begin with a PROXY header")]
    NoHeader,
    /// It did not arrive in time.
    #[error("the PROXY header did not arrive in time")]
    Silence,
    /// The connection ended.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Fault {
    /// Tells the log. Probes of load balancers connect and leave, which is no news.
    pub(super) fn tell(&self, peer: IpAddr) {
        match self {
            Self::Stranger | Self::NoHeader | Self::Silence => {
                tracing::warn!(%peer, reason = %self, "a connection was closed");
            }
            Self::Io(error) => tracing::trace!(%peer, %error, "a connection ended"),
        }
    }
}

/// Reads the header and nothing behind it. The address is the client's, or the peer's own where
/// the load balancer speaks for itself.
///
/// # Errors
/// The peer may not speak for others, or what it sends is no header.
pub(super) async fn read(
    door: &Door,
    mut stream: Plain,
    peer: IpAddr,
) -> Result<(Plain, IpAddr), Fault> {
    if !door.trusts(peer.to_canonical()) {
        return Err(Fault::Stranger);
    }
    let told = read_header(&mut stream).await?;
    Ok((stream, told.unwrap_or(peer)))
}

async fn read_header(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<IpAddr>, Fault> {
    let mut start = [0_u8; SIGNATURE.len()];
    stream.read_exact(&mut start).await?;
    if start == SIGNATURE {
        read_binary(stream).await
    } else if start.starts_with(WORD) {
        read_line(stream, &start).await
    } else {
        Err(Fault::NoHeader)
    }
}

async fn read_binary(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<IpAddr>, Fault> {
    let mut fixed = [0_u8; 4];
    stream.read_exact(&mut fixed).await?;
    let [_, _, high, low] = fixed;
    let length = u16::from_be_bytes([high, low]);
    if length > EXTRA_BYTES {
        return Err(Fault::NoHeader);
    }
    let mut header = [&SIGNATURE[..], &fixed].concat();
    let begun = header.len();
    header.resize(begun.saturating_add(length.into()), 0);
    let rest = header.get_mut(begun..).unwrap_or_default();
    stream.read_exact(rest).await?;
    let header = v2::Header::try_from(header.as_slice()).map_err(|_| Fault::NoHeader)?;
    if header.command == v2::Command::Local {
        return Ok(None);
    }
    match header.addresses {
        v2::Addresses::IPv4(told) => Ok(Some(told.source_address.into())),
        v2::Addresses::IPv6(told) => Ok(Some(told.source_address.into())),
        // Whose connection it is was not said: that can't be anybody's.
        v2::Addresses::Unspecified | v2::Addresses::Unix(_) => Err(Fault::NoHeader),
    }
}

async fn read_line(
    stream: &mut (impl AsyncRead + Unpin),
    start: &[u8],
) -> Result<Option<IpAddr>, Fault> {
    let mut line = start.to_vec();
    while line.last() != Some(&b'\n') {
        if line.len() >= LINE_BYTES {
            return Err(Fault::NoHeader);
        }
        // One at a time: what follows belongs to TLS or HTTP.
        line.push(stream.read_u8().await?);
    }
    let header = v1::Header::try_from(line.as_slice()).map_err(|_| Fault::NoHeader)?;
    match header.addresses {
        v1::Addresses::Tcp4(told) => Ok(Some(told.source_address.into())),
        v1::Addresses::Tcp6(told) => Ok(Some(told.source_address.into())),
        v1::Addresses::Unknown => Err(Fault::NoHeader),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> (Result<Option<IpAddr>, Fault>, usize) {
        let mut rest = bytes;
        let read = read_header(&mut rest).await;
        (read, rest.len())
    }

    fn binary(version_and_command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [
            &SIGNATURE[..],
            &[version_and_command, family],
            &length,
            body,
        ]
        .concat()
    }

    const FOUR: [u8; 12] = [192, 0, 2, 7, 10, 0, 0, 1, 1, 2, 0, 80];

    #[tokio::test]
    async fn both_versions_name_the_client_and_leave_what_follows() {
        let seven: IpAddr = "192.0.2.7".parse().unwrap();
        let line = b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\nGET /";
        let (told, left) = read(line).await;
        assert_eq!((told.unwrap(), left), (Some(seven), 5));
        let mut bytes = binary(0x21, 0x11, &FOUR);
        bytes.extend_from_slice(b"GET /");
        let (told, left) = read(&bytes).await;
        assert_eq!((told.unwrap(), left), (Some(seven), 5));
        let (told, _) = read(b"PROXY TCP6 2001:db8::7 ::1 4711 80\r\n").await;
        assert_eq!(told.unwrap(), Some("2001:db8::7".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_load_balancer_may_speak_for_itself() {
        let (told, _) = read(&binary(0x20, 0x00, &[])).await;
        assert_eq!(told.unwrap(), None);
    }

    #[tokio::test]
    async fn extensions_are_read_past() {
        let body = [&FOUR[..], &[0x04, 0, 3, 1, 2, 3]].concat();
        let mut bytes = binary(0x21, 0x11, &body);
        bytes.push(b'G');
        let (told, left) = read(&bytes).await;
        assert_eq!(told.unwrap(), Some("192.0.2.7".parse().unwrap()));
        assert_eq!(left, 1);
    }

    #[tokio::test]
    async fn what_names_nobody_or_is_no_header_ends_the_connection() {
        let long = [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200]].concat();
        let huge = [&SIGNATURE[..], &[0x21, 0x11, 0xff, 0xff]].concat();
        for bytes in [
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            b"PROXY UNKNOWN\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 10.0.0.1 4711\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\nGET".to_vec(),
            b"PROXY TCP4 1.2.3 10.0.0.1 4711 80\r\n".to_vec(),
            b"proxy TCP4 192.0.2.7 10.0.0.1 4711 80\r\n".to_vec(),
            long,
            huge,
            binary(0x11, 0x11, &FOUR),
            binary(0x2f, 0x11, &FOUR),
            binary(0x21, 0x11, &[1, 2, 3]),
            binary(0x21, 0x31, &[0; 216]),
            binary(0x21, 0x00, &[]),
        ] {
            let (told, _) = read(&bytes).await;
            assert!(told.is_err(), "{bytes:?}");
        }
    }
}
