//! A finished page with the headers that go with it.

use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

use super::Locale;

/// A page, ready to be sent. The status is the door's to choose.
#[derive(Clone, Debug)]
pub struct Html {
    body: String,
    policy: HeaderValue,
    locale: Locale,
}

impl Html {
    pub(super) fn new(body: String, policy: &ContentPolicy, locale: Locale) -> Self {
        Self {
            body,
            policy: policy.0.clone(),
            locale,
        }
    }

    /// The document.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Hands the document over.
    #[must_use]
    pub fn into_body(self) -> String {
        self.body
    }

    /// Puts the headers that every page carries into `headers`. They replace what is there: type
    /// and language, content security policy, no framing, no sniffing, no storing, and a referrer
    /// only for ourselves (`no-referrer` would blank the `Origin` of our own forms).
    pub fn write_headers(&self, headers: &mut HeaderMap) {
        let language = HeaderValue::from_static(self.locale.tag());
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(CONTENT_LANGUAGE, language);
        for (name, value) in [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "same-origin"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// The content security policy of all pages.
#[derive(Clone, Debug)]
pub(super) struct ContentPolicy(HeaderValue);

impl ContentPolicy {
    /// The strict policy, with `form_targets` as the only other origins that a form may end up
    /// at. Browsers apply `form-action` to the redirects after a form as well.
    pub(super) fn new(form_targets: &[String]) -> Self {
        let mut form_action = "'self'".to_owned();
        for target in form_targets.iter().filter(|target| is_source(target)) {
            form_action.push(' ');
            form_action.push_str(target);
        }
        let policy = format!(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
             form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
        );
        Self(HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(STRICTEST)))
    }
}

const STRICTEST: &str = "default-src 'none'; form-action 'self'; frame-ancestors 'none'";

/// Whether `target` can stand in a policy without ending its directive.
fn is_source(target: &str) -> bool {
    !target.is_empty()
        && target
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_origins_are_added_to_the_policy() {
        let policy = ContentPolicy::new(&[
            "https://bank.example.com".to_owned(),
            "https://x.example; script-src *".to_owned(),
            "'unsafe-inline'".to_owned(),
        ]);
        assert_eq!(
            policy.0,
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
             form-action 'self' https://bank.example.com; frame-ancestors 'none'; \
             base-uri 'none'"
        );
    }
}
