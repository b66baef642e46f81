//! Writing cookies, with the attributes in Kratos' order.

use std::time::Duration;

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};

use crate::identity::settings::CookieAttributes;

/// A cookie to set or to take back.
#[derive(Clone)]
pub struct SetCookie {
    name: String,
    value: String,
    attributes: CookieAttributes,
    life: Life,
}

#[derive(Clone, Copy)]
enum Life {
    Browser,
    Until { now: Timestamp, end: Timestamp },
    Over,
}

impl SetCookie {
    /// A cookie that ends with the browser.
    #[must_use]
    pub fn new(name: &str, value: String, attributes: &CookieAttributes) -> Self {
        Self {
            name: name.to_owned(),
            value,
            attributes: attributes.clone(),
            life: Life::Browser,
        }
    }

    /// The same cookie, good until `end`.
    #[must_use]
    pub const fn until(mut self, now: Timestamp, end: Timestamp) -> Self {
        self.life = Life::Until { now, end };
        self
    }

    /// The same cookie, good for `age`.
    #[must_use]
    pub fn lasting(self, now: Timestamp, age: Duration) -> Self {
        let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
        let end = now.checked_add(age).unwrap_or(Timestamp::MAX);
        self.until(now, end)
    }

    /// Takes the cookie of this name and path back.
    #[must_use]
    pub fn delete(name: &str, attributes: &CookieAttributes) -> Self {
        Self {
            life: Life::Over,
            ..Self::new(name, "gone".to_owned(), attributes)
        }
    }

    /// The header's value; `None` when configured attributes cannot be written in a header.
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        let mut line = format!(
            "{}={}; Path={}",
            self.name, self.value, self.attributes.path
        );
        if let Some(domain) = &self.attributes.domain {
            line.push_str(&format!("; Domain={domain}"));
        }
        match self.life {
            Life::Browser => {}
            Life::Until { now, end } => {
                let age = end.duration_since(now).as_secs().max(0);
                line.push_str(&format!("; Expires={}; Max-Age={age}", http_date(end)));
            }
            Life::Over => {
                let past = http_date(Timestamp::UNIX_EPOCH);
                line.push_str(&format!("; Expires={past}; Max-Age=0"));
            }
        }
        line.push_str("; HttpOnly");
        if self.attributes.secure {
            line.push_str("; Secure");
        }
        line.push_str(&format!(
            "; SameSite={}",
            self.attributes.same_site.as_str()
        ));
        HeaderValue::from_str(&line).ok()
    }
}

fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_stand_in_the_order_that_kratos_writes() {
        let attributes = CookieAttributes {
            domain: Some("example.org".to_owned()),
            ..CookieAttributes::default()
        };
        let now = Timestamp::UNIX_EPOCH;
        let cookie =
            SetCookie::new("a", "b".to_owned(), &attributes).lasting(now, Duration::from_secs(60));
        assert_eq!(
            cookie.header().unwrap(),
            "a=b; Path=/; Domain=example.org; Expires=Thu, 01 Jan 1970 00:01:00 GMT; Max-Age=60; \
             HttpOnly; Secure; SameSite=Lax"
        );
    }
}
