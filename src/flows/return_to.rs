//! Where a browser may be sent afterwards: an allow-list of URLs, read as a browser reads them.
//!
//! Matching follows Kratos (scheme, host with an optional `*.`, path prefix), and is stricter
//! where Kratos lets another site in: no user names, backslashes, controls, blanks or dot
//! segments, a prefix ends at a slash, and what was checked is sent on as it was written.

use url::Url;

/// Knows places that are ours although no list names them: the gateway's own hosts.
pub trait OwnPlaces: Send + Sync {
    /// Whether people may be sent to this URL. Its spelling was checked already.
    fn is_ours(&self, url: &Url) -> bool;
}

/// No places but the listed ones.
impl OwnPlaces for () {
    fn is_ours(&self, _url: &Url) -> bool {
        false
    }
}

/// The longest URL that is taken, in bytes.
const LIMIT_BYTES: usize = 4096;

/// The URLs that `return_to` may lead to.
#[derive(Clone, Debug)]
pub(super) struct ReturnList {
    entries: Vec<Entry>,
    default: Url,
}

#[derive(Clone, Debug)]
struct Entry {
    scheme: String,
    host: HostPattern,
    port: Option<u16>,
    path: String,
}

#[derive(Clone, Debug)]
enum HostPattern {
    Exact(String),
    Below(String),
}

impl ReturnList {
    /// Builds the list; entries that are no absolute URL are left out, as in Kratos. `None` when
    /// the default return URL is none.
    #[must_use]
    pub(super) fn new<'a>(
        default: &str,
        allowed: impl IntoIterator<Item = &'a str>,
    ) -> Option<Self> {
        let default = Url::parse(default).ok()?;
        default.host_str()?;
        Some(Self {
            entries: allowed.into_iter().filter_map(Entry::parse).collect(),
            default,
        })
    }

    /// The absolute form of `wanted` if it is allowed, by the list or by `own`. A relative path
    /// counts on the host of the default return URL.
    #[must_use]
    pub(super) fn check(&self, wanted: &str, own: &dyn OwnPlaces) -> Option<String> {
        if !is_plain(wanted) {
            return None;
        }
        let (text, url) = if wanted.starts_with('/') {
            if wanted.starts_with("//") {
                return None;
            }
            let origin = self.default.origin().ascii_serialization();
            let text = format!("{origin}{wanted}");
            let url = Url::parse(&text).ok()?;
            (text, url)
        } else {
            (wanted.to_owned(), parse_absolute(wanted)?)
        };
        let listed = self.entries.iter().any(|entry| entry.covers(&url));
        let allowed = listed || own.is_ours(&url);
        (allowed && path_is_plain(&text)).then_some(text)
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let wildcard = rest.strip_prefix("*.");
        let plain = wildcard.unwrap_or(rest);
        let url = Url::parse(&format!("{scheme}://{plain}")).ok()?;
        let host = url.host_str()?.to_owned();
        let host = if wildcard.is_some() {
            // `*.org` would cover everybody's hosts.
            if !host.contains('.') {
                return None;
            }
            HostPattern::Below(format!(".{host}"))
        } else {
            HostPattern::Exact(host)
        };
        Some(Self {
            scheme: url.scheme().to_owned(),
            host,
            port: url.port_or_known_default(),
            path: url.path().to_owned(),
        })
    }

    fn covers(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else {
            return false;
        };
        let same_host = match &self.host {
            HostPattern::Exact(known) => known == host,
            HostPattern::Below(suffix) => host.ends_with(suffix) && host.len() > suffix.len(),
        };
        let below = url
            .path()
            .strip_prefix(self.path.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.scheme == url.scheme()
            && same_host
            && self.port == url.port_or_known_default()
            && below
    }
}

/// Printable ASCII without what browsers repair: they read `\` as `/`, and drop tabs and breaks.
fn is_plain(text: &str) -> bool {
    text.len() <= LIMIT_BYTES
        && !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'"' && byte != b'<')
}

/// An absolute URL with an authority, and without user name or password.
fn parse_absolute(text: &str) -> Option<Url> {
    let (scheme, rest) = text.split_once("://")?;
    let proper = scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !proper || rest.starts_with('/') {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') || authority.contains('%') {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    (anonymous && url.has_host()).then_some(url)
}

/// No dot segments, in any spelling: whoever decodes once more would leave the allowed prefix.
fn path_is_plain(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let before_query = rest.split(['?', '#']).next().unwrap_or_default();
    let path = before_query.split_once('/').map_or("", |(_, path)| path);
    let mut decoded = path.to_ascii_lowercase();
    for _ in 0..3 {
        decoded = decoded
            .replace("%25", "%")
            .replace("%2e", ".")
            .replace("%2f", "/")
            .replace("%5c", "\\");
    }
    !decoded.contains('\\')
        && !decoded
            .split('/')
            .map(|segment| segment.split(';').next().unwrap_or_default())
            .any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> ReturnList {
        let allowed = [
            "https://app.test/",
            "https://*.apps.test/",
            "https://one.test/app",
        ];
        ReturnList::new("https://app.test/", allowed).unwrap()
    }

    #[test]
    fn listed_places_and_what_lies_below_them_are_allowed() {
        for fine in [
            "https://app.test/",
            "https://app.test",
            "https://APP.test/x?y=https://evil.test#z",
            "https://a.apps.test/",
            "https://a.b.apps.test/x",
            "https://one.test/app/deep",
            "https://app.test:443/",
        ] {
            assert_eq!(list().check(fine, &()).as_deref(), Some(fine));
        }
        let relative = list().check("/account?x=1", &());
        assert_eq!(relative.as_deref(), Some("https://app.test/account?x=1"));
    }

    #[test]
    fn tricks_that_lead_elsewhere_are_refused() {
        for trick in [
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "https:evil.test",
            "https:/evil.test",
            "https:\\\\evil.test",
            "https:///evil.test/",
            "https://app.test@evil.test/",
            "https://evil.test\\@app.test/",
            "https://evil.test#@app.test/",
            "https://app.test.evil.test/",
            "https://app.testevil.test/",
            "https://apps.test/",
            "https://evilapps.test/",
            "https://user:pw@app.test/",
            "http://app.test/",
            "https://app.test:8443/",
            "https://one.test/apple",
            "https://one.test/app/../secret",
            "https://one.test/app/%2e%2e/secret",
            "https://one.test/app/..;/secret",
            "https://one.test/app/%252e%252e/secret",
            "javascript:alert(1)",
            "java\tscript:alert(1)",
            " https://app.test/",
            "https://app.test/\r\nSet-Cookie: a=b",
            "https://x.apps.test:99999/",
            "https://app.test%2eevil.test/",
            "data:text/html,x",
            "",
        ] {
            assert_eq!(list().check(trick, &()), None, "{trick:?}");
        }
    }
}
