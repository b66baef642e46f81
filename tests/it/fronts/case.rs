//! One line of the table: a request, and what must come of it whoever stands in front.

use std::net::IpAddr;

use super::world::{HOST, KEY, STRANGER};
use crate::support::gateway::session;

/// A request and what must come of it. In header values `ROUND` is the number of the round.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    pub(super) target: &'static str,
    pub(super) host: &'static str,
    pub(super) from: IpAddr,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<&'static str>,
    /// How often it is asked, each time with the cookies that the last answer set. The last answer
    /// counts.
    pub(super) times: usize,
    pub(super) want: Want,
}

/// What must come of a request.
#[derive(Clone, Debug)]
pub(super) enum Want {
    /// The application got it: at this target, with these header lines; an empty value stands for
    /// a header that it doesn't get.
    Reached(&'static str, Vec<(&'static str, &'static str)>),
    /// A WebSocket that carries bytes both ways.
    Socket,
    /// This status; in its JSON this `error.id`, and a page where that is empty.
    Refused(u16, &'static str),
    /// 303 to an address with this in it.
    Sent(&'static str),
    /// Stepgate or the identity service answers with this status.
    Own(u16),
}

/// A request of nobody in particular, which reaches the application as it is.
pub(super) fn case(name: &'static str, method: &'static str, target: &'static str) -> Case {
    Case {
        name,
        method,
        target,
        host: HOST,
        from: STRANGER,
        headers: Vec::new(),
        body: None,
        times: 1,
        want: Want::Reached(target, Vec::new()),
    }
}

impl Case {
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// As a browser that shows a page.
    pub(super) fn browser(self) -> Self {
        self.header("Accept", "text/html,application/xhtml+xml")
            .header("Sec-Fetch-Mode", "navigate")
    }

    /// As a program.
    pub(super) fn program(self) -> Self {
        self.header("Accept", "application/json")
    }

    /// With this session cookie, and another cookie beside it.
    pub(super) fn cookie(self, credential: &str) -> Self {
        let cookies = format!("theme=dark; {}", session(credential));
        self.header("Cookie", &cookies)
    }

    /// The same by TLS: whoever names our address or another one names it with https, and whoever
    /// lies about the scheme lies the other way.
    pub(super) fn over_https(mut self) -> Self {
        let secured = |text: &str| text.replace("http://", "https://");
        if self.target.starts_with("http://") {
            self.target = secured(self.target).leak();
        }
        for (name, value) in &mut self.headers {
            *value = match (*name, value.as_str()) {
                ("X-Forwarded-Proto", "https") => "http".to_owned(),
                (_, value) => secured(value),
            };
        }
        self
    }

    pub(super) fn host(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    pub(super) fn from(mut self, from: IpAddr) -> Self {
        self.from = from;
        self
    }

    pub(super) fn body(mut self, kind: &str, body: &'static str) -> Self {
        self.body = Some(body);
        self.header("Content-Type", kind)
            .header("Content-Length", &body.len().to_string())
    }

    pub(super) fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// As the handshake of a WebSocket.
    pub(super) fn socket(mut self) -> Self {
        self.want = Want::Socket;
        self.header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", KEY)
    }

    /// The application gets it with these headers, see [`Want::Reached`].
    pub(super) fn saw(mut self, headers: &[(&'static str, &'static str)]) -> Self {
        self.want = Want::Reached(self.target, headers.to_vec());
        self
    }

    /// The application gets it at another spelling of the target.
    pub(super) fn reached_at(mut self, target: &'static str) -> Self {
        self.want = Want::Reached(target, Vec::new());
        self
    }

    pub(super) fn refused(mut self, status: u16, id: &'static str) -> Self {
        self.want = Want::Refused(status, id);
        self
    }

    pub(super) fn sent(mut self, to: &'static str) -> Self {
        self.want = Want::Sent(to);
        self
    }

    pub(super) fn own(mut self, status: u16) -> Self {
        self.want = Want::Own(status);
        self
    }

    /// The bytes to send, with `cookies` that earlier answers set.
    pub(super) fn bytes(&self, round: usize, cookies: &[String]) -> Vec<u8> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            self.method, self.target, self.host
        );
        let mut own = false;
        for (name, value) in &self.headers {
            let value = value.replace("ROUND", &round.to_string());
            text.push_str(&format!("{name}: {value}"));
            if name.eq_ignore_ascii_case("cookie") && !own {
                own = true;
                cookies
                    .iter()
                    .for_each(|cookie| text.push_str(&format!("; {cookie}")));
            }
            text.push_str("\r\n");
        }
        if !own && !cookies.is_empty() {
            text.push_str(&format!("Cookie: {}\r\n", cookies.join("; ")));
        }
        text.push_str("\r\n");
        text.push_str(self.body.unwrap_or_default());
        // Targets are written with a character for each byte.
        text.chars()
            .map(|code| u8::try_from(u32::from(code)).unwrap())
            .collect()
    }
}
