//! The public URL of the embedded identity service.

use super::embedded::EmbeddedSection;
use super::proxy::ProxySection;
use super::web_url::WebUrl;
use crate::document::{Place, Problem, Reading};
use crate::gateway::ListenAddress;
use crate::policy::Host;

/// The public URL: fixed, never taken from a request. It names the CSRF cookie, links in mails and
/// the WebAuthn origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicAddress {
    /// As written; a trailing slash counts.
    Fixed {
        /// The URL.
        url: Box<str>,
        /// Its host, as the gateway matches it.
        host: Host,
    },
    /// `localhost`, with the port that the only listener has got.
    Loopback {
        /// Whether that listener speaks TLS.
        tls: bool,
        /// The path behind the port, such as `/auth`.
        path: Box<str>,
    },
}

impl PublicAddress {
    /// The URL, given the port that the proxy's first listener has got.
    #[must_use]
    pub fn url(&self, bound_port: u16) -> String {
        match self {
            Self::Fixed { url, .. } => url.to_string(),
            Self::Loopback { tls, path } => {
                let scheme = if *tls { "https" } else { "http" };
                format!("{scheme}://localhost:{bound_port}{path}")
            }
        }
    }
}

/// Finds the public URL: `browser_url`, else `serve.public.base_url`, else `proxy.public_url` and
/// the mount, else `localhost` and the port of a single loopback listener.
pub(super) fn find(
    embedded: &EmbeddedSection,
    mount: Option<&str>,
    proxy: Option<&ProxySection>,
    reading: &mut Reading,
) -> Option<PublicAddress> {
    if let Some(url) = &embedded.browser_url {
        return fixed(url, "browser_url", mount, &embedded.place, reading);
    }
    if let Some(written) = &embedded.kratos.base_url {
        return match WebUrl::parse(written) {
            Ok(url) => fixed(
                &url,
                "serve.public.base_url",
                mount,
                &embedded.place,
                reading,
            ),
            Err(why) => {
                let message = format!("serve.public.base_url {why}");
                reading.problem(Problem::at(&embedded.place, "invalid_value", message));
                None
            }
        };
    }
    let public = proxy.and_then(|proxy| proxy.public_url.as_ref());
    if let (Some(public), Some(mount)) = (public, mount) {
        let url = format!("{}{mount}", public.url.base());
        return Some(PublicAddress::Fixed {
            url: url.into_boxed_str(),
            host: public.public.host.clone(),
        });
    }
    let only = proxy.and_then(|proxy| match proxy.listeners.as_slice() {
        [only] => Some(only),
        _ => None,
    });
    if let (Some(only), Some(mount)) = (only, mount)
        && let ListenAddress::Tcp(address) = &only.address
        && address.ip().is_loopback()
    {
        return Some(PublicAddress::Loopback {
            tls: only.tls.is_some(),
            path: Box::from(mount),
        });
    }
    let message = "the URL under which people reach the identity service is not known";
    let help = match mount {
        Some(_) => "give `proxy.public_url`, such as https://bank.example.com",
        None => "give `identity.embedded.browser_url`, such as https://id.example.com",
    };
    reading.problem(Problem::at(&embedded.place, "missing_key", message).help(help));
    None
}

fn fixed(
    url: &WebUrl,
    name: &str,
    mount: Option<&str>,
    place: &Place,
    reading: &mut Reading,
) -> Option<PublicAddress> {
    if let Some(mount) = mount
        && url.path() != mount
    {
        let message = format!("`{name}` does not lead to the mount {mount}");
        let help = format!("let it end in {mount}, or change `identity.embedded.mount`");
        reading.problem(Problem::at(place, "contradiction", message).help(help));
        return None;
    }
    let Some(public) = url.public() else {
        let message = format!("the host of `{name}` can't be the host of a request");
        reading.problem(Problem::at(place, "invalid_value", message));
        return None;
    };
    Some(PublicAddress::Fixed {
        url: url.written.clone(),
        host: public.host,
    })
}
