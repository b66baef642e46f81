use std::io::Cursor;
use std::path::Path;

use super::*;
use crate::clock::Clock;

fn to_file(path: &Path) -> Config {
    Config {
        output: AccessLogOutput::File(path.to_owned()),
    }
}

fn record(path: &Path, reasons: &[&str]) {
    let (audit, writer) = Audit::start(&to_file(path), &Clock::system()).unwrap();
    for reason in reasons {
        let mut entry = Entry::new(Event::Refusal);
        entry.reason = Some((*reason).into());
        audit.record(entry);
    }
    writer.finish();
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn check(text: &str) -> Verified {
    verify(Cursor::new(text), None).unwrap()
}

fn flaws(text: &str) -> Vec<(u64, FlawKind)> {
    let flaws = check(text).flaws.into_iter();
    flaws.map(|flaw| (flaw.line, flaw.kind)).collect()
}

#[test]
fn the_chain_goes_on_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    record(&path, &["one"]);
    record(&path, &["two", "three"]);
    let log = text(&path);
    let verified = check(&log);
    assert!(verified.is_whole(), "{verified:?}");
    // Opened, one, closed, opened, two, three, closed.
    assert_eq!((verified.lines, verified.seq), (7, 7));
    assert!(log.contains(r#""event":"refusal","reason":"two""#), "{log}");
}

#[test]
fn whoever_changes_removes_or_inserts_a_line_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    record(&path, &["one", "two", "three"]);
    let log = text(&path);
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(flaws(&log), []);
    let changed = log.replace("\"two\"", "\"2\"");
    assert_eq!(flaws(&changed), [(3, FlawKind::Changed)]);
    let joined = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let removed = joined(&[lines[0], lines[1], lines[3], lines[4]]);
    assert_eq!(flaws(&removed), [(3, FlawKind::Broken)]);
    let swapped = joined(&[lines[0], lines[2], lines[1], lines[3], lines[4]]);
    assert!(!flaws(&swapped).is_empty());
    let doubled = joined(&[lines[0], lines[1], lines[1], lines[2], lines[3], lines[4]]);
    assert_eq!(flaws(&doubled)[0], (3, FlawKind::Broken));
    let inserted = joined(&[lines[0], "{}", lines[1], lines[2]]);
    assert_eq!(flaws(&inserted), [(2, FlawKind::Changed)]);
    let beheaded = joined(&lines[1..]);
    assert_eq!(flaws(&beheaded), [], "older files may be gone");
}

#[test]
fn a_cut_off_end_is_noticed_by_whoever_kept_the_newest_hash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    record(&path, &["one", "two"]);
    let log = text(&path);
    let newest = check(&log).hash;
    record(&path, &["three"]);
    let grown = verify(Cursor::new(text(&path)), Some(&newest)).unwrap();
    assert!(grown.is_whole(), "{grown:?}");
    let cut: String = log.split_inclusive('\n').take(2).collect();
    assert!(check(&cut).is_whole(), "by itself it looks whole");
    let cut = verify(Cursor::new(cut), Some(&newest)).unwrap();
    assert_eq!(cut.flaws[0].kind, FlawKind::CutOff);
}

#[test]
fn a_line_that_a_dying_process_left_unfinished_is_told_and_not_taken_for_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    record(&path, &["one"]);
    let whole = text(&path);
    std::fs::write(&path, format!("{whole}{{\"seq\":4,\"ti")).unwrap();
    record(&path, &["two"]);
    let verified = check(&text(&path));
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!((verified.cut_off, verified.seq), (1, 7));
}

#[test]
fn a_log_whose_end_was_changed_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    record(&path, &["one"]);
    let changed = text(&path).replace("\"closed\"", "\"opened\"");
    std::fs::write(&path, changed).unwrap();
    let refused = Audit::start(&to_file(&path), &Clock::system());
    let foreign = matches!(
        refused,
        Err(AuditError::File(AuditFileError::Foreign { .. }))
    );
    assert!(foreign);
}

#[test]
fn two_processes_do_not_write_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let (_audit, writer) = Audit::start(&to_file(&path), &Clock::system()).unwrap();
    let second = Audit::start(&to_file(&path), &Clock::system());
    assert!(matches!(
        second,
        Err(AuditError::File(AuditFileError::Taken { .. }))
    ));
    writer.finish();
}

#[test]
fn a_log_that_was_moved_away_goes_on_in_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (
        folder.path().join("audit.log"),
        folder.path().join("audit.1"),
    );
    let (audit, writer) = Audit::start(&to_file(&path), &Clock::system()).unwrap();
    audit.record(Entry::new(Event::Login));
    std::fs::rename(&path, &old).unwrap();
    writer.reopen();
    audit.record(Entry::new(Event::SessionEnded));
    writer.finish();
    let (first, second) = (text(&old), text(&path));
    assert!(first.contains("\"login\"") && second.contains("\"session_ended\""));
    let verified = check(&[first, second].concat());
    assert!(verified.is_whole(), "{verified:?}");
}

#[test]
fn a_value_that_looks_like_the_seal_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    record(&path, &["x\",\"hash\":\"y\"}\n{\"seq\":9"]);
    let verified = check(&text(&path));
    assert!(verified.is_whole() && verified.lines == 3, "{verified:?}");
}
