use super::*;
use crate::identity::credential::{Credential, CredentialType};
use crate::identity::person::VerificationStatus;

fn person() -> IdentitySchema {
    let document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string", "format": "email", "title": "Address", "minLength": 3,
                    "ory.sh/kratos": {
                        "credentials": {
                            "password": {"identifier": true},
                            "webauthn": {"identifier": true},
                            "totp": {"account_name": true},
                            "code": {"identifier": true, "via": "email"}
                        },
                        "verification": {"via": "email"},
                        "recovery": {"via": "email"}
                    }
                },
                "nick": {"type": "string", "minLength": 3, "maxLength": 12},
                "age": {"type": "integer", "minimum": 0},
                "news": {"type": "boolean"},
                "name": {"type": "object", "properties": {
                    "first": {"type": "string", "title": "First"},
                    "last": {"type": "string"}
                }}
            },
            "required": ["email"],
            "additionalProperties": false
        }}
    });
    IdentitySchema::compile("person", document).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn violations(traits: &Value) -> Vec<(String, u32)> {
    let found = person().validate(traits).unwrap_err();
    found.into_iter().map(|one| (one.name, one.id)).collect()
}

#[test]
fn every_violation_is_told_at_its_field_with_its_id() {
    assert_eq!(
        violations(&json!({})),
        [("traits.email".to_owned(), 4_000_002)]
    );
    let several = json!({"email": "a@b.example", "nick": "x", "age": -1});
    assert_eq!(
        violations(&several),
        [
            ("traits.nick".to_owned(), 4_000_003),
            ("traits.age".to_owned(), 4_000_018)
        ]
    );
    let unknown = json!({"email": "a@b.example", "shoe": 1});
    assert_eq!(violations(&unknown), [("traits".to_owned(), 4_000_001)]);
    assert_eq!(
        violations(&json!({"email": "nonsense"})),
        [("traits.email".to_owned(), 4_000_040)]
    );
    assert_eq!(
        violations(&json!({"email": "a@b.example", "news": "yes"})),
        [("traits.news".to_owned(), 4_000_026)]
    );
}

#[test]
fn a_violation_names_the_values_that_its_sentence_mentions() {
    let found = person()
        .validate(&json!({"email": "a@b.example", "nick": "x", "age": -1}))
        .unwrap_err();
    assert_eq!(
        Value::Object(*found[0].context.clone()),
        json!({"min_length": 3, "actual_length": 1})
    );
    assert_eq!(
        Value::Object(*found[1].context.clone()),
        json!({"minimum": 0, "actual": -1})
    );
    let wrong = person()
        .validate(&json!({"email": "a@b.example", "age": "x"}))
        .unwrap_err();
    assert_eq!(
        Value::Object(*wrong[0].context.clone()),
        json!({"allowed_types": ["integer"], "actual_type": "string"})
    );
}

#[test]
fn fields_stand_in_the_order_of_the_schema() {
    let schema = person();
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "traits.email",
            "traits.nick",
            "traits.age",
            "traits.news",
            "traits.name.first",
            "traits.name.last"
        ]
    );
    assert!(schema.fields()[0].required && schema.fields()[0].extension.is_sensitive());
    assert!(!schema.fields()[1].required && !schema.fields()[1].extension.is_sensitive());
}

#[test]
fn forms_become_traits_by_the_types_of_the_schema() {
    let form = [
        ("csrf_token", "x"),
        ("traits.email", "a@b.example"),
        ("traits.nick", ""),
        ("traits.age", "5"),
        ("traits.news", "true"),
        ("traits.name.first", "Ada"),
        ("traits.shoe", "big"),
    ];
    assert_eq!(
        coerce_traits(&person(), form),
        json!({"email": "a@b.example", "age": 5, "news": true, "name": {"first": "Ada"}, "shoe": "big"})
    );
}

