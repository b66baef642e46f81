//! Which question is asked, by the address that it is asked at.

use http::Uri;

use super::original_headers::Front;
use super::parts_of_request::target_below;
use super::{Asking, Unread};
use crate::authz::Redirects;

const CHECK: &str = "/check";
const NGINX_CHECK: &str = "/nginx/check";
const NGINX_ANSWER: &str = "/nginx/answer";
const EXT_AUTHZ: &str = "/ext_authz";

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// `/check`.
    Check,
    /// `/nginx/check`.
    Nginx,
    /// `/nginx/answer`: what to tell a client that `/nginx/check` refused.
    NginxAnswer,
    /// `/ext_authz/...`, with the original target.
    ExtAuthz(&'a str),
}

impl<'a> Route<'a> {
    /// The question at an address, if there is one.
    pub(super) fn of(uri: &'a Uri) -> Option<Self> {
        match uri.path() {
            CHECK => Some(Self::Check),
            NGINX_CHECK => Some(Self::Nginx),
            NGINX_ANSWER => Some(Self::NginxAnswer),
            _ => target_below(uri.path_and_query(), EXT_AUTHZ).map(Self::ExtAuthz),
        }
    }

    /// Who asks there.
    pub(super) const fn front(self) -> Front {
        match self {
            Self::Check => Front::Forwarding,
            Self::Nginx | Self::NginxAnswer => Front::Nginx,
            Self::ExtAuthz(_) => Front::Envoy,
        }
    }

    /// Whether a decision is asked for there, or the words of one.
    pub(super) const fn asking(self) -> Asking {
        match self {
            Self::Check | Self::Nginx | Self::ExtAuthz(_) => Asking::First,
            Self::NginxAnswer => Asking::Again,
        }
    }

    /// Who sends people elsewhere, by the option in the query.
    ///
    /// # Errors
    /// The query says something else. Whoever mistypes an option learns it at once.
    pub(super) fn redirects(self, query: Option<&str>) -> Result<Redirects, Unread> {
        match (self, query.unwrap_or_default()) {
            (Self::ExtAuthz(_), _)
            | (Self::Check, "" | "redirect=auto")
            | (Self::NginxAnswer, "") => Ok(Redirects::ForBrowsers),
            (Self::Check, "redirect=always") => Ok(Redirects::ForAll),
            (Self::Check | Self::Nginx, "redirect=never") | (Self::Nginx, "") => {
                Ok(Redirects::Elsewhere)
            }
            (Self::Check | Self::Nginx | Self::NginxAnswer, _) => Err(Unread::Option),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(uri: &'static str) -> Option<String> {
        Route::of(&Uri::from_static(uri)).map(|route| format!("{route:?}"))
    }

    #[test]
    fn there_are_four_questions() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(route("/check"), some("Check"));
        assert_eq!(route("/check?redirect=never"), some("Check"));
        assert_eq!(route("/nginx/check"), some("Nginx"));
        assert_eq!(route("/nginx/answer"), some("NginxAnswer"));
        assert_eq!(route("/ext_authz/"), some("ExtAuthz(\"/\")"));
        assert_eq!(route("/ext_authz/a?b"), some("ExtAuthz(\"/a?b\")"));
        assert_eq!(route("/ext_authz//a"), some("ExtAuthz(\"//a\")"));
        assert_eq!(route("http://door.test/check"), some("Check"));
        for other in [
            "/",
            "/check/",
            "/Check",
            "/nginx",
            "/ext_authz",
            "/ext_authz?/a",
            "/ext_authzx/a",
        ] {
            assert_eq!(route(other), None, "{other}");
        }
    }

    #[test]
    fn an_option_that_is_none_is_refused() {
        let check = Route::Check;
        assert_eq!(check.redirects(None), Ok(Redirects::ForBrowsers));
        assert_eq!(
            check.redirects(Some("redirect=always")),
            Ok(Redirects::ForAll)
        );
        assert_eq!(
            check.redirects(Some("redirect=never")),
            Ok(Redirects::Elsewhere)
        );
        for query in [
            "redirect=",
            "redirect=no",
            "redirect",
            "Redirect=never",
            "x=1",
        ] {
            assert_eq!(check.redirects(Some(query)), Err(Unread::Option), "{query}");
        }
        let doubled = Some("redirect=never&redirect=auto");
        assert_eq!(check.redirects(doubled), Err(Unread::Option));
        assert_eq!(
            Route::Nginx.redirects(Some("redirect=always")),
            Err(Unread::Option)
        );
        assert_eq!(
            Route::NginxAnswer.redirects(Some("redirect=never")),
            Err(Unread::Option)
        );
        let envoy = Route::ExtAuthz("/a?redirect=no");
        assert_eq!(
            envoy.redirects(Some("redirect=no")),
            Ok(Redirects::ForBrowsers)
        );
    }
}
