//! Times as AWS and Kubernetes write them. The world runs on the machine's clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970 of this moment.
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// `2026-01-02T03:04:05Z` for whole seconds since 1970.
pub(crate) fn rfc3339(seconds: i64) -> String {
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let rest = seconds.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// `20260102T030405Z`, the `X-Amz-Date` form.
#[cfg(test)]
pub(crate) fn basic(seconds: i64) -> String {
    rfc3339(seconds).replace(['-', ':'], "")
}

/// Reads the `X-Amz-Date` form; `None` for anything else.
pub(crate) fn parse_basic(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    let real = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    real.then(|| days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Reads `2026-01-02T03:04:05Z`, with or without a fraction of a second, as seconds since 1970 and nanoseconds.
pub(crate) fn parse_rfc3339(text: &str) -> Option<(i64, i64)> {
    let (whole, fraction) = text.strip_suffix('Z')?.split_once('.').unwrap_or((text.strip_suffix('Z')?, "0"));
    let digits = fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let nanoseconds = digits.then(|| format!("{fraction:0<9}").parse().ok())??;
    let written_so = whole.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        13 | 16 => byte == b':',
        _ => byte != b'-' && byte != b':',
    });
    written_so
        .then(|| parse_basic(&format!("{}Z", whole.replace(['-', ':'], ""))))?
        .map(|seconds| (seconds, nanoseconds))
}

/// Howard Hinnant's `days_from_civil`, for the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Howard Hinnant's `civil_from_days`, the inverse.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written_alike() {
        for seconds in [0, 951_782_399, 951_782_400, 1_767_323_045, 4_102_444_800] {
            assert_eq!(parse_basic(&basic(seconds)), Some(seconds));
        }
        assert_eq!(rfc3339(1_767_323_045), "2026-01-02T03:04:05Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn kubernetes_times_are_read_with_and_without_a_fraction() {
        assert_eq!(parse_rfc3339("2026-01-02T03:04:05Z"), Some((1_767_323_045, 0)));
        assert_eq!(parse_rfc3339("2026-01-02T03:04:05.25Z"), Some((1_767_323_045, 250_000_000)));
        for text in
            ["", "Z", "20260102T030405Z", "2026-01-02T03:04:05", "2026-01-02T03:04:05.-1Z", "2026-1-02T03:04:05Z"]
        {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in ["", "2026-01-02T03:04:05Z", "20261302T030405Z", "20260102T030405", "2026010+T030405Z"] {
            assert_eq!(parse_basic(text), None, "{text}");
        }
    }
}
