//! A request as an operator words it.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::policy::{AmbiguousRequest, Host, Request, Scheme};

/// A request that nobody sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The absolute URL, exactly as it would go over the wire: nothing in it is tidied up.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// Who asks.
    pub ip: IpAddr,
}

/// Why words are no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskedError {
    /// No absolute URL.
    #[error("this is no URL such as https://bank.example.com/accounts")]
    Url,
    /// No method.
    #[error("this is no HTTP method")]
    Method,
    /// No header.
    #[error("this is no header such as `X-Client: app`")]
    Header,
}

impl Asked {
    /// A request for `url` from this machine, by GET and without headers.
    ///
    /// # Errors
    /// [`AskedError::Url`] where it has no scheme or no host.
    pub fn new(url: &str) -> Result<Self, AskedError> {
        split(url)?;
        Ok(Self {
            method: Method::GET,
            url: url.to_owned(),
            headers: HeaderMap::new(),
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        })
    }

    /// Adds a header written `Name: value`.
    ///
    /// # Errors
    /// [`AskedError::Header`].
    pub fn add_header(&mut self, line: &str) -> Result<(), AskedError> {
        let (name, value) = line.split_once(':').ok_or(AskedError::Header)?;
        self.append(name.trim(), value.trim())
    }

    /// Adds a header.
    ///
    /// # Errors
    /// [`AskedError::Header`].
    pub fn append(&mut self, name: &str, value: &str) -> Result<(), AskedError> {
        let name: HeaderName = name.parse().map_err(|_| AskedError::Header)?;
        let value = HeaderValue::from_str(value).map_err(|_| AskedError::Header)?;
        self.headers.append(name, value);
        Ok(())
    }

    /// The request as the gateway would read it from the wire.
    ///
    /// # Errors
    /// What the gateway answers with 400.
    pub fn request(&self) -> Result<Request, AmbiguousRequest> {
        let (scheme, authority, target) =
            split(&self.url).map_err(|_| AmbiguousRequest::TargetForm)?;
        let (host, port) = Host::parse_authority(authority, scheme)?;
        let (path, query) = match target.starts_with('/') {
            true => Request::parse_target(target)?,
            // As clients do: an empty path is sent as `/`.
            false => Request::parse_target(&["/", target].concat())?,
        };
        Ok(Request {
            method: self.method.clone(),
            scheme,
            host,
            port,
            path,
            query,
            client_ip: self.ip,
        })
    }
}

/// Reads a method; the name's case counts.
///
/// # Errors
/// [`AskedError::Method`].
pub(super) fn parse_method(text: &str) -> Result<Method, AskedError> {
    Method::from_bytes(text.as_bytes()).map_err(|_| AskedError::Method)
}

/// Scheme, authority and the rest. A parser of URLs would resolve dot segments and the like, and
/// so hide what the gateway is to refuse.
fn split(url: &str) -> Result<(Scheme, &str, &str), AskedError> {
    let (scheme, rest) = url.split_once("://").ok_or(AskedError::Url)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => Scheme::Http,
        "https" | "wss" => Scheme::Https,
        _ => return Err(AskedError::Url),
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at_checked(end).ok_or(AskedError::Url)?;
    if authority.is_empty() {
        return Err(AskedError::Url);
    }
    Ok((scheme, authority, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_as_it_would_come_over_the_wire() {
        let asked = Asked::new("https://Bank.Example.com:8443/a%61?x=1").unwrap();
        let request = asked.request().unwrap();
        assert_eq!(request.url(), "https://bank.example.com:8443/aa?x=1");
        assert_eq!(
            Asked::new("http://a.test")
                .unwrap()
                .request()
                .unwrap()
                .url(),
            "http://a.test/"
        );
        assert_eq!(
            Asked::new("http://a.test?x")
                .unwrap()
                .request()
                .unwrap()
                .url(),
            "http://a.test/?x"
        );
    }

    #[test]
    fn nothing_ambiguous_is_tidied_up() {
        for url in [
            "http://a.test/a/../b",
            "http://a.test/a\\b",
            "http://a.test/#x",
            "http://a.test/%00",
            "http://user@a.test/",
        ] {
            assert!(Asked::new(url).unwrap().request().is_err(), "{url}");
        }
        for url in ["/a", "a.test/a", "ftp://a.test/", "http:///a"] {
            assert_eq!(Asked::new(url), Err(AskedError::Url), "{url}");
        }
    }
}
