//! `match.url` of Oathkeeper: which hosts and paths a rule is about.
//!
//! Oathkeeper matches `scheme://host/path` as one text. Here host and path are patterns, and what
//! a pattern can't say exactly becomes a condition beside it: together they match no more.

use super::glob;
use super::regex_text::{alternatives, escape, is_any, is_any_segment, is_usable};
use crate::policy::{HostPattern, PathPattern, PathRegex};

/// How many patterns one address may become, where it lists words.
const MAX_PATTERNS: usize = 32;

/// How the parts between `<` and `>` are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Strategy {
    #[default]
    Regexp,
    Glob,
}

/// What an address means here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Address {
    /// Empty: any host.
    pub(super) hosts: Vec<String>,
    pub(super) paths: Vec<String>,
    /// In place of `paths`, where no pattern says the same.
    pub(super) path_regex: Option<String>,
    /// Further conditions, in CEL.
    pub(super) conditions: Vec<String>,
}

/// A piece of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A regular expression.
    Regex(String),
}

/// Translates an address, or says why it can't be.
pub(super) fn translate(url: &str, strategy: Strategy) -> Result<Address, String> {
    let pieces = split(url, strategy)?;
    let (scheme, rest) = split_at(&pieces, "://").ok_or("it does not begin with a scheme")?;
    let (host, path) = match split_at(&rest, "/") {
        Some((host, mut path)) => {
            path.insert(0, Piece::Text("/".to_owned()));
            (host, path)
        }
        // `http://app.test<.*>`: whatever follows the host begins with a slash.
        None => match rest.split_last() {
            Some((Piece::Regex(last), host)) if is_any(last) && !host.is_empty() => {
                let path = vec![Piece::Text("/".to_owned()), Piece::Regex(".*".to_owned())];
                (host.to_vec(), path)
            }
            Some(_) | None => return Err("it has no path".to_owned()),
        },
    };
    let mut address = Address::default();
    add_scheme(&scheme, &mut address)?;
    add_hosts(&host, &mut address)?;
    add_paths(&join(path), &mut address)?;
    Ok(address)
}

/// Text outside `<` and `>` stands for itself, text inside is an expression; brackets nest.
fn split(url: &str, strategy: Strategy) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut current = String::new();
    let mut depth = 0_usize;
    for letter in url.chars() {
        match letter {
            '<' if depth == 0 => {
                pieces.push(Piece::Text(std::mem::take(&mut current)));
                depth = 1;
            }
            '>' if depth == 1 => {
                let inner = std::mem::take(&mut current);
                pieces.push(Piece::Regex(match strategy {
                    Strategy::Regexp => inner,
                    Strategy::Glob => glob::to_regex(&inner)?,
                }));
                depth = 0;
            }
            '>' if depth == 0 => return Err("a `>` has no `<` before it".to_owned()),
            other => {
                depth = match other {
                    '<' => depth + 1,
                    '>' => depth - 1,
                    _ => depth,
                };
                current.push(other);
            }
        }
    }
    if depth > 0 {
        return Err("a `<` has no `>` behind it".to_owned());
    }
    pieces.push(Piece::Text(current));
    Ok(join(pieces))
}

/// Neighbouring texts become one, empty ones vanish.
fn join(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (_, Piece::Text(text)) if text.is_empty() => {}
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

/// What stands before and after the first `mark` outside expressions.
fn split_at(pieces: &[Piece], mark: &str) -> Option<(Vec<Piece>, Vec<Piece>)> {
    let mut before = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        if let Piece::Text(text) = piece
            && let Some((start, end)) = text.split_once(mark)
        {
            before.push(Piece::Text(start.to_owned()));
            let mut after = vec![Piece::Text(end.to_owned())];
            after.extend(pieces.get(index + 1..).unwrap_or_default().iter().cloned());
            return Some((join(before), join(after)));
        }
        before.push(piece.clone());
    }
    None
}

fn regex_of(pieces: &[Piece]) -> String {
    let inner: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => escape(text),
            Piece::Regex(regex) if is_any(regex) || is_any_segment(regex) => regex.clone(),
            Piece::Regex(regex) => format!("(?:{regex})"),
        })
        .collect();
    format!("^{inner}$")
}

/// A condition that holds where `field` matches; an error where the expression is of a kind that
/// no engine of linear time has.
fn matches(field: &str, pieces: &[Piece]) -> Result<String, String> {
    let regex = regex_of(pieces);
    if !is_usable(&regex) {
        let why = "its expression looks around or back, which is not supported";
        return Err(why.to_owned());
    }
    Ok(format!(
        "{field}.matches({})",
        serde_json::Value::from(regex)
    ))
}

fn add_scheme(pieces: &[Piece], address: &mut Address) -> Result<(), String> {
    let Some(words) = expand(pieces) else {
        address.conditions.push(matches("request.scheme", pieces)?);
        return Ok(());
    };
    let both = ["http", "https"];
    if both
        .iter()
        .all(|scheme| words.iter().any(|word| word == scheme))
    {
        return Ok(());
    }
    let tests: Vec<String> = words
        .iter()
        .map(|word| format!("request.scheme == {}", serde_json::Value::from(&**word)))
        .collect();
    address.conditions.push(tests.join(" || "));
    Ok(())
}

