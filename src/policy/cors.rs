//! Pages of other origins that may ask and read (the Fetch standard's CORS protocol).

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CONTENT_LENGTH, ORIGIN, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// `cors` of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// Who may ask.
    pub origins: CorsOrigins,
    /// `Access-Control-Allow-Methods`.
    pub allow_methods: HeaderValue,
    /// `Access-Control-Allow-Headers`, where there is more than what every page may send.
    pub allow_headers: Option<HeaderValue>,
    /// Cookies are sent along, and the answer may be read.
    pub credentials: bool,
    /// `Access-Control-Max-Age`.
    pub max_age: Option<HeaderValue>,
}

/// Who may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Every page, without credentials.
    Any,
    /// Pages of these origins, as browsers write them.
    Listed(Box<[HeaderValue]>),
}

/// What is said to a page of another origin.
pub type CorsHeaders = Vec<(HeaderName, HeaderValue)>;

/// What an answer says to the page that asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsGrant {
    /// That it may read the answer; empty: it may not.
    pub headers: CorsHeaders,
    /// The answer depends on who asks, so that `Vary: Origin` is due.
    pub varies: bool,
}

/// The question that browsers ask before they send a request that forms could not have sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// The method of the request that is to follow.
    pub method: Method,
    /// The origin of the page.
    pub origin: HeaderValue,
}

impl Preflight {
    /// The question, if a request is one: `OPTIONS` with one `Origin`, one
    /// `Access-Control-Request-Method` and no body. Anything else is an ordinary request.
    #[must_use]
    pub fn read(method: &Method, headers: &HeaderMap) -> Option<Self> {
        if *method != Method::OPTIONS {
            return None;
        }
        let no_length = headers
            .get(CONTENT_LENGTH)
            .is_none_or(|length| length.as_bytes() == b"0");
        if !no_length || headers.contains_key(TRANSFER_ENCODING) {
            return None;
        }
        let wanted = only(headers, ACCESS_CONTROL_REQUEST_METHOD)?;
        Some(Self {
            method: Method::from_bytes(wanted.as_bytes()).ok()?,
            origin: only(headers, ORIGIN)?.clone(),
        })
    }
}

fn only(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

impl Cors {
    /// Whether pages of this origin may ask with what their user's browser has: the question for
    /// connections that the CORS protocol does not cover, such as WebSockets.
    #[must_use]
    pub fn lists(&self, origin: &HeaderValue) -> bool {
        match &self.origins {
            CorsOrigins::Any => false,
            CorsOrigins::Listed(origins) => origins.contains(origin),
        }
    }

    /// The answer to a preflight; `None`: this origin may not ask.
    #[must_use]
    pub fn preflight(&self, preflight: &Preflight) -> Option<CorsHeaders> {
        let mut headers = self.read_by(&preflight.origin)?;
        headers.push((ACCESS_CONTROL_ALLOW_METHODS, self.allow_methods.clone()));
        let allowed = self.allow_headers.clone();
        headers.extend(allowed.map(|allowed| (ACCESS_CONTROL_ALLOW_HEADERS, allowed)));
        let max_age = self.max_age.clone();
        headers.extend(max_age.map(|max_age| (ACCESS_CONTROL_MAX_AGE, max_age)));
        Some(headers)
    }

    /// What answers to a request with these headers say.
    #[must_use]
    pub fn grant(&self, headers: &HeaderMap) -> CorsGrant {
        let origin = only(headers, ORIGIN);
        CorsGrant {
            headers: origin
                .and_then(|origin| self.read_by(origin))
                .unwrap_or_default(),
            varies: match &self.origins {
                CorsOrigins::Any => false,
                CorsOrigins::Listed(_) => true,
            },
        }
    }

    fn read_by(&self, origin: &HeaderValue) -> Option<CorsHeaders> {
        match &self.origins {
            CorsOrigins::Any => {
                let any = HeaderValue::from_static("*");
                Some(vec![(ACCESS_CONTROL_ALLOW_ORIGIN, any)])
            }
            CorsOrigins::Listed(origins) => {
                let known = origins.iter().find(|known| *known == origin)?;
                let mut headers = vec![(ACCESS_CONTROL_ALLOW_ORIGIN, known.clone())];
                if self.credentials {
                    let yes = HeaderValue::from_static("true");
                    headers.push((ACCESS_CONTROL_ALLOW_CREDENTIALS, yes));
                }
                Some(headers)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_preflight_is_options_with_one_origin_one_method_and_no_body() {
        let origin = ("origin", "https://app.test");
        let method = ("access-control-request-method", "PUT");
        let read = |lines: &[_]| Preflight::read(&Method::OPTIONS, &headers(lines));
        assert_eq!(read(&[origin, method]).unwrap().method, Method::PUT);
        assert_eq!(
            read(&[origin, method, ("content-length", "0")])
                .unwrap()
                .method,
            "PUT"
        );
        for lines in [
            &[method][..],
            &[origin],
            &[origin, origin, method],
            &[origin, method, method],
            &[origin, ("access-control-request-method", "PUT, GET")],
            &[origin, method, ("content-length", "3")],
            &[origin, method, ("transfer-encoding", "chunked")],
        ] {
            assert_eq!(read(lines), None, "{lines:?}");
        }
        assert_eq!(
            Preflight::read(&Method::GET, &headers(&[origin, method])),
            None
        );
    }
}
