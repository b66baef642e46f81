//! How a lax application may read a path: capitals, `;parameters`, escapes and a trailing slash
//! make no difference to it.

use std::borrow::Cow;

/// Folds a canonical path, or the literals of a pattern joined by slashes. The result has no empty
/// segments; the root stays `/`.
pub(super) fn fold(path: &str) -> String {
    let mut folded = String::with_capacity(path.len());
    let decoded: Cow<'_, str> = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    for segment in decoded.split('/') {
        let name = segment.split_once(';').map_or(segment, |(name, _)| name);
        if !name.is_empty() {
            folded.push('/');
            folded.extend(name.chars().flat_map(char::to_lowercase));
        }
    }
    if folded.is_empty() {
        folded.push('/');
    }
    folded
}

/// The folded path cut at a `?` or `#` that came encoded: some applications decode first and cut
/// afterwards.
pub(super) fn cut(folded: &str) -> Option<&str> {
    let (path, _) = folded.split_once(['?', '#'])?;
    let path = path.trim_end_matches('/');
    Some(if path.is_empty() { "/" } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lax_reader_sees_no_capitals_parameters_escapes_or_trailing_slash() {
        for (path, expected) in [
            ("/", "/"),
            ("/Admin/X", "/admin/x"),
            ("/admin;v=1/x;y", "/admin/x"),
            ("/admin%3Bv/x/", "/admin/x"),
            ("/a%2Fb/%2F/c", "/a/b/c"),
            ("/%C3%84/%7Ba%7D", "/ä/{a}"),
            ("/%2561", "/%61"),
            ("/a%23b/C", "/a#b/c"),
        ] {
            assert_eq!(fold(path), expected, "{path}");
            assert_eq!(fold(expected).len(), fold(&fold(expected)).len());
        }
        assert_eq!(cut("/a#b/c"), Some("/a"));
        assert_eq!(cut("/?b"), Some("/"));
        assert_eq!(cut("/a/b"), None);
    }
}
