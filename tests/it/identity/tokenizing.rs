//! `whoami?tokenize_as=`: sessions as signed tokens.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stepgate::identity::settings::{Settings, SubjectSource, TokenTemplate};
use stepgate::jsonnet::Snippet;
use stepgate::signing::SigningKey;

use super::world::World;

fn template(name: &str, mapper: Option<&str>) -> TokenTemplate {
    let key = URL_SAFE_NO_PAD.encode([9; 32]);
    let set = json!({"keys": [{"kty": "oct", "alg": "HS256", "kid": "k1", "k": key}]});
    TokenTemplate {
        name: name.to_owned(),
        ttl: Duration::from_secs(300),
        key: SigningKey::from_jwks(&set.to_string()).unwrap(),
        claims_mapper: mapper.map(|text| Snippet::parse("mapper.jsonnet", text).unwrap()),
        subject_source: SubjectSource::Id,
    }
}

fn templates(settings: &mut Settings) {
    settings.features.cacheable_sessions = true;
    let mapper = "local session = std.extVar('session');
        { claims: { sub: 'somebody-else', email: session.identity.traits.email,
                    aal: session.authenticator_assurance_level, exp: std.extVar('claims').exp + 60 } }";
    let mut external = template("external", None);
    external.subject_source = SubjectSource::ExternalId;
    settings.session.tokenizer_templates = vec![
        template("plain", None),
        template("mapped", Some(mapper)),
        template("broken", Some("{ claims: 7 }")),
        template("failing", Some("error 'no'")),
        external,
    ];
}

fn claims(whoami: &Value) -> Value {
    let token = whoami["tokenized"].as_str().unwrap();
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn a_token_says_whose_session_it_is_and_for_how_long() {
    let world = World::start(templates);
    let ada = world.person("ada@bank.example");
    let mut own = world.native();
    own.sign_in("ada@bank.example");
    let plain = own.whoami();
    assert!(plain.header("ory-session-cache-for").is_some());
    assert!(plain.json().get("tokenized").is_none());
    let answer = own.get("/sessions/whoami?tokenize_as=plain");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("ory-session-cache-for"), None);
    let (session, claims) = (answer.json(), claims(&answer.json()));
    let now = world.clock.wall().as_second();
    assert_eq!(claims["sub"], ada.to_string());
    assert_eq!(claims["sid"], session["id"]);
    assert_eq!(claims["iat"], now);
    assert_eq!(claims["nbf"], now);
    assert_eq!(claims["exp"], now + 300);
    assert_eq!(claims["iss"], format!("http://{}/", world.address));
    assert_eq!(claims.as_object().unwrap().len(), 7);
}

#[test]
fn a_mapper_adds_claims_but_does_not_say_whom_the_token_is_about() {
    let world = World::start(templates);
    let ada = world.person("ada@bank.example");
    let mut own = world.native();
    own.sign_in("ada@bank.example");
    let claims = claims(&own.get("/sessions/whoami?tokenize_as=mapped").json());
    assert_eq!(claims["sub"], ada.to_string());
    assert_eq!(claims["email"], "ada@bank.example");
    assert_eq!(claims["aal"], "aal1");
    let now = world.clock.wall().as_second();
    assert_eq!(
        (&claims["exp"], &claims["iat"]),
        (&json!(now + 360), &json!(now))
    );
}

#[test]
fn where_a_token_cannot_be_made_there_is_no_session_document_either() {
    let world = World::start(templates);
    world.person("ada@bank.example");
    let mut own = world.native();
    let nobody = own.get("/sessions/whoami?tokenize_as=plain");
    assert_eq!(nobody.status, 401);
    own.sign_in("ada@bank.example");
    for (name, status) in [
        ("nonsense", 400),
        ("external", 400),
        ("broken", 500),
        ("failing", 500),
    ] {
        let answer = own.get(&format!("/sessions/whoami?tokenize_as={name}"));
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert!(answer.json().get("identity").is_none(), "{name}");
    }
}