#[test]
fn a_name_of_many_dots_does_not_nest_without_end() {
    let name = format!("traits.{}b", "a.".repeat(100_000));
    let traits = coerce_traits(&person(), [(name.as_str(), "1")]);
    let only = traits.as_object().unwrap().values().next().unwrap();
    assert_eq!(only, "1");
    assert!(person().validate(&traits).is_err());
}

#[test]
fn the_extension_makes_identifiers_and_addresses() {
    let schema = person();
    let mut identity = Identity::new("person", json!({"email": " Ada@B.example"}), now());
    let mut credentials = Credentials::new();
    schema.apply(&mut identity, &mut credentials, now());
    for kind in [
        CredentialType::Password,
        CredentialType::Webauthn,
        CredentialType::Code,
    ] {
        let row = credentials.find(kind).unwrap();
        assert_eq!(row.identifiers, ["ada@b.example"], "{}", kind.as_str());
    }
    assert_eq!(identity.verifiable_addresses[0].value, "ada@b.example");
    assert_eq!(
        identity.verifiable_addresses[0].status,
        VerificationStatus::Pending
    );
    assert_eq!(identity.recovery_addresses[0].value, "ada@b.example");
    assert_eq!(
        schema
            .extract(&identity.traits)
            .totp_account_name
            .as_deref(),
        Some(" Ada@B.example")
    );
}

#[test]
fn an_address_that_stays_keeps_its_verification() {
    let schema = person();
    let mut identity = Identity::new("person", json!({"email": "a@b.example"}), now());
    let mut credentials = Credentials::new();
    schema.apply(&mut identity, &mut credentials, now());
    identity.verifiable_addresses[0].verified = true;
    identity.traits["nick"] = json!("countess");
    schema.apply(&mut identity, &mut credentials, now());
    assert!(identity.verifiable_addresses[0].verified);
    identity.traits["email"] = json!("c@d.example");
    schema.apply(&mut identity, &mut credentials, now());
    assert!(!identity.verifiable_addresses[0].verified);
}

#[test]
fn a_password_keeps_its_hash_when_the_identifier_changes() {
    let schema = person();
    let mut identity = Identity::new("person", json!({"email": "a@b.example"}), now());
    let mut credentials = Credentials::new();
    let hash = json!({"hashed_password": "$argon2id$x"});
    credentials.set(Credential::new(
        CredentialType::Password,
        vec![],
        hash.clone(),
        now(),
    ));
    schema.apply(&mut identity, &mut credentials, now());
    let row = credentials.find(CredentialType::Password).unwrap();
    assert_eq!(
        (&row.config, row.identifiers.as_slice()),
        (&hash, &["a@b.example".to_owned()][..])
    );
}

#[test]
fn a_schema_that_refers_to_other_documents_is_refused() {
    let document = json!({
        "properties": {"traits": {"type": "object", "properties": {
            "a": {"$ref": "https://elsewhere.example/schema.json"}
        }}}
    });
    assert!(matches!(
        IdentitySchema::compile("x", document),
        Err(SchemaError::Invalid(_))
    ));
    let misspelt = json!({"properties": {"traits": {"type": "object", "properties": {
        "a": {"type": "string", "ory.sh/kratos": {"credential": {}}}
    }}}});
    assert!(matches!(
        IdentitySchema::compile("x", misspelt),
        Err(SchemaError::Extension { .. })
    ));
    assert_eq!(
        IdentitySchema::compile("x", json!({"type": "object"})).unwrap_err(),
        SchemaError::NoTraits
    );
}

#[test]
fn schemas_are_found_by_id_and_by_the_name_in_urls() {
    let schemas = Schemas::new("person", vec![person()]).unwrap();
    let encoded = schemas.default_schema().unwrap().encoded_id();
    assert_eq!(encoded, "cGVyc29u");
    assert!(schemas.find_in_url(&encoded).is_some() && schemas.find_in_url("person").is_some());
    assert!(schemas.find_in_url("nonsense").is_none());
    assert!(Schemas::new("other", vec![person()]).is_none());
}
