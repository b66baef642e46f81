use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;

use super::*;

struct Teller;

impl Who for Teller {
    fn subject(&self) -> &str {
        "identity-1"
    }

    fn session(&self) -> &str {
        "session-1"
    }

    fn aal(&self) -> &'static str {
        "aal2"
    }

    fn methods(&self) -> Vec<&'static str> {
        vec!["password", "totp"]
    }

    fn authenticated_at(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

fn entry(id: &str) -> AccessEntry {
    AccessEntry {
        client_ip: Some([192, 0, 2, 7].into()),
        host: Some("bank.example.com".into()),
        path: Some("/transfer/1".into()),
        status: 200,
        bytes_out: 12,
        rule: Some("bank-transfer".into()),
        generation: 3,
        decision: "allow",
        who: Some(Arc::new(Teller)),
        cache: Some("miss"),
        whoami: Some(Duration::from_micros(1234)),
        upstream: Some("bank".into()),
        upstream_time: Some(Duration::from_millis(2)),
        total: Duration::from_micros(4000),
        ..AccessEntry::new(Door::Proxy, Timestamp::UNIX_EPOCH, id.into(), Method::POST)
    }
}

#[test]
fn an_entry_is_one_line_with_the_documented_names() {
    let mut line = Vec::new();
    entry("r-1").write_line(&mut line);
    let expected = concat!(
        r#"{"time":"1970-01-01T00:00:00Z","request_id":"r-1","client_ip":"192.0.2.7","#,
        r#""host":"bank.example.com","method":"POST","path":"/transfer/1","status":200,"#,
        r#""bytes_in":0,"bytes_out":12,"rule":"bank-transfer","generation":3,"#,
        r#""decision":"allow","aal":"aal2","subject":"identity-1","session":"session-1","#,
        r#""cache":"miss","whoami_ms":1.234,"upstream":"bank","upstream_ms":2.0,"#,
        r#""total_ms":4.0,"trace_id":null,"methods":["password","totp"],"#,
        r#""authenticated_at":"1970-01-01T00:00:00Z","door":"proxy"}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(line).unwrap(), expected);
}

#[test]
fn a_line_break_in_a_value_does_not_break_the_line() {
    let mut entry = entry("r-1");
    entry.path = Some("/a\n{\"status\":500}".into());
    let mut line = Vec::new();
    entry.write_line(&mut line);
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
}

fn config(output: AccessLogOutput, sample: f64) -> AccessLogConfig {
    AccessLogConfig { output, sample }
}

#[test]
fn every_entry_is_written_by_the_time_the_writer_has_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let (log, writer) =
        AccessLog::start(&config(AccessLogOutput::File(path.clone()), 1.0)).unwrap();
    for number in 0..500 {
        assert!(log.wants_next());
        log.write(entry(&format!("r-{number}")));
    }
    writer.finish();
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().count(), 500);
    assert_eq!(log.dropped(), 0);
    log.write(entry("late"));
    assert_eq!(log.dropped(), 1, "nobody writes any more");
}

#[cfg(target_os = "linux")]
#[test]
fn entries_that_a_full_disk_refuses_are_counted() {
    let output = AccessLogOutput::File("/dev/full".into());
    let (log, writer) = AccessLog::start(&config(output, 1.0)).unwrap();
    log.write(entry("r-1"));
    log.write(entry("r-2"));
    writer.finish();
    assert_eq!(log.dropped(), 2);
}

#[test]
fn a_renamed_file_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let (log, writer) =
        AccessLog::start(&config(AccessLogOutput::File(path.clone()), 1.0)).unwrap();
    std::fs::rename(&path, folder.path().join("access.log.1")).unwrap();
    writer.reopen();
    log.write(entry("r-1"));
    writer.finish();
    assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), 1);
}

#[test]
fn a_sample_keeps_its_share() {
    let folder = tempfile::tempdir().unwrap();
    for (share, expected) in [
        (0.0, 0..=0),
        (0.25, 249..=251),
        (0.5, 499..=501),
        (1.0, 1000..=1000),
    ] {
        let output = AccessLogOutput::File(folder.path().join("access.log"));
        let (log, writer) = AccessLog::start(&config(output, share)).unwrap();
        let kept = (0..1000).filter(|_| log.wants_next()).count();
        assert!(expected.contains(&kept), "{share}: {kept}");
        writer.finish();
    }
}

#[test]
fn no_access_log_wants_nothing() {
    let (log, writer) = AccessLog::start(&config(AccessLogOutput::Off, 1.0)).unwrap();
    assert!(!log.wants_next());
    writer.finish();
}

#[test]
fn an_access_log_that_can_not_be_opened_is_an_error() {
    let output = AccessLogOutput::File("/nonexistent/access.log".into());
    let error = AccessLog::start(&config(output, 1.0)).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/access.log"));
}
