use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::Jws;
use super::level::{completions, level, methods};
use crate::aal::{Aal, AuthenticationMethod as Method};

fn claims(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn a_level_is_what_the_issuer_says_or_what_was_used_adds_up_to() {
    for (said, meant) in [
        (json!({}), Aal::Aal1),
        (json!({"acr": "aal2"}), Aal::Aal2),
        (json!({"acr": "aal1", "amr": ["pwd", "mfa"]}), Aal::Aal1),
        (json!({"acr": "aal0"}), Aal::Aal0),
        (json!({"acr": "aal3"}), Aal::Aal1),
        (json!({"acr": ["aal2"]}), Aal::Aal1),
        (json!({"amr": ["pwd"]}), Aal::Aal1),
        (json!({"amr": ["otp", "hwk"]}), Aal::Aal1),
        (json!({"amr": ["pwd", "pin"]}), Aal::Aal1),
        (json!({"amr": ["pwd", "sms"]}), Aal::Aal2),
        (json!({"amr": ["hwk", "fpt"]}), Aal::Aal2),
        (json!({"amr": ["mfa"]}), Aal::Aal2),
        (json!({"amr": "mfa"}), Aal::Aal1),
        (json!({"acr": "urn:gold", "amr": ["pwd", "otp"]}), Aal::Aal2),
    ] {
        assert_eq!(level(&claims(&said)), meant, "{said}");
    }
}

#[test]
fn methods_are_called_by_our_names() {
    let said = json!({"amr": ["pwd", "otp", "mfa", "hwk", "swk", "sms", "pwd", "x", 7]});
    assert_eq!(
        methods(&claims(&said)),
        [
            Method::Password,
            Method::Totp,
            Method::Webauthn,
            Method::Unknown,
            Method::Code
        ]
    );
}

#[test]
fn a_session_of_two_factors_has_a_step_of_the_second() {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let levels = |aal, methods: &[Method]| -> Vec<Aal> {
        completions(aal, methods, at)
            .iter()
            .map(|step| step.aal)
            .collect()
    };
    let both = [Method::Password, Method::Totp];
    assert_eq!(levels(Aal::Aal2, &both), [Aal::Aal1, Aal::Aal2]);
    assert_eq!(levels(Aal::Aal1, &both), [Aal::Aal1, Aal::Aal1]);
    assert_eq!(levels(Aal::Aal2, &[]), [Aal::Aal1, Aal::Aal2]);
    assert_eq!(
        levels(Aal::Aal2, &[Method::Password]),
        [Aal::Aal1, Aal::Aal2]
    );
    assert_eq!(levels(Aal::Aal1, &[]), [Aal::Aal1]);
    assert_eq!(levels(Aal::Aal0, &[]), []);
}

proptest! {
    /// Whatever the bytes: one reading or none, and no panic.
    #[test]
    fn any_text_is_read_or_refused(text in "[A-Za-z0-9._=+/-]{0,200}") {
        if let Ok(token) = Jws::parse(&text) {
            prop_assert_eq!(text.matches('.').count(), 2);
            prop_assert!(!token.signature.is_empty());
        }
    }
}
