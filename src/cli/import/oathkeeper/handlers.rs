//! Handlers of Oathkeeper: who is let in, what the application is told, what others are told.

use super::ours::OurRule;
use super::template::{self, Scope, Value, is_path};
use crate::cli::import::LeftOut;
use crate::document::Node;

/// A handler of a rule, its configuration laid over that of the configuration file.
pub(super) struct Handler<'a> {
    pub(super) name: String,
    pub(super) node: &'a Node,
    pub(super) config: Option<Node>,
    /// The configuration file switches it off.
    pub(super) disabled: bool,
}

impl Handler<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        let node = self.config.as_ref()?.find(key)?;
        node.as_scalar().map(|scalar| &*scalar.text)
    }
}

/// What is translated, and what is left out of it.
pub(super) struct Work<'a> {
    pub(super) rule: &'a mut OurRule,
    pub(super) left_out: &'a mut Vec<LeftOut>,
    /// The rule's id as it was.
    pub(super) id: &'a str,
}

impl Work<'_> {
    pub(super) fn leave_out(&mut self, node: &Node, handler: &str, why: impl Into<String>) {
        let found = LeftOut::at(&node.place, Some(self.id), handler, why);
        self.left_out.push(found);
    }

    /// Leaves out what kept people away, so nobody may come.
    pub(super) fn leave_out_guard(&mut self, node: &Node, handler: &str, why: &str) {
        self.leave_out(node, handler, format!("{why}; the rule lets nobody in"));
        self.rule.deny(format!("{handler}: {why}"));
    }
}

