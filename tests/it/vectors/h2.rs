//! HTTP/2 by hand: frames and header blocks as a hostile client makes them, over TLS.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::client::{Exchange, Response, get};

use super::PATIENCE;
use super::case::{Case, latin1};
use super::context::Context;
use super::judge::Seen;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Plays a request given as a header list.
pub(super) fn play(context: &Context, case: &Case) -> Seen {
    let before = super::start(context);
    let mut stream = connect(context);
    let block: Vec<u8> = case
        .h2
        .iter()
        .flat_map(|(name, value)| field(name, value))
        .collect();
    let mut bytes = opening();
    let ends = if case.data.is_none() { END_STREAM } else { 0 };
    bytes.extend(frame(HEADERS, END_HEADERS | ends, 1, &block));
    if let Some(data) = &case.data {
        bytes.extend(frame(DATA, END_STREAM, 1, &latin1(data)));
    }
    let _ = stream.write_all(&bytes);
    let (exchange, stream_error) = read_answer(&mut stream);
    super::finish(
        context,
        before,
        Seen {
            exchange,
            stream_error,
            ..Seen::default()
        },
    )
}

/// Plays a flood; afterwards, and meanwhile where the flood is one that waits, another client must
/// be served.
pub(super) fn flood(context: &Context, case: &Case) -> Seen {
    let before = super::start(context);
    let count = u32::try_from(case.count.unwrap_or(1)).unwrap();
    let mut meanwhile = true;
    match case.flood.as_deref().unwrap_or_default() {
        "rapid_reset" => pour(context, count, |stream| {
            let reset = frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
            [request(stream, &[]), reset].concat()
        }),
        "made_you_reset" => pour(context, count, |stream| {
            let wrong = frame(WINDOW_UPDATE, 0, stream, &0_u32.to_be_bytes());
            [request(stream, &[]), wrong].concat()
        }),
        "empty_data_flood" => pour(context, count, |stream| {
            let open = if stream == 1 { upload(1) } else { Vec::new() };
            [open, frame(DATA, 0, 1, &[])].concat()
        }),
        "settings_flood" => pour(context, count, |_| frame(SETTINGS, 0, 0, &[])),
        "hpack_bomb" => pour(context, count, |stream| {
            // One entry of almost the whole table, then many references to it.
            let entry = if stream == 1 {
                indexed("x-bomb", &"a".repeat(4000))
            } else {
                Vec::new()
            };
            request(stream, &[entry, vec![0x80 | 62; 8000]].concat())
        }),
        "max_streams" => pour(context, count, upload),
        "window_stall" => meanwhile = stall(context, count),
        "slow_headers_h2" => meanwhile = never_ending_headers(context),
        "goaway_settings" => {
            let answer = get(context.plain, "h2.app.test", "/", "");
            meanwhile = matches!(answer.status(), Some(502..=504));
        }
        other => panic!("unknown flood {other}"),
    }
    let seen = super::finish(context, before, Seen::default());
    Seen {
        others_served: seen.others_served && meanwhile,
        ..seen
    }
}

fn connect(context: &Context) -> Tls {
    let mut roots = RootCertStore::empty();
    roots.add(context.certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from("app.test").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(context.tls).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    StreamOwned::new(client, stream)
}

/// The preface and an empty SETTINGS.
fn opening() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A literal header field that no table remembers, without Huffman coding (RFC 7541, 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    [vec![0], string(name), string(value)].concat()
}

/// The same, remembered in the dynamic table (RFC 7541, 6.2.1).
fn indexed(name: &str, value: &str) -> Vec<u8> {
    [vec![0x40], string(name), string(value)].concat()
}

fn string(text: &str) -> Vec<u8> {
    let bytes = latin1(text);
    let mut coded = Vec::new();
    if bytes.len() < 127 {
        coded.push(u8::try_from(bytes.len()).unwrap());
    } else {
        coded.push(127);
        let mut rest = bytes.len() - 127;
        while rest >= 128 {
            coded.push(u8::try_from(rest % 128).unwrap() | 128);
            rest /= 128;
        }
        coded.push(u8::try_from(rest).unwrap());
    }
    coded.extend(bytes);
    coded
}

fn start_of(method: &str) -> Vec<u8> {
    let list = [
        (":method", method),
        (":scheme", "https"),
        (":authority", "app.test"),
        (":path", "/public/x"),
    ];
    list.iter()
        .flat_map(|(name, value)| field(name, value))
        .collect()
}

fn request(stream: u32, more: &[u8]) -> Vec<u8> {
    let block = [start_of("GET"), more.to_vec()].concat();
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &block)
}

/// The head of a request whose body is still to come.
fn upload(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &start_of("POST"))
}

/// Writes `count` pieces on odd stream numbers, and reads what comes back meanwhile, until all is
/// written or the server ends the connection.
fn pour(context: &Context, count: u32, piece: impl Fn(u32) -> Vec<u8>) {
    let mut stream = connect(context);
    let mut bytes = opening();
    let mut sink = vec![0; 64 * 1024];
    stream
        .sock
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    for number in 0..count {
        bytes.extend(piece(number * 2 + 1));
        if bytes.len() > 16 * 1024 || number + 1 == count {
            if stream.write_all(&bytes).is_err() {
                return;
            }
            bytes.clear();
            if matches!(stream.read(&mut sink), Ok(0)) {
                return;
            }
        }
    }
}

