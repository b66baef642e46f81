//! A grid of mutated `Transfer-Encoding` lines: whatever a mutation means to us, the bytes behind
//! the first request never reach the upstream as a request of their own.

use super::PATIENCE;
use super::context::Context;
use crate::support::client::exchange;

/// Bytes that some parser skips, folds or takes for white space.
const BYTES: [u8; 13] = [
    0x00, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x22, 0x2c, 0x5f, 0x7f, 0xa0, 0xff,
];

/// Where the byte is put: `@` in a header line.
const PLACES: [&str; 10] = [
    "@Transfer-Encoding: chunked",
    "Transfer@-Encoding: chunked",
    "Transfer-Encoding@: chunked",
    "Transfer-Encoding:@chunked",
    "Transfer-Encoding:@ chunked",
    "Transfer-Encoding: @chunked",
    "Transfer-Encoding: chu@nked",
    "Transfer-Encoding: chunked@",
    "Transfer-Encoding: x@chunked",
    "X: x@Transfer-Encoding: chunked",
];

fn mutation(place: &str, byte: u8) -> Vec<u8> {
    let line = place.bytes().map(|it| if it == b'@' { byte } else { it });
    let head = b"POST /public/x HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n";
    let hidden = b"\r\n\r\n0\r\n\r\nGET /admin/secret HTTP/1.1\r\nHost: app.test\r\n\r\n";
    head.iter()
        .copied()
        .chain(line)
        .chain(hidden.iter().copied())
        .collect()
}

#[test]
fn no_mutated_transfer_encoding_smuggles_a_request() {
    let mut context = Context::permissive();
    for place in PLACES {
        for byte in BYTES {
            context.upstream.take();
            let answer = exchange(context.plain, &mutation(place, byte), PATIENCE);
            let hits = context.upstream.take();
            let what = format!("{byte:#04x} in {place:?}, answered {:?}", answer.status());
            assert!(hits.len() <= 1, "two requests: {what}");
            let smuggled = hits.iter().any(|hit| hit.target().contains("admin"));
            assert!(!smuggled, "smuggled: {what}");
            let named_twice = hits.iter().any(|hit| {
                hit.header("transfer-encoding").is_some() && hit.header("content-length").is_some()
            });
            assert!(!named_twice, "two framings: {what}");
            assert!(context.program.is_alive(), "{what}");
        }
    }
}
