//! Whose tokens are credentials here: read before anything of a token is believed.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

/// The issuers of `bearer_jwt`, by name. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Issuers(Arc<[Box<str>]>);

impl Issuers {
    /// These issuers.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = Box<str>>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Whether a token looks like a JWT that says it is from one of them. Nothing is verified:
    /// this only tells our tokens from those that belong to the application.
    pub(super) fn are_named_in(&self, token: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let mut parts = token.split('.');
        let (Some(_), Some(claims), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let Ok(claims) = URL_SAFE_NO_PAD.decode(claims) else {
            return false;
        };
        let mut reader = serde_json::Deserializer::from_slice(&claims);
        reader.deserialize_map(Named(self)).unwrap_or(false)
    }
}

/// Finds `iss`. Where it comes twice, each counts: the token is ours to refuse.
struct Named<'a>(&'a Issuers);

impl<'de> Visitor<'de> for Named<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(name) = members.next_key::<String>()? {
            if name != "iss" {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            let value: serde_json::Value = members.next_value()?;
            let value = value.as_str();
            found |= value.is_some_and(|value| self.0.0.iter().any(|known| **known == *value));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_is_ours_by_its_issuer_to_the_letter() {
        let issuers = Issuers::new(["https://id.test".into()]);
        let ours = |token: &str| issuers.are_named_in(token);
        assert!(ours(&token(r#"{"aud":["x"],"iss":"https://id.test"}"#)));
        assert!(ours(&token(r#"{"iss":"https:\/\/id.test"}"#)));
        assert!(ours(&token(r#"{"iss":"https://id.test","iss":"other"}"#)));
        for claims in [
            r#"{"iss":"https://id.test/"}"#,
            r#"{"iss":["https://id.test"]}"#,
            r#"{"sub":"https://id.test"}"#,
            r#"["https://id.test"]"#,
            "{",
        ] {
            assert!(!ours(&token(claims)), "{claims}");
        }
        let claims = token(r#"{"iss":"https://id.test"}"#);
        for other in [
            format!("{claims}.x"),
            format!("{claims}.x.y"),
            claims.replace(".c2ln", ""),
            "app-token".to_owned(),
            String::new(),
        ] {
            assert!(!ours(&other), "{other}");
        }
        assert!(!Issuers::default().are_named_in(&claims));
    }
}
