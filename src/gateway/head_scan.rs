//! What the HTTP/1 parser does not show of a request head.
//!
//! The parser below us cuts `#...` from a request target without a word, and takes lines that end
//! in a bare LF. Both are ambiguous, so the bytes are watched on their way to it: each byte of a
//! request head passes [`HeadScan::feed`], and [`HeadScan::head_done`] says what was seen when the
//! parser hands the request over.
//!
//! Where a head begins is known as long as the length of the body before it is. Where it is not
//! (a pipelined request whose bytes came together with the end of a chunked body), a `#` anywhere
//! in the unaccounted bytes makes the next head unverifiable, and the request is refused.

use memchr::memchr;

/// Why a head is refused although the parser took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadFault {
    /// A `#` in the request line.
    Fragment,
    /// A line that ends without CR.
    BareLineFeed,
    /// The request line may have had a `#`.
    Unverified,
}

/// How the body of a request is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// No body.
    Empty,
    /// This many bytes.
    Length(u64),
    /// Chunked.
    Chunked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Within a head, or before one. `carried_hash`: bytes that came before may belong to this
    /// head, and one of them is a `#`.
    Head { carried_hash: bool },
    /// The head has ended, the request was not handed over yet.
    HeadDone { after: u64, hash: bool },
    /// Within a body of known length.
    Body { left: u64 },
    /// Within a chunked body.
    Chunked { hash: bool },
    /// Bytes of the next head came with the request before, so lines can't be told apart.
    Carried { hash: bool },
    /// No HTTP any more.
    Off,
}

/// The watch over one connection.
#[derive(Debug)]
pub(super) struct HeadScan {
    phase: Phase,
    /// Bytes of the head so far.
    head_size: usize,
    /// Bytes of the line so far, without its end.
    line_size: usize,
    in_first_line: bool,
    last_byte: u8,
    /// The bytes so far end in an empty line.
    ends_in_blank_line: bool,
    fault: Option<HeadFault>,
}

impl Default for HeadScan {
    fn default() -> Self {
        Self {
            phase: Phase::Head {
                carried_hash: false,
            },
            head_size: 0,
            line_size: 0,
            in_first_line: true,
            last_byte: 0,
            ends_in_blank_line: false,
            fault: None,
        }
    }
}

impl HeadScan {
    /// Whether a head has begun and not ended.
    pub(super) fn in_head(&self) -> bool {
        matches!(self.phase, Phase::Head { .. } | Phase::Carried { .. }) && self.head_size > 0
    }

    /// Whether part of a request body may still come.
    pub(super) const fn in_body(&self) -> bool {
        matches!(self.phase, Phase::Body { .. } | Phase::Chunked { .. })
    }

    /// The size of the head in bytes, as far as it was seen.
    pub(super) const fn head_size(&self) -> usize {
        self.head_size
    }

