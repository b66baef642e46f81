//! `X-Original-URL`, taken apart by hand: what a lenient reader makes of a URL is another matter
//! than what a proxy forwards.

use crate::policy::{AmbiguousRequest, Host, Scheme};

/// An absolute URL in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OriginalUrl<'a> {
    pub(super) scheme: Scheme,
    pub(super) host: Host,
    pub(super) port: Option<u16>,
    /// Path and query, not read yet.
    pub(super) target: &'a str,
}

/// Takes `scheme://authority/target` apart.
///
/// # Errors
/// Another scheme than `http` and `https`, an authority that is no host, or no path.
pub(super) fn split(url: &str) -> Result<OriginalUrl<'_>, AmbiguousRequest> {
    let (scheme, rest) = url.split_once("://").ok_or(AmbiguousRequest::TargetForm)?;
    let scheme = if scheme.eq_ignore_ascii_case("https") {
        Scheme::Https
    } else if scheme.eq_ignore_ascii_case("http") {
        Scheme::Http
    } else {
        return Err(AmbiguousRequest::TargetForm);
    };
    let slash = rest.find('/').ok_or(AmbiguousRequest::TargetForm)?;
    let (authority, target) = rest
        .split_at_checked(slash)
        .ok_or(AmbiguousRequest::TargetForm)?;
    let (host, port) = Host::parse_authority(authority, scheme)?;
    Ok(OriginalUrl {
        scheme,
        host,
        port,
        target,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_url_has_a_scheme_a_host_and_a_target() {
        let url = split("HTTPS://App.Test.:443/a?b=/c").unwrap();
        assert_eq!(url.scheme, Scheme::Https);
        assert_eq!(url.host.as_str(), "app.test");
        assert_eq!(url.port, None);
        assert_eq!(url.target, "/a?b=/c");
        assert_eq!(split("http://[::1]:8080/").unwrap().port, Some(8080));
        assert_eq!(split("http://app.test//x").unwrap().target, "//x");
    }

    #[test]
    fn what_readers_of_urls_disagree_about_is_refused() {
        for url in [
            "",
            "/admin",
            "//app.test/admin",
            "app.test/admin",
            "https:/app.test/admin",
            "https:\\\\app.test/admin",
            "https://app.test",
            "https://app.test?x=/public",
            "https://app.test#/public",
            "https://app.test\\@public.test/admin",
            "https://public.test@app.test/admin",
            "https://app.test\\.public.test/admin",
            "https:///admin",
            "https:// app.test/admin",
            "https://app.test:/admin ",
            "https://app.test:99999/admin",
            "https://app.test,public.test/admin",
            "https://app%2etest/admin",
            "javascript://app.test/admin",
            "ws://app.test/admin",
            "https ://app.test/admin",
        ] {
            let read = split(url).and_then(|url| crate::policy::Request::parse_target(url.target));
            assert!(read.is_err(), "{url}");
        }
    }
}
