//! A bank whose transfers need a second factor, and people's browsers.

use crate::support::client::{Connection, Response};
use crate::support::gateway::{Change, HOST, World, now, session};
use crate::support::identity::Session;

pub(super) const RULES: &str = r#"
upstreams:
  bank: { url: UPSTREAM }
defaults: { upstream: bank, required_aal: aal1 }
rules:
  - { id: all, match: { host: bank.example.com, path: /** } }
  - id: transfer
    match: { host: bank.example.com, path: /transfer/**, methods: [POST, PUT, DELETE] }
    required_aal: aal2
    keep_body: true
    reason: Money leaves the bank here.
"#;

pub(super) const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn start() -> World {
    start_with("")
}

/// The same with further sections in `stepgate.yaml`.
pub(super) fn start_with(sections: &str) -> World {
    let world = World::with(&Change {
        external: &["whoami_required_aal: aal1"],
        sections,
        rules: Some(RULES),
        ..Change::default()
    });
    sign_in(&world, "alice");
    world
}

/// From now on the cookie `NAME` is this person's session with one factor.
pub(super) fn sign_in(world: &World, name: &str) {
    world.identity.says(name, Session::new(name, now()).reply());
}

/// From now on that session has two.
pub(super) fn step_up(world: &World, name: &str) {
    let session = Session::new(name, now()).aal2();
    world.identity.says(name, session.reply());
}

/// What a browser sends besides.
#[derive(Clone)]
pub(super) struct Browser {
    /// The session cookie's value; empty for none.
    pub(super) session: &'static str,
    /// Another cookie, as `name=value`.
    pub(super) nonce: Option<String>,
    pub(super) site: Option<&'static str>,
    pub(super) origin: Option<&'static str>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Browser {
    pub(super) fn of(session: &'static str) -> Self {
        Self {
            session,
            nonce: None,
            site: Some("same-origin"),
            origin: Some("http://bank.example.com"),
            headers: Vec::new(),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn head(&self, method: &str, target: &str) -> String {
        let mut head =
            format!("{method} {target} HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/html\r\n");
        let mut header = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
        header("Sec-Fetch-Mode", "navigate");
        let own = (!self.session.is_empty()).then(|| session(self.session));
        let cookies: Vec<String> = own.into_iter().chain(self.nonce.clone()).collect();
        if !cookies.is_empty() {
            header("Cookie", &cookies.join("; "));
        }
        for (name, value) in [("Sec-Fetch-Site", self.site), ("Origin", self.origin)] {
            if let Some(value) = value {
                header(name, value);
            }
        }
        for (name, value) in &self.headers {
            header(name, value);
        }
        head
    }

    pub(super) fn send(
        &self,
        world: &World,
        method: &str,
        target: &str,
        content_type: &str,
        body: &[u8],
    ) -> Response {
        let mut request = self.head(method, target);
        request.push_str(&format!(
            "Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        ));
        let bytes = [request.as_bytes(), body].concat();
        Connection::open(world.gateway.address).ask(bytes)
    }

    /// Sends a form to the bank's transfers.
    pub(super) fn transfer(&self, world: &World, body: &str) -> Response {
        self.send(world, "POST", "/transfer/now?x=1", FORM, body.as_bytes())
    }

    pub(super) fn get(&self, world: &World, target: &str) -> Response {
        let mut visitor = self.clone();
        // People come from the login page, wherever that is.
        (visitor.site, visitor.origin) = (Some("cross-site"), None);
        let head = visitor.head("GET", target) + "\r\n";
        Connection::open(world.gateway.address).ask(head)
    }

    /// Opens the page of what was kept.
    pub(super) fn open(&self, world: &World, id: &str) -> Response {
        self.get(world, &page(id))
    }

    /// Opens the page and gives its proof.
    pub(super) fn proof(&self, world: &World, id: &str) -> String {
        let page = self.open(world, id);
        assert_eq!(page.status, 200, "{}", page.text());
        between(&page.text(), "name=\"stepgate_proof\" value=\"", "\"")
    }

    /// Presses the button of the page.
    pub(super) fn press(&self, world: &World, id: &str, proof: &str) -> Response {
        let form = format!("stepgate_resume={id}&stepgate_proof={proof}");
        self.transfer(world, &form)
    }
}

pub(super) fn page(id: &str) -> String {
    format!("/.well-known/stepgate/step-up/{id}?rule=transfer")
}

/// The text between two others.
pub(super) fn between(text: &str, before: &str, after: &str) -> String {
    let start = text
        .find(before)
        .unwrap_or_else(|| panic!("no {before} in {text}"));
    let rest = &text[start + before.len()..];
    rest[..rest.find(after).unwrap()].to_owned()
}

/// The id that the link of an answer leads back to; `None` where nothing was kept.
pub(super) fn kept(answer: &Response) -> Option<String> {
    let text = answer.text();
    let (_, rest) = text.split_once("step-up%2F")?;
    Some(rest[..43].to_owned())
}
