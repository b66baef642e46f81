//! An identity service that says of each credential what it is told to say, over real HTTP, and
//! counts how often it is asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::reply::Reply;
use super::server::{Message, Server};

/// The name of its session cookie.
pub(crate) const COOKIE: &str = "ory_kratos_session";

/// The service.
pub(crate) struct Identity {
    pub(crate) server: Server,
    script: Arc<Mutex<Lines>>,
}

struct Lines {
    by_credential: HashMap<String, Reply>,
    /// For credentials that nobody named.
    other: Reply,
    /// What the admin API says of an identity.
    identities: HashMap<String, Reply>,
    /// What other paths answer, by their beginning.
    paths: HashMap<String, Reply>,
}

impl Identity {
    /// Knows nobody.
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    /// The same at a given address.
    pub(crate) fn start_at(address: &str) -> Self {
        let script = Arc::new(Mutex::new(Lines {
            by_credential: HashMap::new(),
            other: unauthorized(),
            identities: HashMap::new(),
            paths: HashMap::new(),
        }));
        let lines = Arc::clone(&script);
        let server = Server::replying_at(address, move |request| {
            lines.lock().unwrap().for_request(request)
        });
        Self { server, script }
    }

    /// Says `reply` of `credential` from now on.
    pub(crate) fn says(&self, credential: &str, reply: Reply) {
        self.script
            .lock()
            .unwrap()
            .by_credential
            .insert(credential.to_owned(), reply);
    }

    /// Says `reply` of everyone from now on.
    pub(crate) fn says_of_everyone(&self, reply: Reply) {
        let mut lines = self.script.lock().unwrap();
        lines.by_credential.clear();
        lines.other = reply;
    }

    /// What its admin API says of an identity.
    pub(crate) fn admin_says(&self, identity: &str, reply: Reply) {
        self.script
            .lock()
            .unwrap()
            .identities
            .insert(identity.to_owned(), reply);
    }

    /// What it answers below a path other than whoami's.
    pub(crate) fn answers(&self, path: &str, reply: Reply) {
        self.script
            .lock()
            .unwrap()
            .paths
            .insert(path.to_owned(), reply);
    }

    /// How often whoami was asked.
    pub(crate) fn calls(&self) -> usize {
        self.whoami().len()
    }

    /// The questions to whoami.
    pub(crate) fn whoami(&self) -> Vec<Message> {
        let whoami = |request: &Message| request.target() == "/sessions/whoami";
        self.server.received().into_iter().filter(whoami).collect()
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }
}

impl Lines {
    fn for_request(&self, request: &Message) -> Reply {
        if let Some(id) = request.target().strip_prefix("/admin/identities/") {
            let id = id.split('?').next().unwrap_or_default();
            let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
            let missing = Reply::json("404 Not Found", "{}");
            return self.identities.get(&*id).cloned().unwrap_or(missing);
        }
        if request.target() != "/sessions/whoami" {
            let known = self
                .paths
                .iter()
                .find(|(path, _)| request.target().starts_with(*path));
            let missing = Reply::answer("404 Not Found", &[], "404 page not found\n");
            return known.map_or(missing, |(_, reply)| reply.clone());
        }
        let cookie = request
            .header("cookie")
            .and_then(|line| line.strip_prefix(COOKIE))
            .and_then(|rest| rest.strip_prefix('='));
        let credential = request
            .header("x-session-token")
            .or(cookie)
            .unwrap_or_default();
        self.by_credential
            .get(credential)
            .unwrap_or(&self.other)
            .clone()
    }
}

/// 401, as Kratos words it.
pub(crate) fn unauthorized() -> Reply {
    let body = json!({"error": {
        "code": 401, "status": "Unauthorized",
        "reason": "No valid session credentials found in the request.",
        "message": "The request could not be authorized",
    }});
    Reply::json("401 Unauthorized", &body.to_string())
}

/// 403 `session_aal2_required`, as Kratos words it.
pub(crate) fn undisclosed() -> Reply {
    let url = "http://127.0.0.1:4433/self-service/login/browser?aal=aal2";
    let body = json!({
        "error": {
            "id": "session_aal2_required", "code": 403, "status": "Forbidden",
            "reason": "An active session was found but it does not fulfil the requested level.",
            "message": "Session does not fulfill the requested Authenticator Assurance Level",
            "details": {"redirect_browser_to": url},
        },
        "redirect_browser_to": url,
    });
    Reply::json("403 Forbidden", &body.to_string())
}

/// A session to be told.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) document: Value,
    now: Timestamp,
}

impl Session {
    /// An aal1 session of one hour, authenticated just now.
    pub(crate) fn new(person: &str, now: Timestamp) -> Self {
        let soon = now + SignedDuration::from_hours(1);
        let document = json!({
            "id": format!("session-of-{person}"),
            "active": true,
            "expires_at": soon.to_string(),
            "authenticated_at": now.to_string(),
            "authenticator_assurance_level": "aal1",
            "authentication_methods": [
                {"method": "password", "aal": "aal1", "completed_at": now.to_string()},
            ],
            "issued_at": now.to_string(),
            "identity": {
                "id": person,
                "schema_id": "default",
                "state": "active",
                "traits": {"email": format!("{person}@example.com")},
            },
            "devices": null,
        });
        Self { document, now }
    }

    /// The same with a second factor used.
    pub(crate) fn aal2(mut self) -> Self {
        let completed_at = self.document["authenticated_at"].clone();
        self.document["authenticator_assurance_level"] = "aal2".into();
        let methods = self.document["authentication_methods"]
            .as_array_mut()
            .unwrap();
        methods.push(json!({"method": "totp", "aal": "aal2", "completed_at": completed_at}));
        self
    }

    /// The same, authenticated so many seconds ago.
    pub(crate) fn authenticated_ago(mut self, seconds: i64) -> Self {
        let then = (self.now - SignedDuration::from_secs(seconds)).to_string();
        self.document["authenticated_at"] = then.clone().into();
        for method in self.document["authentication_methods"]
            .as_array_mut()
            .unwrap()
        {
            method["completed_at"] = then.clone().into();
        }
        self
    }

    /// The same, ending in so many seconds.
    pub(crate) fn ends_in(mut self, seconds: i64) -> Self {
        let end = self.now + SignedDuration::from_secs(seconds);
        self.document["expires_at"] = end.to_string().into();
        self
    }

    /// The same with a member of the document changed.
    pub(crate) fn with(mut self, pointer: &str, value: Value) -> Self {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        self.document.pointer_mut(parent).unwrap()[name] = value;
        self
    }

    /// 200 with it.
    pub(crate) fn reply(&self) -> Reply {
        Reply::json("200 OK", &self.document.to_string())
    }

    /// 200 with it and further headers.
    pub(crate) fn reply_with(&self, headers: &[(&str, &str)]) -> Reply {
        let json = ("Content-Type", "application/json");
        let headers: Vec<_> = headers.iter().copied().chain([json]).collect();
        Reply::answer("200 OK", &headers, &self.document.to_string())
    }
}