/// Handlers in order; the first that is responsible decides.
pub(super) fn authenticators(handlers: &[Handler<'_>], work: &mut Work<'_>) -> Scope {
    let mut sessions = Vec::new();
    let mut public = None;
    let mut never = false;
    for handler in handlers {
        let label = format!("authenticator {}", handler.name);
        if handler.disabled {
            work.leave_out(
                handler.node,
                &label,
                "the configuration file does not enable it",
            );
            continue;
        }
        match &*handler.name {
            "noop" => public = public.or(Some(Value::Text(String::new()))),
            "anonymous" => {
                let subject = handler.text("subject").unwrap_or("anonymous");
                public = public.or_else(|| Some(Value::Text(subject.to_owned())));
            }
            "unauthorized" => never = true,
            "cookie_session" | "bearer_token" if asks_kratos(handler) => sessions.push(handler),
            "cookie_session" | "bearer_token" => {
                let why = "it asks another service than Kratos' whoami";
                work.leave_out(handler.node, &label, why);
            }
            "jwt" => {
                let why = "name the issuer in `bearer_jwt` of stepgate.yaml";
                work.leave_out(handler.node, &label, why);
            }
            _ => work.leave_out(handler.node, &label, "it has no counterpart"),
        }
        // Whoever stands behind one that always answers is never asked.
        if never || handler.name == "noop" {
            break;
        }
    }
    let scope = match (sessions.first(), &public) {
        (Some(session), _) => scope_of(session),
        (None, Some(subject)) => Scope {
            subject: subject.clone(),
            extra: None,
        },
        (None, None) => scope_of_nobody(),
    };
    match (sessions.is_empty(), public.is_some(), never) {
        (false, true, _) => {
            work.rule.required_aal = "none";
            work.rule.identify = true;
        }
        (false, false, _) => work.rule.required_aal = "aal1",
        (true, true, _) => work.rule.required_aal = "none",
        (true, false, true) => {
            work.rule.required_aal = "aal1";
            work.rule
                .deny("authenticator unauthorized refuses everybody");
        }
        (true, false, false) => {
            work.rule.required_aal = "aal1";
            work.rule
                .deny("none of its authenticators could be translated");
        }
    }
    scope
}

fn asks_kratos(handler: &Handler<'_>) -> bool {
    handler.text("check_session_url").is_some_and(|url| {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        path.trim_end_matches('/').ends_with("/sessions/whoami")
    })
}

fn scope_of(handler: &Handler<'_>) -> Scope {
    let member = |path: &str| match path {
        "@this" => Some("session".to_owned()),
        path if is_path(path) => Some(format!("session.{path}")),
        _ => None,
    };
    // What Oathkeeper looks for where nothing is said is not in Kratos' answer.
    let subject = match handler.text("subject_from") {
        None | Some("subject" | "sub") => Some("session.identity.id".to_owned()),
        Some(path) => member(path),
    };
    Scope {
        subject: match subject {
            Some(path) => Value::Expression(path),
            None => Value::Text(String::new()),
        },
        extra: handler.text("extra_from").and_then(member),
    }
}

const fn scope_of_nobody() -> Scope {
    Scope {
        subject: Value::Text(String::new()),
        extra: None,
    }
}

pub(super) fn authorizer(handler: &Handler<'_>, work: &mut Work<'_>) {
    let label = format!("authorizer {}", handler.name);
    match &*handler.name {
        _ if handler.disabled => {
            let why = "the configuration file does not enable it";
            work.leave_out_guard(handler.node, &label, why);
        }
        "allow" => {}
        "deny" => work.rule.deny("authorizer deny refuses everybody"),
        "remote" | "remote_json" => {
            let why = "no other service is asked; say it as a `condition`";
            work.leave_out_guard(handler.node, &label, why);
        }
        _ => work.leave_out_guard(handler.node, &label, "it has no counterpart"),
    }
}

pub(super) fn mutator(handler: &Handler<'_>, scope: &Scope, work: &mut Work<'_>) {
    let label = format!("mutator {}", handler.name);
    match &*handler.name {
        _ if handler.disabled => {
            let why = "the configuration file does not enable it";
            work.leave_out_guard(handler.node, &label, why);
        }
        "noop" => {}
        "header" => headers(handler, scope, work),
        "id_token" => {
            let why = "signed identity is `upstream_identity.jwt` of stepgate.yaml";
            work.leave_out(handler.node, &label, why);
        }
        "hydrator" => {
            let why = "nothing is fetched for a request; values come from the session";
            work.leave_out(handler.node, &label, why);
        }
        "cookie" => {
            let why = "cookies are not made for applications; use `request_headers`";
            work.leave_out(handler.node, &label, why);
        }
        _ => work.leave_out(handler.node, &label, "it has no counterpart"),
    }
}

fn headers(handler: &Handler<'_>, scope: &Scope, work: &mut Work<'_>) {
    let entries = handler
        .config
        .as_ref()
        .and_then(|config| config.find("headers"))
        .and_then(Node::as_map)
        .unwrap_or_default();
    for entry in entries {
        let name = &*entry.key.text;
        let template = entry.value.as_scalar().map(|scalar| &*scalar.text);
        let value = template
            .ok_or_else(|| "its value is no text".to_owned())
            .and_then(|template| template::translate(template, scope));
        let value = match value {
            Ok(value) => value,
            Err(why) => {
                work.leave_out(&entry.value, "mutator header", format!("{name}: {why}"));
                continue;
            }
        };
        // Names that `upstream_identity` sets by itself, to the same.
        let is_usual = match (name.to_ascii_lowercase().as_str(), &value) {
            ("x-user-id", Value::Expression(path)) => path == "session.identity.id",
            ("x-user-email", Value::Expression(path)) => path == "session.identity.traits.email",
            ("x-session-id", Value::Expression(path)) => path == "session.id",
            _ => false,
        };
        if is_usual {
            let told = format!("{name} is set for every rule (upstream_identity.headers).");
            work.rule.comments.push(told);
        } else {
            work.rule.headers.push((name.to_owned(), value));
        }
    }
}

/// Answers to those who are refused. Ours say the same by the kind of client.
pub(super) fn error(handler: &Handler<'_>, work: &mut Work<'_>) {
    let label = format!("error handler {}", handler.name);
    let about_unauthorized = handler
        .config
        .as_ref()
        .and_then(|config| config.find("when"))
        .is_none_or(|when| mentions(when, "unauthorized"));
    match &*handler.name {
        "json" => {}
        "redirect" if about_unauthorized => {
            let to = handler.text("to").unwrap_or("the login page");
            let told = format!("Browsers without a session are sent to sign in (it was {to}).");
            work.rule.comments.push(told);
        }
        "redirect" => {
            let why = "only people who have to sign in are sent elsewhere";
            work.leave_out(handler.node, &label, why);
        }
        "www_authenticate" => {
            let why = "challenges are `Bearer`; browsers must not ask for a password";
            work.leave_out(handler.node, &label, why);
        }
        _ => work.leave_out(handler.node, &label, "it has no counterpart"),
    }
}

fn mentions(node: &Node, word: &str) -> bool {
    let in_list = || {
        node.as_list()
            .unwrap_or_default()
            .iter()
            .any(|item| mentions(item, word))
    };
    let in_map = || {
        let entries = node.as_map().unwrap_or_default();
        entries.iter().any(|entry| mentions(&entry.value, word))
    };
    node.as_scalar().is_some_and(|scalar| &*scalar.text == word) || in_list() || in_map()
}
