//! The methods a rule is about.

use http::Method;

/// A set of methods. `GET` includes `HEAD` (RFC 9110 section 9.3.2: the same, without the body);
/// names are case-sensitive (section 9.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Methods(Option<Box<[Method]>>);

impl Methods {
    /// Every method, also those nobody thought of.
    pub const ALL: Self = Self(None);

    /// These methods only.
    #[must_use]
    pub fn only(methods: Vec<Method>) -> Self {
        Self(Some(methods.into_boxed_slice()))
    }

    /// Whether the rule names methods.
    #[must_use]
    pub const fn are_named(&self) -> bool {
        self.0.is_some()
    }

    /// The methods by name, `HEAD` added where `GET` is; empty for [`Methods::ALL`].
    pub fn named(&self) -> impl Iterator<Item = &Method> {
        let named = self.0.as_deref().unwrap_or_default();
        let head = named.contains(&Method::GET) && !named.contains(&Method::HEAD);
        named.iter().chain(head.then_some(&Method::HEAD))
    }

    /// Whether `method` is one of them.
    #[must_use]
    pub fn contain(&self, method: &Method) -> bool {
        let Some(named) = self.0.as_deref() else {
            return true;
        };
        named.contains(method) || (method == Method::HEAD && named.contains(&Method::GET))
    }

    /// Whether some method is one of both.
    pub(super) fn meet(&self, other: &Self) -> bool {
        match (self.are_named(), other.are_named()) {
            (true, true) => other.named().any(|method| self.contain(method)),
            (true, false) | (false, _) => true,
        }
    }

    /// Whether every method of `other` is one of them.
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        if other.are_named() {
            other.named().all(|method| self.contain(method))
        } else {
            !self.are_named()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn get_includes_head_and_names_are_case_sensitive() {
        let get = Methods::only(vec![Method::GET]);
        assert!(get.contain(&Method::HEAD));
        assert!(!get.contain(&Method::from_bytes(b"get").unwrap()));
        assert!(!get.contain(&Method::POST));
        assert_eq!(get.named().count(), 2);
    }

    #[test]
    fn a_rule_without_methods_covers_every_method() {
        let get = Methods::only(vec![Method::GET]);
        let head = Methods::only(vec![Method::HEAD]);
        assert!(Methods::ALL.cover(&get) && Methods::ALL.cover(&Methods::ALL));
        assert!(get.cover(&head) && !head.cover(&get) && !get.cover(&Methods::ALL));
    }
}