fn add_hosts(pieces: &[Piece], address: &mut Address) -> Result<(), String> {
    let pieces = &without_port(pieces);
    match pieces.as_slice() {
        [Piece::Regex(any)] if is_any(any) || is_any_segment(any) => return Ok(()),
        [Piece::Regex(label), Piece::Text(parent)] => {
            if let Some(parent) = parent.strip_prefix('.') {
                let host = format!("*.{}", parent.to_lowercase());
                if HostPattern::parse(&host).is_ok() && expand(pieces).is_none() {
                    if !is_any(label) && !is_any_segment(label) {
                        address.conditions.push(matches("request.host", pieces)?);
                    }
                    address.hosts.push(host);
                    return Ok(());
                }
            }
        }
        _ => {}
    }
    match expand(pieces) {
        Some(hosts) => {
            for host in hosts {
                let host = host.to_lowercase();
                if HostPattern::parse(&host).is_err() {
                    return Err(format!("`{host}` is no host name"));
                }
                address.hosts.push(host);
            }
        }
        None => address.conditions.push(matches("request.host", pieces)?),
    }
    Ok(())
}

/// Rules are about hosts; which port a request came in by is the listener's matter.
fn without_port(pieces: &[Piece]) -> Vec<Piece> {
    let mut pieces = pieces.to_vec();
    if let Some(Piece::Regex(last)) = pieces.last()
        && (last.starts_with(':') || last.starts_with("(:") || last.starts_with("(?::"))
    {
        pieces.pop();
    }
    if let Some(Piece::Text(last)) = pieces.last_mut()
        && let Some((host, port)) = last.rsplit_once(':')
        && port.bytes().all(|byte| byte.is_ascii_digit())
    {
        *last = host.to_owned();
    }
    join(pieces)
}

fn add_paths(pieces: &[Piece], address: &mut Address) -> Result<(), String> {
    let (pieces, rest) = match pieces.split_last() {
        Some((Piece::Regex(last), before)) if is_any(last) => (before, Some(last.as_str())),
        Some(_) | None => (pieces, None),
    };
    let segments = segments(pieces);
    let ends_open = segments.last().is_some_and(Vec::is_empty);
    let count = segments.len();
    let mut patterns = vec![String::new()];
    let mut exact = rest.is_none() || ends_open;
    for (index, segment) in segments.into_iter().enumerate() {
        if index + 1 == count && rest.is_some() && segment.is_empty() {
            break;
        }
        let words = expand(&segment);
        let words = words.filter(|words| words.len() * patterns.len() <= MAX_PATTERNS);
        let words = words.unwrap_or_else(|| {
            exact &= matches!(&*segment, [Piece::Regex(one)] if is_any_segment(one));
            vec!["*".to_owned()]
        });
        patterns = patterns
            .iter()
            .flat_map(|start| words.iter().map(move |word| format!("{start}/{word}")))
            .collect();
    }
    if !exact {
        let rest = rest.map(|rest| Piece::Regex(rest.to_owned()));
        let whole: Vec<Piece> = pieces.iter().cloned().chain(rest).collect();
        let regex = regex_of(&whole);
        PathRegex::parse(&regex).map_err(|error| format!("`{regex}`: {error}"))?;
        address.path_regex = Some(regex);
        return Ok(());
    }
    for pattern in &mut patterns {
        if let Some(rest) = rest {
            // What follows a slash is something, except at the root.
            let nothing_counts = pattern.is_empty() && rest.contains('*');
            pattern.push_str(if nothing_counts { "/**" } else { "/*/**" });
        }
        if pattern.is_empty() {
            pattern.push('/');
        }
        PathPattern::parse(pattern).map_err(|error| format!("`{pattern}`: {error}"))?;
    }
    address.paths = patterns;
    Ok(())
}

/// The pieces of each segment. The first, empty one before the leading slash is left out.
fn segments(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut segments: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                for (index, part) in text.split('/').enumerate() {
                    if index > 0 {
                        segments.push(Vec::new());
                    }
                    if !part.is_empty()
                        && let Some(last) = segments.last_mut()
                    {
                        last.push(Piece::Text(part.to_owned()));
                    }
                }
            }
            Piece::Regex(_) => {
                if let Some(last) = segments.last_mut() {
                    last.push(piece.clone());
                }
            }
        }
    }
    segments.split_off(1.min(segments.len()))
}

/// Every text that the pieces match, where expressions only list words.
fn expand(pieces: &[Piece]) -> Option<Vec<String>> {
    let mut texts = vec![String::new()];
    for piece in pieces {
        let words = match piece {
            Piece::Text(text) => vec![text.clone()],
            Piece::Regex(regex) => alternatives(regex)?,
        };
        if texts.len() * words.len() > MAX_PATTERNS {
            return None;
        }
        texts = texts
            .iter()
            .flat_map(|start| words.iter().map(move |word| format!("{start}{word}")))
            .collect();
    }
    Some(texts)
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
