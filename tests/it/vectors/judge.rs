//! What an attack led to, and whether that is allowed.

use crate::support::client::{Exchange, Response};
use crate::support::people::{ALICE, ALICE_ID, credential};
use crate::support::server::Message;

use super::case::Case;

/// Everything that was seen while one attack was played.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) exchange: Exchange,
    /// HTTP/2: the stream or the connection ended with an error.
    pub(crate) stream_error: bool,
    pub(crate) upstream: Vec<Message>,
    pub(crate) whoami: Vec<Message>,
    /// What the gateway printed since it started.
    pub(crate) log: String,
    /// How much resident memory grew, in KiB.
    pub(crate) growth_kib: u64,
    /// Another client was answered meanwhile.
    pub(crate) others_served: bool,
}

/// `Err` says what is wrong.
pub(crate) fn judge(case: &Case, seen: &Seen) -> Result<(), String> {
    for forbidden in &case.forbidden {
        if happened(forbidden, seen)? {
            return Err(format!("forbidden: {forbidden}"));
        }
    }
    for outcome in case.outcomes() {
        if matches(outcome, case, seen)? {
            return Ok(());
        }
    }
    Err(format!("none of {:?}", case.outcomes().collect::<Vec<_>>()))
}

fn first(seen: &Seen) -> Option<&Response> {
    seen.exchange.responses.first()
}

fn nothing_upstream(seen: &Seen) -> bool {
    seen.upstream.is_empty()
}

/// Sent to log in or to the second factor: the redirect of browsers or the refusal of API clients.
fn asks_for_more(response: &Response) -> bool {
    match response.status {
        401 => true,
        303 => response
            .header("location")
            .is_some_and(|to| to.starts_with("https://id.test/")),
        _ => false,
    }
}

fn forwarded(seen: &Seen) -> bool {
    seen.upstream.len() == 1 && seen.exchange.status() == Some(200)
}

/// The words of the golden file's `expected` and `also_ok`.
fn matches(outcome: &str, case: &Case, seen: &Seen) -> Result<bool, String> {
    if let Some(status) = outcome.strip_prefix("reject_") {
        let status: u16 = status
            .parse()
            .map_err(|_| format!("unknown outcome {outcome}"))?;
        return Ok(nothing_upstream(seen) && seen.exchange.status() == Some(status));
    }
    Ok(match outcome {
        "requires_auth" => nothing_upstream(seen) && first(seen).is_some_and(asks_for_more),
        "same_as_normalised" => {
            let target = seen.upstream.first().map(Message::target);
            let same = case.normalised.is_none() || target == case.normalised.as_deref();
            forwarded(seen) && same
        }
        "strip_header" | "strip_cookie" => forwarded(seen),
        "overwrite_header" => {
            let person = seen
                .upstream
                .first()
                .and_then(|request| request.header("x-user-id"));
            forwarded(seen) && person == Some(ALICE_ID)
        }
        "forwarded_once" => seen.upstream.len() == 1,
        "forwarded_in_order" => in_order(seen) && seen.exchange.responses.len() > 1,
        "requires_auth_second" => {
            let second = seen.exchange.responses.get(1);
            forwarded(seen) && second.is_some_and(asks_for_more)
        }
        "conn_close" => seen.exchange.closed,
        "timeout_408_close" => seen.exchange.status() == Some(408) || seen.exchange.closed,
        "local_response" => {
            nothing_upstream(seen) && first(seen).is_some_and(|it| (200..300).contains(&it.status))
        }
        "no_acao" => {
            let allowed = first(seen).and_then(|it| it.header("access-control-allow-origin"));
            first(seen).is_some() && allowed.is_none()
        }
        // The answer to the HTTP/2 preface is a SETTINGS frame.
        "h2_preface" => nothing_upstream(seen) && seen.exchange.bytes.get(3) == Some(&4),
        "stream_error_protocol" => nothing_upstream(seen) && seen.stream_error,
        "conn_error_or_bounded" => seen.others_served,
        other => return Err(format!("unknown outcome {other}")),
    })
}

