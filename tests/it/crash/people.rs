//! A program and the people who use it: what they do counts once the program has said so.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::support::client::{Connection, Response};
use crate::support::program::Program;

/// Where the program answers.
#[derive(Clone, Copy)]
pub(super) struct Api(SocketAddr);

/// Somebody, with everything that the program confirmed.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) password: String,
    pub(super) token: String,
    /// A session that was signed out of.
    pub(super) ended: String,
    /// Lookup secrets; the first one was used.
    pub(super) codes: Vec<String>,
    /// The flow in which it was used.
    pub(super) spent_flow: String,
}

impl Api {
    /// Where this one answers.
    pub(super) fn of(program: &Program) -> Self {
        Self(program.addresses("identity")[0])
    }

    /// The answer, or `None` when the program is gone.
    fn ask(self, method: &str, target: &str, token: &str, body: &Value) -> Option<Response> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let token = match token {
            "" => String::new(),
            token => format!("X-Session-Token: {token}\r\n"),
        };
        let mut connection = Connection::try_open(self.0)?;
        connection.send(format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n{token}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.0,
            body.len(),
        ));
        // One that breaks off was not given.
        connection.receive(false).filter(|answer| answer.whole)
    }

    fn open_flow(self, kind: &str, query: &str, token: &str) -> Option<String> {
        let target = format!("/self-service/{kind}/api{query}");
        let flow = self.ask("GET", &target, token, &Value::Null)?;
        assert_eq!(flow.status, 200, "{}", flow.text());
        Some(flow.json()["id"].as_str().unwrap().to_owned())
    }

    fn submit(self, kind: &str, flow: &str, token: &str, fields: &Value) -> Option<Response> {
        self.ask(
            "POST",
            &format!("/self-service/{kind}?flow={flow}"),
            token,
            fields,
        )
    }

    fn sign_in(self, email: &str, password: &str) -> Option<Response> {
        let flow = self.open_flow("login", "", "")?;
        let fields = json!({ "method": "password", "identifier": email, "password": password });
        self.submit("login", &flow, "", &fields)
    }

    /// Registers somebody, who signs in a second time and out again, makes lookup secrets and uses
    /// one. `None` when the program was gone before all of it was confirmed.
    pub(super) fn journey(self, name: &str) -> Option<Person> {
        let (email, password) = (
            format!("{name}@bank.example"),
            format!("paper-{name}-lantern-9"),
        );
        let flow = self.open_flow("registration", "", "")?;
        let fields = json!({
            "method": "password", "password": password, "traits": { "email": email },
        });
        let made = self.submit("registration", &flow, "", &fields)?;
        assert_eq!(made.status, 200, "{}", made.text());
        let token = token_of(&made);

        let second = self.sign_in(&email, &password)?;
        assert_eq!(second.status, 200, "{}", second.text());
        let ended = token_of(&second);
        let out = json!({ "session_token": ended });
        let out = self.ask("DELETE", "/self-service/logout/api", "", &out)?;
        assert_eq!(out.status, 204, "{}", out.text());

        let codes = self.make_codes(&token)?;
        let spent_flow = self.open_flow("login", "?aal=aal2&refresh=true", &token)?;
        let used = self.use_code(&spent_flow, &token, &codes[0])?;
        assert_eq!(used.status, 200, "{}", used.text());
        Some(Person {
            email,
            password,
            token,
            ended,
            codes,
            spent_flow,
        })
    }

    fn make_codes(self, token: &str) -> Option<Vec<String>> {
        let flow = self.open_flow("settings", "", token)?;
        let fields = json!({ "method": "lookup_secret", "lookup_secret_regenerate": true });
        let shown = self.submit("settings", &flow, token, &fields)?;
        assert_eq!(shown.status, 200, "{}", shown.text());
        let nodes = shown.json()["ui"]["nodes"].as_array().unwrap().clone();
        let node = nodes
            .iter()
            .find(|node| node["attributes"]["id"] == "lookup_secret_codes");
        let secrets = &node.unwrap()["attributes"]["text"]["context"]["secrets"];
        let secrets = secrets.as_array().unwrap().iter();
        let codes = secrets
            .map(|one| one["context"]["secret"].as_str().unwrap().to_owned())
            .collect();
        let fields = json!({ "method": "lookup_secret", "lookup_secret_confirm": true });
        let kept = self.submit("settings", &flow, token, &fields)?;
        assert_eq!(kept.status, 200, "{}", kept.text());
        Some(codes)
    }

    fn use_code(self, flow: &str, token: &str, code: &str) -> Option<Response> {
        let fields = json!({ "method": "lookup_secret", "lookup_secret": code });
        self.submit("login", flow, token, &fields)
    }

    fn level(self, token: &str) -> Option<String> {
        let whoami = self
            .ask("GET", "/sessions/whoami", token, &Value::Null)
            .unwrap();
        let level = || {
            whoami.json()["authenticator_assurance_level"]
                .as_str()
                .map(str::to_owned)
        };
        if whoami.status == 200 { level() } else { None }
    }

    /// Everything that was confirmed is there, and nothing that was used can be used again.
    pub(super) fn check(self, person: &Person) {
        let level = self.level(&person.token);
        assert_eq!(
            level.as_deref(),
            Some("aal2"),
            "{} is signed in",
            person.email
        );
        assert_eq!(
            self.level(&person.ended),
            None,
            "{} signed out",
            person.email
        );

        let anew = self.sign_in(&person.email, &person.password).unwrap();
        assert_eq!(anew.status, 200, "{}", anew.text());
        let token = token_of(&anew);
        let again = self.use_code(&person.spent_flow, &person.token, &person.codes[0]);
        assert_ne!(again.unwrap().status, 200, "the flow was used up");
        for (code, status) in [(0, 400), (1, 200), (1, 400)] {
            let query = "?aal=aal2&refresh=true";
            let flow = self.open_flow("login", query, &token).unwrap();
            let used = self.use_code(&flow, &token, &person.codes[code]).unwrap();
            assert_eq!(used.status, status, "code {code}: {}", used.text());
        }
        assert_eq!(self.level(&token).as_deref(), Some("aal2"));
    }
}

fn token_of(answer: &Response) -> String {
    answer.json()["session_token"].as_str().unwrap().to_owned()
}
