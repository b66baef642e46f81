//! Paths that tell rules apart: what each pattern matches, what two match together, and what lies
//! just beside.

use std::collections::BTreeSet;

use crate::policy::{PathPattern, Segment};

/// Stands for a segment that no rule names.
const OTHER: &str = "x1";
/// Pairs of patterns of one host that are tried for a path that both match.
const MAX_PAIRS: usize = 250_000;
/// Patterns of one host up to which every neighbour of every path is tried, too.
const MAX_CLOSE: usize = 2_000;

/// The paths to try on one host, in the spelling of requests, and how many pairs were left out.
pub(super) fn paths_to_try(
    patterns: &[&PathPattern],
    witnesses: &[String],
) -> (BTreeSet<String>, usize) {
    let mut paths: BTreeSet<String> = witnesses.iter().cloned().collect();
    paths.insert("/".to_owned());
    paths.insert(format!("/{OTHER}"));
    for pattern in patterns {
        matched_by(pattern, &mut paths);
    }
    let wild: Vec<&PathPattern> = patterns
        .iter()
        .copied()
        .filter(|one| is_wild(one))
        .collect();
    let pairs = wild.len() * patterns.len();
    let left_out = pairs.saturating_sub(MAX_PAIRS);
    let mut tried = 0;
    'all: for one in &wild {
        for other in patterns {
            if tried == MAX_PAIRS {
                break 'all;
            }
            tried += 1;
            paths.extend(matched_by_both(one.segments(), other.segments()));
        }
    }
    if patterns.len() + witnesses.len() <= MAX_CLOSE {
        let close: Vec<String> = paths.iter().flat_map(|path| close_to(path)).collect();
        paths.extend(close);
    }
    (paths, left_out)
}

fn is_wild(pattern: &PathPattern) -> bool {
    pattern.segments().iter().any(|segment| match segment {
        Segment::Literal(_) => false,
        Segment::One | Segment::Rest => true,
    })
}

fn matched_by(pattern: &PathPattern, paths: &mut BTreeSet<String>) {
    let mut path = String::new();
    for segment in pattern.segments() {
        match segment {
            Segment::Literal(text) => path.extend(["/", text]),
            Segment::One => path.extend(["/", OTHER]),
            Segment::Rest => {
                paths.insert(match path.is_empty() {
                    true => "/".to_owned(),
                    false => path.clone(),
                });
                paths.insert(format!("{path}/{OTHER}"));
                path.extend(["/", OTHER, "/x2"]);
            }
        }
    }
    paths.insert(path);
}

/// A path that both patterns match, if there is one.
fn matched_by_both(one: &[Segment], other: &[Segment]) -> Option<String> {
    let mut path = String::new();
    let (mut one, mut other) = (one, other);
    loop {
        match (one.split_first(), other.split_first()) {
            (None, None) => break,
            (Some((Segment::Rest, _)), _) => {
                path.push_str(&spelled(other));
                break;
            }
            (_, Some((Segment::Rest, _))) => {
                path.push_str(&spelled(one));
                break;
            }
            (Some((left, one_rest)), Some((right, other_rest))) => {
                let segment = match (left, right) {
                    (Segment::Literal(left), Segment::Literal(right)) if left == right => left,
                    (Segment::Literal(_), Segment::Literal(_)) => return None,
                    (Segment::Literal(text), _) | (_, Segment::Literal(text)) => text,
                    (_, _) => OTHER,
                };
                if segment.is_empty()
                    && !matches!((left, right), (Segment::Literal(_), Segment::Literal(_)))
                {
                    return None;
                }
                path.extend(["/", segment]);
                (one, other) = (one_rest, other_rest);
            }
            (Some(_), None) | (None, Some(_)) => return None,
        }
    }
    Some(if path.is_empty() {
        "/".to_owned()
    } else {
        path
    })
}

fn spelled(segments: &[Segment]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        path.push_str(match segment {
            Segment::Literal(text) => text,
            Segment::One | Segment::Rest => OTHER,
        });
    }
    path
}

/// The same path as a lax application may read it, and its neighbours.
fn close_to(path: &str) -> Vec<String> {
    let mut close = vec![
        format!("{path};v=1"),
        format!("{}/", path.trim_end_matches('/')),
        format!("{}/{OTHER}", path.trim_end_matches('/')),
        path.to_ascii_uppercase(),
        format!("/{path}"),
    ];
    if let Some((parent, last)) = path.rsplit_once('/') {
        if !last.is_empty() {
            close.push(format!("{parent}/{last}x"));
            close.push(format!("{parent}%2F{last}"));
        }
        close.push(match parent.is_empty() {
            true => "/".to_owned(),
            false => parent.to_owned(),
        });
    }
    close.retain(|path| path.starts_with('/'));
    close
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<PathPattern> {
        let parsed = texts.iter().map(|text| PathPattern::parse(text));
        parsed.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_path_is_tried_that_both_patterns_match() {
        for (one, other, expected) in [
            ("/*/edit", "/docs/**", Some("/docs/edit")),
            ("/docs/**", "/*/edit", Some("/docs/edit")),
            ("/a/{x}/c", "/a/b/*", Some("/a/b/c")),
            ("/a/**", "/a", Some("/a")),
            ("/**", "/**", Some("/x1")),
            ("/a/b", "/a/c", None),
            ("/a/*", "/a", None),
        ] {
            let parsed = patterns(&[one, other]);
            let found = matched_by_both(parsed[0].segments(), parsed[1].segments());
            assert_eq!(found.as_deref(), expected, "{one} {other}");
        }
    }

    #[test]
    fn the_prefix_itself_and_what_lies_beside_it_are_tried() {
        let parsed = patterns(&["/transfer/**"]);
        let refs: Vec<&PathPattern> = parsed.iter().collect();
        let (paths, left_out) = paths_to_try(&refs, &[]);
        assert_eq!(left_out, 0);
        for path in [
            "/",
            "/x1",
            "/transfer",
            "/transfer/",
            "/transferx",
            "/transfer/x1",
            "/transfer/x1/x2",
            "/TRANSFER/X1",
            "/transfer;v=1",
            "//transfer/x1",
            "/transfer%2Fx1",
        ] {
            assert!(paths.contains(path), "{path} in {paths:?}");
        }
    }
}
