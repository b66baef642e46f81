//! Reading cookies of a request.

use http::HeaderMap;
use http::header::COOKIE;

/// Every value of the cookie `name`, in the order sent. Quotes around a value are dropped.
pub fn named<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(move |pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then(|| value.trim().trim_matches('"'))
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn all_cookies_of_a_name_are_seen_in_order() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("s=one; other=x; s=\"two\""),
        );
        headers.append(COOKIE, HeaderValue::from_static("s=three"));
        let values: Vec<&str> = named(&headers, "s").collect();
        assert_eq!(values, ["one", "two", "three"]);
    }
}