/// The words of the golden file's `forbidden`.
pub(crate) fn happened(forbidden: &str, seen: &Seen) -> Result<bool, String> {
    let (word, argument) = forbidden.split_once(':').unwrap_or((forbidden, ""));
    let any_response = |test: &dyn Fn(&Response) -> bool| seen.exchange.responses.iter().any(test);
    Ok(match word {
        "upstream_hit" => !seen.upstream.is_empty(),
        "upstream_sees" => seen
            .upstream
            .iter()
            .any(|it| it.target().starts_with(argument)),
        "upstream_sees_value" => seen.upstream.iter().any(|it| it.head.contains(argument)),
        "upstream_sees_header" => seen.upstream.iter().any(|it| names(it, argument)),
        "upstream_missing_header" => seen.upstream.iter().any(|it| it.header(argument).is_none()),
        "upstream_request_count>1" => seen.upstream.len() > 1,
        "response_count>1" => seen.exchange.responses.len() > 1,
        "responses_out_of_order" => !in_order(seen),
        "status_5xx" => any_response(&|it| it.status >= 500),
        "status_307_or_308" => any_response(&|it| matches!(it.status, 307 | 308)),
        "session_not_found" => seen.upstream.is_empty(),
        "whoami_called" => !seen.whoami.is_empty(),
        "whoami_and_gateway_disagree" => disagree(seen),
        "log_contains" => seen.log.contains(argument),
        "location_offsite" => any_response(&|it| it.header("location").is_some_and(is_offsite)),
        "acao_reflects_origin" => {
            any_response(&|it| it.header("access-control-allow-origin").is_some())
        }
        "rss_growth_over_64MiB" => seen.growth_kib > 64 * 1024,
        "other_conn_p99_over_3x" => !seen.others_served,
        other => return Err(format!("unknown forbidden outcome {other}")),
    })
}

/// Whether a request has a header that some server would read as `name`: case does not count, and
/// `-`, `_` and `.` are one. The plain spelling of a name that is given in another one is the
/// gateway's own header.
fn names(request: &Message, name: &str) -> bool {
    let fold = |text: &str| text.to_ascii_lowercase().replace(['_', '.'], "-");
    let own = (fold(name) != name.to_ascii_lowercase()).then(|| fold(name));
    let mut found = request
        .fields()
        .map(|(found, _)| found.to_ascii_lowercase());
    found.any(|found| fold(&found) == fold(name) && own.as_ref() != Some(&found))
}

/// The upstream's answers came back in the order in which it gave them.
fn in_order(seen: &Seen) -> bool {
    let sequence = |response: &Response| response.header("x-sequence")?.parse::<u64>().ok();
    let numbers: Vec<u64> = seen
        .exchange
        .responses
        .iter()
        .filter_map(sequence)
        .collect();
    numbers.is_sorted()
}

/// The gateway let through somebody whom the identity service, asked with the bytes that were
/// passed on, took for another or for nobody.
fn disagree(seen: &Seen) -> bool {
    let let_through = !seen.upstream.is_empty();
    let tokens: Vec<&str> = seen.whoami.iter().filter_map(credential).collect();
    let asked_about_others = tokens
        .iter()
        .any(|it| it.trim_start_matches("ory_st_") != ALICE);
    let as_alice = seen
        .upstream
        .iter()
        .all(|it| it.header("x-user-id") == Some(ALICE_ID));
    let_through && (asked_about_others || !as_alice)
}

fn is_offsite(location: &str) -> bool {
    let home = ["https://id.test/", "http://app.test/", "https://app.test/"];
    let on_this_host = location.starts_with('/') && !location.starts_with("//");
    !on_this_host && !home.iter().any(|prefix| location.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(text: &str) -> Case {
        serde_json::from_str(text).unwrap()
    }

    fn answered(status: u16) -> Seen {
        let mut seen = Seen::default();
        seen.exchange.responses.push(Response {
            status,
            ..Response::default()
        });
        seen
    }

    fn reached(head: &str) -> Seen {
        let mut seen = answered(200);
        let request = Message::read_head(&mut head.as_bytes());
        seen.upstream.push(request.unwrap());
        seen
    }

    #[test]
    fn the_judge_convicts_what_is_forbidden() {
        let refused = case(
            r#"{"id":"x","context":"R1","expected":"reject_400","forbidden":["upstream_hit"]}"#,
        );
        assert!(judge(&refused, &answered(400)).is_ok());
        assert!(judge(&refused, &answered(200)).is_err());
        assert!(judge(&refused, &reached("GET /admin/x HTTP/1.1\r\n\r\n")).is_err());
    }

    #[test]
    fn the_judge_sees_a_header_in_any_spelling() {
        let stripped = case(
            r#"{"id":"x","context":"RC","expected":"strip_header",
                "forbidden":["upstream_sees_header:X-User-Id"]}"#,
        );
        assert!(judge(&stripped, &reached("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).is_ok());
        assert!(
            judge(
                &stripped,
                &reached("GET / HTTP/1.1\r\nx_user.ID: 1\r\n\r\n")
            )
            .is_err()
        );
    }

    #[test]
    fn the_judge_compares_the_target_that_was_forwarded() {
        let same =
            case(r#"{"id":"x","context":"R1","expected":"same_as_normalised","normalised":"/a"}"#);
        assert!(judge(&same, &reached("GET /a HTTP/1.1\r\n\r\n")).is_ok());
        assert!(judge(&same, &reached("GET /b HTTP/1.1\r\n\r\n")).is_err());
    }

    #[test]
    fn a_word_the_judge_does_not_know_is_an_error() {
        let unknown = case(r#"{"id":"x","context":"R1","expected":"whatever"}"#);
        assert!(judge(&unknown, &answered(200)).is_err());
    }
}