/// Asks for many answers and takes none: the window is zero.
fn stall(context: &Context, count: u32) -> bool {
    let mut stream = connect(context);
    let no_window = [0, 4, 0, 0, 0, 0];
    let mut bytes = [PREFACE, &frame(SETTINGS, 0, 0, &no_window)].concat();
    for number in 0..count {
        bytes.extend(request(number * 2 + 1, &[]));
    }
    let _ = stream.write_all(&bytes);
    get(context.plain, "app.test", "/public/meanwhile", "").status() == Some(200)
}

/// A header block in CONTINUATION frames that never ends.
fn never_ending_headers(context: &Context) -> bool {
    let mut stream = connect(context);
    let mut bytes = opening();
    bytes.extend(frame(HEADERS, 0, 1, &start_of("GET")));
    let _ = stream.write_all(&bytes);
    let mut served = true;
    for number in 0..100 {
        let piece = field(&format!("x-{number}"), "a");
        if stream
            .write_all(&frame(CONTINUATION, 0, 1, &piece))
            .is_err()
        {
            break;
        }
        if number % 25 == 0 {
            let other = get(context.plain, "app.test", "/public/meanwhile", "");
            served &= other.status() == Some(200);
        }
    }
    served
}

/// Reads frames until stream 1 is over; returns its answer, and whether it ended with an error.
fn read_answer(stream: &mut Tls) -> (Exchange, bool) {
    let start = Instant::now();
    let mut exchange = Exchange::default();
    let mut buffer = vec![0; 64 * 1024];
    while start.elapsed() < PATIENCE {
        match stream.read(&mut buffer) {
            Ok(0) => exchange.closed = true,
            Ok(count) => exchange.bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => exchange.closed = true,
        }
        if let Some(error) = ended(&mut exchange) {
            return (exchange, error);
        }
        if exchange.closed {
            return (exchange, true);
        }
    }
    (exchange, false)
}

/// `Some` once stream 1 is over: whether it ended with an error.
fn ended(exchange: &mut Exchange) -> Option<bool> {
    let mut rest = exchange.bytes.as_slice();
    exchange.responses.clear();
    while rest.len() >= 9 {
        let length = usize::from(rest[0]) << 16 | usize::from(rest[1]) << 8 | usize::from(rest[2]);
        let (kind, flags, on_stream) = (rest[3], rest[4], rest[8] == 1);
        let payload = rest.get(9..9 + length)?;
        match kind {
            GOAWAY => return Some(payload.get(7).is_some_and(|code| *code != 0)),
            RST_STREAM if on_stream => return Some(true),
            HEADERS if on_stream => exchange.responses.push(Response {
                status: status(payload),
                ..Response::default()
            }),
            _ => {}
        }
        let last = matches!(kind, HEADERS | DATA) && on_stream && flags & END_STREAM != 0;
        if last {
            return Some(false);
        }
        rest = &rest[9 + length..];
    }
    None
}

/// The `:status` that opens a header block (RFC 7541: static index, or a literal whose digits may
/// be Huffman coded).
fn status(block: &[u8]) -> u16 {
    let Some(first) = block.first() else {
        return 0;
    };
    let by_index = [200, 204, 206, 304, 400, 404, 500];
    if first & 0x80 != 0 {
        let index = usize::from(first & 0x7f).wrapping_sub(8);
        return by_index.get(index).copied().unwrap_or(0);
    }
    let Some(length) = block.get(1) else {
        return 0;
    };
    let value = &block[2..(2 + usize::from(length & 0x7f)).min(block.len())];
    if length & 0x80 == 0 {
        return String::from_utf8_lossy(value).parse().unwrap_or(0);
    }
    let bits: String = value.iter().map(|byte| format!("{byte:08b}")).collect();
    digits(&bits).parse().unwrap_or(0)
}

/// The Huffman codes of the digits: 0, 1 and 2 have five bits, the others six.
fn digits(bits: &str) -> String {
    let mut text = String::new();
    let mut rest = bits;
    while rest.len() >= 5 && text.len() < 3 {
        let short = u8::from_str_radix(&rest[..5], 2).unwrap();
        if short <= 2 {
            text.push(char::from(b'0' + short));
            rest = &rest[5..];
            continue;
        }
        let Some(six) = rest.get(..6) else {
            break;
        };
        let long = u8::from_str_radix(six, 2).unwrap();
        if !(0x19..=0x1f).contains(&long) {
            break;
        }
        text.push(char::from(b'3' + (long - 0x19)));
        rest = &rest[6..];
    }
    text
}

#[test]
fn a_status_is_read_in_each_of_its_codings() {
    assert_eq!(status(&[0x88]), 200);
    assert_eq!(status(&[0x8c]), 400);
    assert_eq!(status(&[&[0x48, 3][..], b"401"].concat()), 401);
    // 3 0 3 as in RFC 7541 C.6.2 and 3 0 2 as in C.6.1.
    assert_eq!(status(&[0x48, 0x82, 0x64, 0x02]), 302);
}
