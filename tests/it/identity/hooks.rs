//! Web hooks: who is told what, and what they may do to a flow.

use std::sync::Arc;

use serde_json::{Value, json};
use stepgate::identity::settings::{Hook, HookAnswer, HookAuth, WebHook};
use stepgate::jsonnet::Snippet;
use stepgate::secret::SecretString;

use super::world::{PASSWORD, World, messages, node};
use crate::support::server::{Message, Server};

const BODY: &str = "function(ctx) ctx";

fn hook(server: &Server, answer: HookAnswer, body: &str) -> Hook {
    Hook::WebHook(Arc::new(WebHook {
        id: "test".to_owned(),
        url: format!("{}/hook", server.url()),
        method: "POST".to_owned(),
        body: Some(Snippet::parse("body.jsonnet", body).unwrap()),
        headers: vec![("X-Team".to_owned(), SecretString::new("red".to_owned()))],
        auth: Some(HookAuth::Basic {
            user: "gate".to_owned(),
            password: SecretString::new("keeper".to_owned()),
        }),
        answer,
    }))
}

fn reply(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// A world with one hook after every login.
fn after_login(server: &Server, answer: HookAnswer) -> World {
    let hook = hook(server, answer, BODY);
    let world = World::start(move |settings| {
        settings.self_service.login.after.hooks = vec![hook];
    });
    world.person("ada@bank.example");
    world
}

fn signup(email: &str) -> Value {
    json!({"method": "password", "traits": {"email": email}, "password": PASSWORD})
}

#[test]
fn a_hook_is_told_who_signed_in_and_none_of_their_secrets() {
    let server = Server::replying(|_| reply("200 OK", ""));
    let world = after_login(&server, HookAnswer::Succeeds);
    let mut browser = world.browser();
    browser
        .cookies
        .insert("theme".to_owned(), "dark".to_owned());
    browser.sign_in("ada@bank.example");
    let told: Message = server.only();
    assert_eq!(told.method(), "POST");
    assert_eq!(told.header("x-team"), Some("red"));
    assert_eq!(told.header("authorization"), Some("Basic Z2F0ZTprZWVwZXI="));
    for id in ["ory-webhook-trigger-id", "ory-webhook-request-id"] {
        assert_eq!(told.header(id).map(str::len), Some(36), "{id}");
    }
    let ctx = told.json();
    assert_eq!(ctx["identity"]["traits"]["email"], "ada@bank.example");
    assert_eq!(ctx["session"]["authenticator_assurance_level"], "aal1");
    assert_eq!(ctx["request_method"], "POST");
    assert_eq!(
        ctx["request_headers"]["Content-Type"],
        json!(["application/json"])
    );
    assert_eq!(ctx["request_cookies"], json!({"theme": "dark"}));
    assert!(ctx["flow"]["id"].is_string());
    let text = told.text();
    for secret in [PASSWORD, "csrf_token", "ory_st_", "argon2", "$2"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    for value in browser.cookies.values().filter(|value| *value != "dark") {
        assert!(!text.contains(value.as_str()), "a cookie of ours");
    }
}

#[test]
fn a_hook_stops_a_login_with_words_at_the_field() {
    let said = json!({"messages": [{
        "instance_ptr": "#/identifier",
        "messages": [{"id": 9001, "text": "not on Sundays", "type": "error"}],
    }]});
    let server = Server::replying(move |_| reply("403 Forbidden", &said.to_string()));
    let world = after_login(&server, HookAnswer::Read);
    let mut browser = world.browser();
    let refused = browser.try_password("ada@bank.example", PASSWORD);
    assert_eq!(refused.status, 400);
    let field = node(&refused.json(), "identifier");
    assert_eq!(field["messages"][0]["id"], 9001);
    assert_eq!(browser.whoami().status, 401);
}

#[test]
fn an_answer_that_can_not_be_read_lets_nobody_in() {
    for (status, body) in [("200 OK", ""), ("200 OK", "yes"), ("400 Bad Request", "{}")] {
        let server = Server::replying(move |_| reply(status, body));
        let world = after_login(&server, HookAnswer::Read);
        let mut browser = world.browser();
        let refused = browser.try_password("ada@bank.example", PASSWORD);
        assert_eq!(refused.status, 400, "{status} {body}");
        assert_eq!(refused.json()["error"]["code"], 500);
        assert_eq!(browser.whoami().status, 401);
    }
    let server = Server::replying(|_| reply("204 No Content", ""));
    let world = after_login(&server, HookAnswer::Read);
    world.browser().sign_in("ada@bank.example");
}

#[test]
fn a_failing_hook_is_asked_three_times_with_one_trigger() {
    let server = Server::replying(|_| reply("500 Internal Server Error", "{}"));
    let world = after_login(&server, HookAnswer::Succeeds);
    let mut browser = world.browser();
    let refused = browser.try_password("ada@bank.example", PASSWORD);
    assert_eq!(refused.status, 502);
    assert_eq!(browser.whoami().status, 401);
    let tries = server.received();
    assert_eq!(tries.len(), 3);
    let ids = |name: &str| -> Vec<String> {
        let values = tries.iter().filter_map(|one| one.header(name));
        let mut ids: Vec<String> = values.map(str::to_owned).collect();
        ids.sort();
        ids.dedup();
        ids
    };
    assert_eq!(ids("ory-webhook-trigger-id").len(), 1);
    assert_eq!(ids("ory-webhook-request-id").len(), 3);
}

#[test]
fn nobody_waits_for_a_hook_whose_answer_is_ignored() {
    let server = Server::replying(|_| reply("500 Internal Server Error", "{}"));
    let world = after_login(&server, HookAnswer::Ignored);
    world.browser().sign_in("ada@bank.example");
    server.until_received(1);
}

#[test]
fn a_private_address_is_not_called_where_that_is_forbidden() {
    let server = Server::replying(|_| reply("200 OK", ""));
    let hook = hook(&server, HookAnswer::Succeeds, BODY);
    let world = World::start(move |settings| {
        settings.clients.public_only = true;
        settings.self_service.login.after.hooks = vec![hook];
    });
    world.person("ada@bank.example");
    let refused = world.browser().try_password("ada@bank.example", PASSWORD);
    assert_eq!(refused.status, 502);
    assert!(server.received().is_empty());
}

#[test]
fn a_hook_adds_to_a_new_account_or_keeps_it_from_being_made() {
    let server = Server::replying(|request: &Message| {
        if request.text().contains("mallory@") {
            let said = json!({"messages": [{
                "instance_ptr": "#/traits/email",
                "messages": [{"id": 9002, "text": "no", "type": "error"}],
            }]});
            return reply("400 Bad Request", &said.to_string());
        }
        let patch = json!({"identity": {
            "traits": {"email": "eve@bank.example", "nick": "hooked"},
            "metadata_public": {"tier": 2},
        }});
        reply("200 OK", &patch.to_string())
    });
    let hook = hook(&server, HookAnswer::Read, BODY);
    let world = World::start(move |settings| {
        let after = &mut settings.self_service.registration.flow.after;
        after.by_method.clear();
        after.hooks = vec![hook, Hook::Session];
    });
    let mut browser = world.browser();
    let flow = browser.open("registration", "");
    let made = browser.submit(&flow, signup("eve@bank.example"));
    assert_eq!(made.status, 200, "{}", made.text());
    let identity = &made.json()["identity"];
    assert_eq!(identity["traits"]["nick"], "hooked");
    assert_eq!(identity["metadata_public"], json!({"tier": 2}));
    let mut other = world.browser();
    let flow = other.open("registration", "");
    let refused = other.submit(&flow, signup("mallory@bank.example"));
    assert_eq!(refused.status, 400);
    let field = node(&refused.json(), "traits.email");
    assert_eq!(field["messages"][0]["id"], 9002);
    let nobody = other.try_password("mallory@bank.example", PASSWORD);
    assert_eq!(messages(&nobody), [4_000_006]);
}

#[test]
fn a_hook_stops_a_change_of_settings_before_it_is_saved() {
    let said = json!({"messages": [{
        "messages": [{"id": 9003, "text": "frozen", "type": "error"}],
    }]});
    let server = Server::replying(move |_| reply("400 Bad Request", &said.to_string()));
    let hook = hook(&server, HookAnswer::Read, BODY);
    let world = World::start(move |settings| {
        settings.self_service.settings.flow.after.hooks = vec![hook];
    });
    world.person("ada@bank.example");
    let mut browser = world.browser();
    browser.sign_in("ada@bank.example");
    let flow = browser.open("settings", "");
    let traits = json!({"email": "ada@bank.example", "nick": "new"});
    let refused = browser.submit(&flow, json!({"method": "profile", "traits": traits}));
    assert_eq!((refused.status, messages(&refused)), (400, vec![9003]));
    let whoami = browser.whoami().json();
    assert!(whoami["identity"]["traits"].get("nick").is_none());
}

#[test]
fn a_hook_before_a_flow_keeps_it_from_opening_and_a_program_may_cancel_the_call() {
    let said = json!({"messages": [{
        "messages": [{"id": 9004, "text": "closed for today", "type": "error"}],
    }]});
    let server = Server::replying(move |_| reply("400 Bad Request", &said.to_string()));
    let body = "function(ctx) if ctx.flow.requested_aal == 'aal2' then error 'cancel' else ctx";
    let hook = hook(&server, HookAnswer::Read, body);
    let world = World::start(move |settings| settings.self_service.login.before = vec![hook]);
    let refused = world.browser().get("/self-service/login/browser");
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["error"]["reason"], "closed for today");
    assert_eq!(server.take().len(), 1);
}