    /// Takes the next bytes that the parser gets.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.phase {
                Phase::Off => return,
                Phase::Head { .. } => self.feed_head(bytes),
                Phase::HeadDone { after, hash } => {
                    self.phase = Phase::HeadDone {
                        after: after.saturating_add(bytes.len() as u64),
                        hash: hash || memchr(b'#', bytes).is_some(),
                    };
                    self.note_end(bytes)
                }
                Phase::Body { left } => self.feed_body(bytes, left),
                Phase::Chunked { hash } => {
                    let hash = hash || memchr(b'#', bytes).is_some();
                    self.phase = Phase::Chunked { hash };
                    self.note_end(bytes)
                }
                Phase::Carried { hash } => {
                    let hash = hash || memchr(b'#', bytes).is_some();
                    self.phase = Phase::Carried { hash };
                    self.head_size = self.head_size.saturating_add(bytes.len());
                    self.note_end(bytes)
                }
            };
        }
    }

    /// The parser handed a request over. What is wrong with its head, if anything.
    pub(super) fn head_done(&mut self, body: BodyKind) -> Result<(), HeadFault> {
        let (verdict, next) = match self.phase {
            Phase::HeadDone { after, hash } => {
                let fault = self.fault.take();
                (
                    fault.map_or(Ok(()), Err),
                    self.after_known(body, after, hash),
                )
            }
            Phase::Head { carried_hash } if self.head_size == 0 => (
                verified(!carried_hash),
                self.after_carried(body, carried_hash),
            ),
            Phase::Carried { hash } | Phase::Chunked { hash } => {
                (verified(!hash), self.after_carried(body, hash))
            }
            Phase::Head { .. } | Phase::Body { .. } => {
                (verified(false), Phase::Carried { hash: true })
            }
            Phase::Off => (Ok(()), Phase::Off),
        };
        self.phase = next;
        self.head_size = 0;
        self.begin_line();
        self.in_first_line = true;
        self.fault = None;
        verdict
    }

    /// A chunked body was read to its end.
    pub(super) fn body_done(&mut self) {
        if let Phase::Chunked { hash } = self.phase {
            self.phase = self.after_message(hash);
        }
    }

    /// From here on the bytes are no HTTP.
    pub(super) fn switch_off(&mut self) {
        self.phase = Phase::Off;
    }

    fn after_known(&self, body: BodyKind, after: u64, hash: bool) -> Phase {
        let left = match body {
            BodyKind::Chunked => return Phase::Chunked { hash },
            BodyKind::Empty => 0_u64.checked_sub(after),
            BodyKind::Length(length) => length.checked_sub(after),
        };
        match left {
            Some(0) => Phase::Head {
                carried_hash: false,
            },
            Some(left) => Phase::Body { left },
            None if body == BodyKind::Empty => self.after_message(hash),
            None => Phase::Carried { hash },
        }
    }

    fn after_carried(&self, body: BodyKind, hash: bool) -> Phase {
        match body {
            BodyKind::Empty => self.after_message(hash),
            BodyKind::Length(_) | BodyKind::Chunked => Phase::Carried { hash },
        }
    }

    /// After a message whose end is not at a known byte. An unfinished head can't end in an empty
    /// line, so where the bytes do, whole heads may be waiting, but the next byte begins a new one.
    const fn after_message(&self, hash: bool) -> Phase {
        if self.ends_in_blank_line {
            Phase::Head { carried_hash: hash }
        } else {
            Phase::Carried { hash }
        }
    }

    fn feed_head<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(at) = memchr(b'\n', bytes) else {
            self.look_for_hash(bytes);
            self.head_size = self.head_size.saturating_add(bytes.len());
            self.line_size = self.line_size.saturating_add(bytes.len());
            return self.note_end(bytes);
        };
        let (line, rest) = bytes.split_at(at);
        let rest = rest.get(1..).unwrap_or_default();
        let before = line.last().copied().unwrap_or(self.last_byte);
        let with_return = before == b'\r' && self.line_size.saturating_add(line.len()) > 0;
        if !with_return {
            self.fault.get_or_insert(HeadFault::BareLineFeed);
        }
        self.look_for_hash(line);
        let length = self.line_size.saturating_add(line.len()) - usize::from(with_return);
        self.head_size = self.head_size.saturating_add(line.len()).saturating_add(1);
        self.last_byte = b'\n';
        self.begin_line();
        if length > 0 {
            self.in_first_line = false;
        } else if self.in_first_line {
            self.ends_in_blank_line = true;
            self.head_size = 0;
        } else {
            self.ends_in_blank_line = true;
            self.phase = Phase::HeadDone {
                after: 0,
                hash: false,
            };
        }
        rest
    }

    fn feed_body<'a>(&mut self, bytes: &'a [u8], left: u64) -> &'a [u8] {
        let take = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (body, rest) = bytes.split_at(take);
        self.note_end(body);
        let left = left.saturating_sub(take as u64);
        self.phase = if left == 0 {
            Phase::Head {
                carried_hash: false,
            }
        } else {
            Phase::Body { left }
        };
        rest
    }

    fn look_for_hash(&mut self, part: &[u8]) {
        if self.in_first_line && memchr(b'#', part).is_some() {
            self.fault = Some(HeadFault::Fragment);
        }
    }

    const fn begin_line(&mut self) {
        self.line_size = 0;
    }

    /// Remembers how the bytes end; nothing of them is left to look at.
    fn note_end<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        self.ends_in_blank_line = match bytes {
            [.., b'\n', b'\r', b'\n'] | [.., b'\n', b'\n'] => true,
            // Too few bytes to tell: the careful answer.
            [..] => false,
        };
        if let Some(last) = bytes.last() {
            self.last_byte = *last;
        }
        &[]
    }
}

