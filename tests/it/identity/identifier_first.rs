//! `login.style: identifier_first`.

use serde_json::{Value, json};
use stepgate::identity::settings::{LoginStyle, Settings};

use super::world::{World, messages, node};

fn identifier_first(settings: &mut Settings) {
    settings.self_service.login_style = LoginStyle::IdentifierFirst;
}

fn ask(world: &World, identifier: &str) -> Value {
    let mut client = world.native();
    let flow = client.open("login", "");
    let fields = json!({"method": "identifier_first", "identifier": identifier});
    client.submit(&flow, fields).json()
}

/// A flow without what differs from flow to flow.
fn bare(mut flow: Value, identifier: &str) -> String {
    for key in ["id", "created_at", "expires_at", "issued_at", "updated_at"] {
        flow[key] = Value::Null;
    }
    flow["ui"]["action"] = Value::Null;
    flow.to_string().replace(identifier, "SOMEBODY")
}

#[test]
fn the_second_screen_offers_the_methods_of_the_account() {
    let world = World::start(identifier_first);
    world.person("ada@bank.example");
    let flow = ask(&world, " Ada@Bank.example ");
    assert_eq!(flow["active"], "identifier_first");
    assert_eq!(node(&flow, "identifier")["attributes"]["type"], "hidden");
    assert_eq!(node(&flow, "password")["group"], "password");
    let unknown = ask(&world, "nobody@bank.example");
    assert!(node(&unknown, "password").is_null());
    assert_eq!(node(&unknown, "identifier")["messages"][0]["id"], 4_000_037);
    let empty = ask(&world, "  ");
    assert_eq!(node(&empty, "identifier")["messages"][0]["id"], 4_000_002);
}

#[test]
fn where_accounts_are_hidden_everybody_sees_the_same_second_screen() {
    let world = World::start(|settings| {
        identifier_first(settings);
        settings.hide_accounts = true;
    });
    world.person("ada@bank.example");
    let (ada, nobody) = ("ada@bank.example", "nob@bank.example");
    let known = bare(ask(&world, ada), ada);
    assert_eq!(known, bare(ask(&world, nobody), nobody));
    assert!(known.contains("current-password"), "{known}");
}

#[test]
fn a_refresh_and_the_unified_style_do_not_ask_for_the_identifier_first() {
    let world = World::start(identifier_first);
    world.person("ada@bank.example");
    let mut own = world.browser();
    let flow = own.open("login", "");
    let screen = own.submit(
        &flow,
        json!({"method": "identifier_first", "identifier": "ada@bank.example"}),
    );
    assert_eq!(screen.status, 400);
    own.sign_in("ada@bank.example");
    let refresh = own.open("login", "?refresh=true");
    assert_eq!(node(&refresh, "identifier")["attributes"]["type"], "hidden");
    let fields = json!({"method": "identifier_first", "identifier": "ada@bank.example"});
    assert_eq!(messages(&own.submit(&refresh, fields.clone())), [4_010_002]);

    let unified = World::start(|_| {});
    unified.person("ada@bank.example");
    let mut client = unified.native();
    let flow = client.open("login", "");
    assert_eq!(messages(&client.submit(&flow, fields)), [4_010_002]);
}
