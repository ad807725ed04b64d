//! Numbers as people read them.

use std::time::Duration;

use seckill_page::numerals;

use crate::times;

/// What is shown where a number is not known.
pub(super) const UNKNOWN: &str = "–";

/// `1,234,567`
pub(super) fn number(value: u64) -> String {
    numerals::thousands(value as f64)
}

/// A rate: with one digit after the point where that tells something.
pub(super) fn rate(rate: Option<f64>) -> String {
    match rate {
        None => UNKNOWN.to_owned(),
        Some(rate) if rate > 0.0 && rate < 9.95 => format!("{rate:.1}"),
        Some(rate) => number(rate.round() as u64),
    }
}

/// `12.3 MiB`
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while size >= 1000.0 && units.len() > 0 {
        size /= 1024.0;
        unit = units.next();
    }
    format!("{size:.1} {}", unit.copied().unwrap_or_default())
}

/// A length of time to the second where it is that long, and with two units at most: `1h 3m`.
pub(super) fn length(millis: u64) -> String {
    let shown = if millis < 1000 { millis } else { millis / 1000 * 1000 };
    let text = times::length(Duration::from_millis(shown));
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// `20:00:13.123` of an instant in unix ms.
pub(super) fn time_of_day(millis: u64) -> String {
    let instant = times::instant(millis);
    instant.split_once('T').map_or(UNKNOWN, |(_, time)| time.trim_end_matches('Z')).to_owned()
}

/// The same to the second.
pub(super) fn clock(millis: u64) -> String {
    time_of_day(millis / 1000 * 1000).trim_end_matches(".000").to_owned()
}

/// The first line of an error, without the advice.
pub(super) fn brief(error: impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            ["0", "999", "1,000", "12,345,678"],
            [0, 999, 1_000, 12_345_678].map(number).each_ref().map(String::as_str)
        );
        let rates = [None, Some(0.0), Some(0.25), Some(9.96), Some(1234.5)].map(rate);
        assert_eq!(rates, ["–", "0", "0.2", "10", "1,235"]);
        let sizes = [0, 1023, 1024, 1024 * 1000, 5 * 1024 * 1024 * 1024, u64::MAX].map(bytes);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "5.0 GiB", "16777216.0 TiB"]);
        let lengths = [0, 500, 1_999, 61_000, 86_400_000 + 3_661_000].map(length);
        assert_eq!(lengths, ["0s", "500ms", "1s", "1m 1s", "1day 1h"]);
        assert_eq!([13_000, u64::MAX].map(clock), ["00:00:13", "–"]);
    }
}