const fn verified(yes: bool) -> Result<(), HeadFault> {
    if yes {
        Ok(())
    } else {
        Err(HeadFault::Unverified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(parts: &[&str]) -> HeadScan {
        let mut scan = HeadScan::default();
        for part in parts {
            scan.feed(part.as_bytes());
        }
        scan
    }

    #[test]
    fn a_plain_head_is_fine_however_it_is_cut() {
        let head = "GET /a HTTP/1.1\r\nHost: x\r\nCookie: a=#\r\n\r\n";
        for at in 0..head.len() {
            let (left, right) = head.split_at(at);
            let mut scan = scan(&[left, right]);
            assert_eq!(scan.head_size(), head.len());
            assert_eq!(scan.head_done(BodyKind::Empty), Ok(()), "cut at {at}");
        }
    }

    #[test]
    fn a_fragment_is_seen_however_the_head_is_cut() {
        let head = "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n";
        for at in 0..head.len() {
            let (left, right) = head.split_at(at);
            let mut scan = scan(&[left, right]);
            let seen = scan.head_done(BodyKind::Empty);
            assert_eq!(seen, Err(HeadFault::Fragment), "cut at {at}");
        }
    }

    #[test]
    fn a_bare_line_feed_is_seen() {
        let mut scan = scan(&["GET /a HTTP/1.1\nHost: x\n\n"]);
        let seen = scan.head_done(BodyKind::Empty);
        assert_eq!(seen, Err(HeadFault::BareLineFeed));
    }

    #[test]
    fn a_request_after_a_body_with_a_hash_is_verified_by_its_own_line() {
        let mut scan = scan(&["POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\n{\"#"]);
        assert_eq!(scan.head_done(BodyKind::Length(6)), Ok(()));
        scan.feed(b"fff");
        scan.feed(b"GET /a HTTP/1.1\r\n\r\n");
        assert_eq!(scan.head_done(BodyKind::Empty), Ok(()));
        scan.feed(b"GET /a#b HTTP/1.1\r\n\r\n");
        assert_eq!(scan.head_done(BodyKind::Empty), Err(HeadFault::Fragment));
    }

    #[test]
    fn pipelined_requests_pass_unless_a_hash_came_with_them() {
        let one = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut scan = scan(&[&one.repeat(3)]);
        for _ in 0..3 {
            assert_eq!(scan.head_done(BodyKind::Empty), Ok(()));
        }
        scan.feed(one.as_bytes());
        assert_eq!(scan.head_done(BodyKind::Empty), Ok(()));
    }

    #[test]
    fn a_pipelined_fragment_is_refused_in_every_cut() {
        let first = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
        let both = format!("{first}GET /b#c HTTP/1.1\r\nHost: x\r\n\r\n");
        for at in first.len()..both.len() {
            let (left, right) = both.split_at(at);
            let mut scan = scan(&[left]);
            assert_eq!(scan.head_done(BodyKind::Empty), Ok(()), "cut at {at}");
            scan.feed(right.as_bytes());
            assert!(scan.head_done(BodyKind::Empty).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_fragment_that_came_with_the_end_of_a_chunked_body_is_refused() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let rest = "3\r\nabc\r\n0\r\n\r\nGET /a#b HTTP/1.1\r\nHost: x\r\n\r\n";
        for at in 0..rest.len() {
            let (left, right) = rest.split_at(at);
            let mut scan = scan(&[head]);
            assert_eq!(scan.head_done(BodyKind::Chunked), Ok(()));
            scan.feed(left.as_bytes());
            if at >= "3\r\nabc\r\n0\r\n\r\n".len() {
                scan.body_done();
            }
            scan.feed(right.as_bytes());
            scan.body_done();
            assert!(scan.head_done(BodyKind::Empty).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_chunked_body_with_a_hash_does_not_spoil_the_next_request() {
        let mut scan = scan(&["POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"]);
        assert_eq!(scan.head_done(BodyKind::Chunked), Ok(()));
        scan.feed(b"1\r\n#\r\n0\r\n\r\n");
        scan.body_done();
        scan.feed(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(scan.head_done(BodyKind::Empty), Ok(()));
    }

    #[test]
    fn a_bare_line_feed_before_an_empty_line_does_not_hide_a_second_head() {
        let mut scan = scan(&["GET /a HTTP/1.1\r\nHost: x\n\nGET /b#c HTTP/1.1\r\n\r\n"]);
        assert!(scan.head_done(BodyKind::Empty).is_err());
    }
}
