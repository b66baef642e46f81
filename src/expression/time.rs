//! Times and durations.

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::function::Calendar;

/// A time as RFC 3339 writes it.
pub(super) fn time_of(text: &str) -> Option<Timestamp> {
    let is_plain = text.len() <= 40 && !text.contains(['[', ',', ' ']);
    is_plain.then(|| text.parse().ok()).flatten()
}

/// A duration such as `1h30m`, `-0.5s` or `250ms`.
pub(super) fn span_of(text: &str) -> Option<SignedDuration> {
    if text.len() > 64 {
        return None;
    }
    let (mut rest, sign) = match text.strip_prefix('-') {
        Some(rest) => (rest, -1),
        None => (text.strip_prefix('+').unwrap_or(text), 1),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut total: i128 = 0;
    while !rest.is_empty() || total == 0 {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at_checked(digits)?;
        let letters = behind
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(letters)?;
        total = total.checked_add(nanoseconds(number, unit)?)?;
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    let total = total * sign;
    let seconds = i64::try_from(total / 1_000_000_000).ok()?;
    let rest = i32::try_from(total % 1_000_000_000).ok()?;
    Some(SignedDuration::new(seconds, rest))
}

fn nanoseconds(number: &str, unit: &str) -> Option<i128> {
    let unit: i128 = match unit {
        "h" => 3_600_000_000_000,
        "m" => 60_000_000_000,
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" => 1_000,
        "ns" => 1,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && part.is_empty() || whole.len() > 18 || part.len() > 18 {
        return None;
    }
    let read = |digits: &str| match digits {
        "" => Some(0_i128),
        digits => digits.parse::<u64>().ok().map(i128::from),
    };
    let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let parts = read(part)?.checked_mul(unit)? / scale;
    read(whole)?.checked_mul(unit)?.checked_add(parts)
}

/// The offset that a text names: `UTC`, `Z`, `+02:00`.
fn zone_of(text: &str) -> Option<TimeZone> {
    if matches!(text, "UTC" | "Z" | "") {
        return Some(TimeZone::UTC);
    }
    let (rest, sign) = match text.strip_prefix('-') {
        Some(rest) => (rest, -1),
        None => (text.strip_prefix('+').unwrap_or(text), 1),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |digits: &str, below: i32| {
        let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: i32 = plain.then(|| digits.parse().ok()).flatten()?;
        (number < below).then_some(number)
    };
    let seconds = sign * (two(hours, 24)? * 3600 + two(minutes, 60)? * 60);
    Some(TimeZone::fixed(Offset::from_seconds(seconds).ok()?))
}

/// A part of a time at an offset.
pub(super) fn of_time(part: Calendar, time: Timestamp, zone: Option<&str>) -> Option<i64> {
    let zoned = time.to_zoned(zone_of(zone.unwrap_or("UTC"))?);
    let number = match part {
        Calendar::FullYear => i64::from(zoned.year()),
        Calendar::Month => i64::from(zoned.month()) - 1,
        Calendar::Date => i64::from(zoned.day()),
        Calendar::DayOfMonth => i64::from(zoned.day()) - 1,
        Calendar::DayOfWeek => i64::from(zoned.weekday().to_sunday_zero_offset()),
        Calendar::DayOfYear => i64::from(zoned.day_of_year()) - 1,
        Calendar::Hours => i64::from(zoned.hour()),
        Calendar::Minutes => i64::from(zoned.minute()),
        Calendar::Seconds => i64::from(zoned.second()),
        Calendar::Milliseconds => i64::from(zoned.millisecond()),
    };
    Some(number)
}

/// A duration in whole units; its milliseconds are those beyond the last second.
pub(super) fn of_span(part: Calendar, span: SignedDuration) -> Option<i64> {
    match part {
        Calendar::Hours => Some(span.as_hours()),
        Calendar::Minutes => Some(span.as_mins()),
        Calendar::Seconds => Some(span.as_secs()),
        Calendar::Milliseconds => Some(i64::from(span.subsec_millis())),
        Calendar::FullYear
        | Calendar::Month
        | Calendar::Date
        | Calendar::DayOfMonth
        | Calendar::DayOfWeek
        | Calendar::DayOfYear => None,
    }
}

/// A duration as expressions write it.
pub(super) fn shown(span: SignedDuration) -> String {
    let (seconds, nanos) = (span.as_secs(), span.subsec_nanos().unsigned_abs());
    if nanos == 0 {
        return format!("{seconds}s");
    }
    let sign = if span.is_negative() { "-" } else { "" };
    let part = format!("{nanos:09}");
    let part = part.trim_end_matches('0');
    format!("{sign}{}.{part}s", seconds.unsigned_abs())
}
