use rstest::rstest;
use serde_json::json;

use super::*;

fn good() -> Value {
    json!({
        "id": "5d2ee0b3-8a2b-4c52-9f6e-3d8a1f9f0001",
        "active": true,
        "expires_at": "2026-11-22T10:00:00.123456789Z",
        "authenticated_at": "2026-11-21T10:00:00Z",
        "authenticator_assurance_level": "aal2",
        "authentication_methods": [
            {"method": "password", "aal": "aal1", "completed_at": "2026-11-21T09:00:00Z"},
            {"method": "totp", "aal": "aal2", "completed_at": "2026-11-21T10:00:00Z"},
        ],
        "issued_at": "2026-11-21T09:00:00Z",
        "identity": {"id": "9f425a8d-7efc-4768-8f23-7647a74fdf13", "traits": {"email": "a@b.c"}},
        "devices": null,
    })
}

fn with(path: &str, value: Value) -> Vec<u8> {
    let mut document = good();
    *document.pointer_mut(path).unwrap() = value;
    serde_json::to_vec(&document).unwrap()
}

fn without(name: &str) -> Vec<u8> {
    let mut document = good();
    document.as_object_mut().unwrap().remove(name).unwrap();
    serde_json::to_vec(&document).unwrap()
}

#[test]
fn a_session_is_read_as_it_is_written() {
    let session = Session::parse(&serde_json::to_vec(&good()).unwrap()).unwrap();
    let subject = &session.subject;
    assert_eq!(&*subject.session_id, "5d2ee0b3-8a2b-4c52-9f6e-3d8a1f9f0001");
    assert_eq!(
        &*subject.identity_id,
        "9f425a8d-7efc-4768-8f23-7647a74fdf13"
    );
    assert_eq!(subject.aal, Aal::Aal2);
    assert_eq!(subject.completions.len(), 2);
    assert_eq!(subject.completions[1].method, AuthenticationMethod::Totp);
    assert_eq!(subject.authenticated_at.to_string(), "2026-11-21T10:00:00Z");
}

#[rstest]
#[case::inactive("/active", json!(false))]
#[case::active_as_text("/active", json!("true"))]
#[case::active_as_number("/active", json!(1))]
#[case::active_null("/active", json!(null))]
#[case::id_empty("/id", json!(""))]
#[case::id_number("/id", json!(7))]
#[case::id_with_line_break("/id", json!("a\r\nb"))]
#[case::identity_null("/identity", json!(null))]
#[case::identity_text("/identity", json!("alice"))]
#[case::identity_id_list("/identity/id", json!(["a"]))]
#[case::expiry_number("/expires_at", json!(1_800_000_000))]
#[case::expiry_date_only("/expires_at", json!("2026-11-22"))]
#[case::expiry_no_zone("/expires_at", json!("2026-11-22T10:00:00"))]
#[case::expiry_with_blank("/expires_at", json!("2026-11-22 10:00:00Z"))]
#[case::methods_object("/authentication_methods", json!({}))]
#[case::method_without_time("/authentication_methods/0", json!({"method": "password"}))]
#[case::method_number("/authentication_methods/0", json!(1))]
fn what_is_not_plainly_a_session_is_malformed(#[case] path: &str, #[case] value: Value) {
    assert!(matches!(
        Session::parse(&with(path, value)),
        Err(Malformed::Member(_))
    ));
}

#[rstest]
#[case("id")]
#[case("active")]
#[case("expires_at")]
#[case("authenticated_at")]
#[case("identity")]
fn a_session_without_its_essentials_is_malformed(#[case] name: &str) {
    assert!(matches!(
        Session::parse(&without(name)),
        Err(Malformed::Member(_))
    ));
}

#[rstest]
#[case(json!("aal9"))]
#[case(json!("AAL2"))]
#[case(json!(2))]
#[case(json!(null))]
fn an_unknown_level_ranks_lowest(#[case] level: Value) {
    let body = with("/authenticator_assurance_level", level);
    assert_eq!(Session::parse(&body).unwrap().subject.aal, Aal::Aal0);
    let body = without("authenticator_assurance_level");
    assert_eq!(Session::parse(&body).unwrap().subject.aal, Aal::Aal0);
}

#[test]
fn a_session_may_have_no_methods() {
    let body = with("/authentication_methods", Value::Null);
    assert!(
        Session::parse(&body)
            .unwrap()
            .subject
            .completions
            .is_empty()
    );
}

#[test]
fn ill_formed_json_is_refused() {
    let text = serde_json::to_string(&good()).unwrap();
    let twice = text.replacen("\"active\":true", "\"active\":false,\"active\":true", 1);
    let nested_twice = text.replacen("\"email\"", "\"email\":\"x\",\"email\"", 1);
    let behind = format!("{text} {{}}");
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let cut = text.strip_suffix('}').unwrap();
    for body in [
        &twice,
        &nested_twice,
        &behind,
        &deep,
        cut,
        "",
        "null ",
        "garbage",
        "\u{feff}{}",
    ] {
        assert!(Session::parse(body.as_bytes()).is_err(), "{body}");
    }
    assert!(Session::parse(b"\xff\xfe").is_err());
    assert_eq!(
        Session::parse(nested_twice.as_bytes()).unwrap_err(),
        Malformed::Json
    );
}
