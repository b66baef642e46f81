use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use super::*;

fn call(url: &str) -> Call {
    Call {
        method: Method::GET,
        url: Url::parse(url).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: Duration::from_secs(5),
    }
}

#[test]
fn addresses_that_hold_a_private_one_are_private() {
    for address in [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fd00::1",
        "fe80::1",
        "ff02::1",
    ] {
        assert!(is_private(address.parse().unwrap()), "{address}");
    }
    for address in ["93.184.215.14", "2606:4700::1111", "2002:5db8:d70e::"] {
        assert!(!is_private(address.parse().unwrap()), "{address}");
    }
}

/// Answers one request with 200.
async fn small_server() -> (tokio::task::JoinHandle<()>, u16) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::runtime::Handle::current().spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 1024];
        let _read = stream.read(&mut buffer).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        stream.write_all(answer).await.unwrap();
    });
    (serving, port)
}

#[tokio::test]
async fn a_private_address_is_out_of_reach_by_number_and_by_name() {
    let (serving, port) = small_server().await;
    let strict = Outbound::new(Reach {
        public_only: true,
        exceptions: vec![format!("http://127.0.0.1:{port}/hook")],
    });
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"] {
        let refused = strict.send(call(&format!("http://{host}:{port}/"))).await;
        assert_eq!(refused.unwrap_err(), OutboundError::Private, "{host}");
    }
    let excepted = format!("http://127.0.0.1:{port}/hook");
    let reply = strict.send(call(&excepted)).await.unwrap();
    assert_eq!((reply.status.as_u16(), &*reply.body), (200, &b"hi"[..]));
    serving.await.unwrap();
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_told() {
    let anywhere = Outbound::new(Reach::default());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = anywhere
        .send(call(&format!("http://127.0.0.1:{port}/")))
        .await;
    assert!(matches!(error, Err(OutboundError::Unreachable(_))));
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut waiting = call(&format!("http://{}/", silent.local_addr().unwrap()));
    waiting.timeout = Duration::from_millis(50);
    assert_eq!(
        anywhere.send(waiting).await.unwrap_err(),
        OutboundError::TooLate
    );
}
