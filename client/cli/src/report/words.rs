//! Figures in words.

use std::time::Duration;

use jiff::Timestamp;
use seckill_client::Rules;
use seckill_page::numerals;

use super::changes::Kind;
use crate::names::disturbs;
use crate::times::length;

/// A count, in groups of three digits.
pub(super) fn count(count: u64) -> String {
    numerals::thousands(count as f64)
}

/// A count of things.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A share, as a percentage.
pub(super) fn share(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

/// An instant in unix ms, to the ms.
pub(super) fn instant(millis: u64) -> String {
    formatted(millis, "%F %T%.3f UTC")
}

/// An instant in unix s.
pub(super) fn second(seconds: u64) -> String {
    formatted(seconds.saturating_mul(1000), "%F %T UTC")
}

/// The time of the day of an instant in unix s.
pub(super) fn time_of_day(seconds: u64) -> String {
    formatted(seconds.saturating_mul(1000), "%T")
}

/// The day of an instant in unix ms.
pub(super) fn day(millis: u64) -> String {
    formatted(millis, "%F")
}

fn formatted(millis: u64, format: &str) -> String {
    let at = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    at.map_or_else(|| format!("{millis} ms of unix time"), |at| at.strftime(format).to_string())
}

/// A length of time, as exact as it is interesting.
pub(super) fn span(millis: u64) -> String {
    match millis {
        ..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{:.1} s", (millis / 100) as f64 / 10.0),
        _ => length(Duration::from_secs(millis / 1000)),
    }
}

/// The seconds of a bin, in the largest unit.
pub(super) fn width(seconds: u64) -> String {
    const UNITS: [(u64, &str, &str); 3] =
        [(86_400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes")];
    let unit = UNITS.into_iter().find(|(unit, ..)| seconds.is_multiple_of(*unit));
    let (unit, one, many) = unit.unwrap_or((1, "second", "seconds"));
    if seconds == unit { one.to_owned() } else { counted(seconds / unit, one, many) }
}

/// A name from outside, without what neither XML nor a reader can bear.
pub(super) fn name(name: &str) -> String {
    let is_bad = |char: char| disturbs(char) || matches!(char, '\u{FFFE}' | '\u{FFFF}');
    name.chars().map(|char| if is_bad(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// What a change did.
pub(super) fn change(kind: &Kind) -> String {
    match kind {
        Kind::Restocked { qty, .. } => {
            let units = counted(qty.unsigned_abs(), "unit", "units");
            format!("{units} {}", if *qty < 0 { "taken out" } else { "added" })
        }
        Kind::Altered { before, after } => {
            let (before, after) = (rules(before), rules(after));
            let pairs = before.iter().zip(&after).filter(|((_, old), (_, new))| old != new);
            let pairs: Vec<_> =
                pairs.map(|((name, old), (_, new))| format!("{name}: {new}, was {old}")).collect();
            pairs.join("; ")
        }
    }
}

/// The rules, each with its name.
pub(super) fn rules(rules: &Rules) -> [(&'static str, String); 5] {
    let number = |number: u32| if number == 0 { "none".to_owned() } else { count(number.into()) };
    let when = |at: u64, never: &str| if at == 0 { never.to_owned() } else { instant(at) };
    let hold = if rules.hold.is_zero() { "none, sold at once".to_owned() } else { length(rules.hold) };
    [
        ("units a buyer may have", number(rules.limit)),
        ("orders a buyer may place", number(rules.attempts)),
        ("hold", hold),
        ("opens", when(rules.opens, "from its creation on")),
        ("closes", when(rules.closes, "never")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        assert_eq!(instant(1_795_809_600_123), "2026-11-27 20:00:00.123 UTC");
        assert_eq!(second(1_795_809_600), "2026-11-27 20:00:00 UTC");
        assert_eq!(time_of_day(1_795_809_601), "20:00:01");
        assert_eq!(instant(u64::MAX), format!("{} ms of unix time", u64::MAX));
    }

    #[test]
    fn lengths_are_as_exact_as_they_are_interesting() {
        let spans = [0, 999, 1_250, 59_999, 60_999, 3_600_000].map(span);
        assert_eq!(spans, ["0 ms", "999 ms", "1.2 s", "59.9 s", "1m", "1h"]);
    }

    #[test]
    fn widths_are_in_the_largest_unit() {
        let widths = [1, 15, 60, 900, 3600, 7 * 86_400].map(width);
        assert_eq!(widths, ["second", "15 seconds", "minute", "15 minutes", "hour", "7 days"]);
    }

    #[test]
    fn names_are_fit_for_a_page() {
        assert_eq!(name("a\u{1}b\nc\u{FFFF} ü"), "a\u{FFFD}b\u{FFFD}c\u{FFFD} ü");
    }
}
